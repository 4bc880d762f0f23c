"""The forms that are JSON files: local library, mode switch, managed file on Linux, bootstrap."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from gatecert.desktop.config.keys import CLUSTERS, ENVELOPE, KEYS, flat_name, is_open, nested_place
from gatecert.desktop.config.placed import NOWHERE, JsonError, Node, Place, parse_json
from gatecert.desktop.config.source import (
    INDEX,
    MANAGED_LINUX,
    MODE_SWITCH,
    Index,
    Oddity,
    Source,
    SourceError,
)
from gatecert.desktop.config.values import Raw

_LIBRARY = "configLibrary"
_GROUPS = (*CLUSTERS, "inference.credential", "inference.gateway")
_OPENS_JSON = re.compile(r'"\s*[{\[]\s*"\s*$')


def read_json(path: str, name: str, data: bytes) -> Source | Index:
    """What a JSON file sets. Raises SourceError."""
    text, oddities = _text(data)
    try:
        node = parse_json(text)
    except JsonError as exc:
        kind = "syntax" if text.lstrip()[:1] in ("{", "[") else "foreign"
        cause = "unescaped" if _is_unescaped(text, exc.place) else exc.kind
        raise SourceError(f"not JSON: {exc.reason}", exc.place, kind, cause) from None
    if not isinstance(node.value, dict):
        raise SourceError("not a JSON object", node.place)
    oddities += [Oddity("twice", key, "", node.names[key]) for key in node.twice]
    if name == INDEX or "appliedId" in node.members:
        return _index(path, node)
    if name == MODE_SWITCH or "deploymentMode" in node.members:
        return _mode_switch(path, node, oddities)
    form = "managed-json" if name in MANAGED_LINUX else _form(path, node.members)
    if form == "nested":
        raws = dict(_nested(node, []))
        oddities += _twice_in_groups(node, "")
        oddities += _flat_ones(node)
    else:
        raws = _flat(node)
    return Source(path, form, raws, tuple(oddities))


def _is_unescaped(text: str, place: Place) -> bool:
    """Whether the JSON breaks off right behind a string that opens JSON of its own."""
    line = text.split("\n")[place.line - 1][: place.column - 1]
    return bool(_OPENS_JSON.search(line))


def _text(data: bytes) -> tuple[str, list[Oddity]]:
    oddities = []
    encoding = "utf-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
        oddities.append(Oddity("utf-16", "", "is UTF-16, and JSON must be UTF-8", Place(1, 1)))
    elif data.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
        oddities.append(Oddity("encoding", "", "begins with a byte order mark", Place(1, 1)))
    try:
        return data.decode(encoding), oddities
    except UnicodeDecodeError as exc:
        line = data[: exc.start].count(b"\n") + 1
        kind = "syntax" if data.lstrip()[:1] == b"{" else "foreign"
        raise SourceError("the file is not UTF-8 text", Place(line, 1), kind) from None


def _form(path: str, members: Mapping[str, Node]) -> str:
    """Nested if it has clusters, unless it lies in a library or names its provider flatly."""
    clusters = any(_is_cluster(name, node) for name, node in members.items())
    if not clusters or "inferenceProvider" in members or PurePath(path).parent.name == _LIBRARY:
        return "library"
    return "nested"


def _is_cluster(name: str, node: Node) -> bool:
    return name in CLUSTERS and isinstance(node.value, dict)


def _twice_in_groups(node: Node, path: str) -> Iterator[Oddity]:
    for name, member in node.members.items():
        here = f"{path}{name}"
        if here in _GROUPS:
            yield from (Oddity("twice", f"{here}.{n}", "", member.names[n]) for n in member.twice)
            yield from _twice_in_groups(member, f"{here}.")


def _flat_ones(node: Node) -> Iterator[Oddity]:
    """Flat keys in a nested file, unless that is their place there too."""
    for name in node.members:
        if name in KEYS and nested_place(name) != name:
            yield Oddity("flat-in-nested", name, "", node.names[name])


def _index(path: str, node: Node) -> Index:
    applied = node.value.get("appliedId")
    listed = node.members.get("entries", Node([])).items
    entries = {
        str(item.value["id"]): str(item.value.get("name", ""))
        for item in listed
        if isinstance(item.value, dict) and "id" in item.value
    }
    return Index(path, applied if isinstance(applied, str) else "", entries, node.names)


def _mode_switch(path: str, node: Node, oddities: list[Oddity]) -> Source:
    mode = node.value.get("deploymentMode")
    older = node.members.get("enterpriseConfig", Node({}))
    raws = _flat(older) if isinstance(older.value, dict) else {}
    place = node.names.get("deploymentMode", NOWHERE)
    stray = [name for name in node.members if name in KEYS]
    oddities += [Oddity("wrong-place", name, "mode switch", node.names[name]) for name in stray[:1]]
    said = mode if isinstance(mode, str) else ("" if mode is None else "?")
    return Source(path, "mode-switch", raws, tuple(oddities), said, place)


def _flat(node: Node) -> dict[str, Raw]:
    return {
        name: _raw(member, node.names[name])
        for name, member in node.members.items()
        if name not in ENVELOPE
    }


def _raw(node: Node, place: Place) -> Raw:
    return Raw(node.value, place, not isinstance(node.value, str), node)


def _nested(node: Node, path: list[str]) -> Iterator[tuple[str, Raw]]:
    """The values by their flat key, or by their dotted place where there is none."""
    for name, member in node.members.items():
        here = [*path, name]
        flat = flat_name(here)
        known = flat in KEYS or is_open(flat)
        if isinstance(member.value, dict) and ".".join(here) in _GROUPS:
            yield from _nested(member, here)
        elif name not in ENVELOPE:
            yield flat if known else ".".join(here), _raw(member, node.names[name])
