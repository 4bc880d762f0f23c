"""How a fresh capture differs from the one that is kept. Pure.

Lengths of texts, exact numbers of bytes and of connections differ from run to run and are left
out; so are ids. What is compared: which requests, in which order, their targets, the names and
order of headers and their values, the order of keys and the structure of bodies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatecert.fidelity.notation import without_lengths

_TOOL_ID = re.compile(r"toolu_fake\d+")
_IGNORED = {"body_bytes", "server_answered", "connections", "note"}
_MOST = 200


def differences(kept: Mapping[str, Any], fresh: Mapping[str, Any]) -> list[str]:
    """One line for each difference in the flows (or calls) that both captures hold.

    A client's own version may differ. What is different in many requests is told once.
    """
    group = "flows" if "flows" in kept else "calls"
    before, after = _unversioned(kept)[group], _unversioned(fresh).get(group, {})
    places: dict[str, list[str]] = {}
    for name in before:
        for place, change in _flow(before[name], after[name]) if name in after else ():
            places.setdefault(change, []).append(f"{name}{place}")
    return [f"{_places(found)}: {change}" for change, found in places.items()]


def _unversioned(capture: Mapping[str, Any]) -> dict[str, Any]:
    text = json.dumps({key: capture[key] for key in capture if key != "version"})
    return dict(json.loads(text.replace(str(capture["version"]), "<version>")))


def _places(found: Sequence[str]) -> str:
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{found[0]}{more}"


def fault_differences(kept: Mapping[str, Any], fresh: Mapping[str, Any]) -> list[str]:
    """One line for each fault that both hold and that a client met otherwise.

    Compared are how it ended, how many attempts it made in which mode, the waits between them
    (with the client's own jitter), and which headers and betas it changed.
    """
    lines = []
    for name in kept:
        if name not in fresh:
            continue
        before, after = kept[name], fresh[name]
        found = [
            f"{key} {before.get(key)} → {after.get(key)}"
            for key in ("exit_code", "api_error_status", "modes")
            if before.get(key) != after.get(key)
        ]
        if not found and not _waits_alike(before["gaps_s"], after["gaps_s"]):
            found.append(f"gaps_s {before['gaps_s']} → {after['gaps_s']}")
        if not found and _heads(before) != _heads(after):
            found.append(f"changes {_heads(before)} → {_heads(after)}")
        lines += [f"{name}: {line}" for line in found]
    return lines


def _waits_alike(before: Sequence[float], after: Sequence[float]) -> bool:
    """Up to 25 % of jitter on each side, and the time that a request takes."""
    pairs = zip(before, after, strict=True)
    return all(abs(one - other) <= 0.3 * max(one, other) + 0.4 for one, other in pairs)


def _heads(result: Mapping[str, Any]) -> list[list[str]]:
    """Changes that are whole in every capture: of headers and betas."""
    told = result["changes_between_attempts"]
    return [[line for line in step if line.startswith(("hdr ", "beta "))] for step in told]


def nearest(version: str, others: Sequence[str]) -> str:
    """The newest of ``others`` that is not newer than ``version``, ``""`` if there is none."""
    older = [other for other in others if _ordered(other) <= _ordered(version)]
    return max(older, key=_ordered, default="")


def _ordered(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _flow(kept: Mapping[str, Any], fresh: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each difference: which request, and what is different in it."""
    before, after = _requests(kept), _requests(fresh)
    if [_title(r) for r in before] != [_title(r) for r in after]:
        yield "", f"requests {[_title(r) for r in before]} → {[_title(r) for r in after]}"
        return
    for number, (one, other) in enumerate(zip(before, after, strict=True)):
        yield from ((f" request {number}", line) for line in _tree("", one, other))


def _requests(flow: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in request.items() if key not in _IGNORED}
        for request in flow.get("requests", ())
    ]


def _title(request: Mapping[str, Any]) -> str:
    return f"{request['method']} {request['path']}"


def _tree(place: str, kept: Any, fresh: Any) -> Iterator[str]:
    if isinstance(kept, Mapping) and isinstance(fresh, Mapping):
        if list(kept) != list(fresh):
            yield f"{place}: keys {_changed(list(kept), list(fresh))}"
        for key in kept:
            if key in fresh:
                yield from _tree(f"{place}.{key}", kept[key], fresh[key])
    elif isinstance(kept, list) and isinstance(fresh, list):
        yield from _lists(place, kept, fresh)
    elif _plain(kept) != _plain(fresh):
        yield f"{place}: {_short(kept)} → {_short(fresh)}"


def _lists(place: str, kept: Sequence[Any], fresh: Sequence[Any]) -> Iterator[str]:
    names, others = _names(kept), _names(fresh)
    if names is not None and others is not None:
        if names != others:
            yield f"{place}: {_changed(names, others)}"
        by_name = dict(zip(others, fresh, strict=True))
        for name, one in zip(names, kept, strict=True):
            if name in by_name:
                yield from _tree(f"{place}[{name}]", one, by_name[name])
        return
    if len(kept) != len(fresh):
        yield f"{place}: {len(kept)} items → {len(fresh)}"
        return
    for number, (one, other) in enumerate(zip(kept, fresh, strict=True)):
        yield from _tree(f"{place}[{number}]", one, other)


def _changed(names: Sequence[str], others: Sequence[str]) -> str:
    gone = [name for name in names if name not in others]
    new = [name for name in others if name not in names]
    return f"gone {gone}, new {new}{'' if gone or new else ', other order'}"


def _names(items: Sequence[Any]) -> list[str] | None:
    """The names of headers or tools, None for a list of anything else."""
    pairs = [i for i in items if isinstance(i, list) and len(i) == 2 and isinstance(i[0], str)]
    if items and len(pairs) == len(items):
        return [pair[0] for pair in pairs]
    tools = [i["name"] for i in items if isinstance(i, Mapping) and "keys" in i and "name" in i]
    return tools if items and len(tools) == len(items) else None


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return _TOOL_ID.sub("toolu", without_lengths(value))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST else text[:_MOST] + "…"
