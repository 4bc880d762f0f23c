"""One entry of a gateway's log, and what it says. No I/O."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatecert.gateways.promises import Attribution

# what a log may write for nothing
_NOTHING: Sequence[Any] = (None, "", "-", {})


@dataclass(frozen=True)
class Entry:
    """What an entry says of its request; None or ``""`` where it says nothing.

    Metadata that a log keeps as it came, and that is no object, stands there under an empty name.
    ``text`` is the whole entry as JSON, in which the ids of a request are looked for.
    """

    metadata: Mapping[str, Any] | None
    model: str
    provider: str
    session: str
    trace: str
    text: str

    def names(self, ids: Collection[str]) -> bool:
        """Whether it holds one of these ids."""
        return any(one and one in self.text for one in ids)


def entry_of(raw: Any, places: Attribution) -> Entry:
    """Read an entry, given the dotted paths at which it keeps things.

    Metadata may be an object, or JSON text of one.
    """

    def text(path: str) -> str:
        found = dig(raw, path)
        return "" if found in _NOTHING else str(found)

    return Entry(
        metadata=_metadata(dig(raw, places.metadata)),
        model=text(places.model),
        provider=text(places.provider),
        session=text(places.session),
        trace=text(places.trace),
        text=json.dumps(raw, ensure_ascii=False),
    )


def entries_in(text: str) -> Iterator[Any]:
    """The entries of an answer: a JSON array, an object that holds one array, or JSON lines.

    Lines that are no JSON objects are passed over: a log may have others.
    """
    try:
        whole = json.loads(text)
    except ValueError:
        for line in text.splitlines():
            yield from _objects(line)
        return
    if isinstance(whole, dict):
        arrays = [value for value in whole.values() if isinstance(value, list)]
        whole = arrays[0] if len(arrays) == 1 else [whole]
    yield from (one for one in whole if isinstance(one, dict)) if isinstance(whole, list) else ()


def dig(node: Any, path: str) -> Any:
    """What stands at a dotted path, None if nothing does.

    A number is a place in a list; -1 is its last one.
    """
    for step in path.split(".") if path else ():
        if isinstance(node, Mapping):
            node = node.get(step)
        elif isinstance(node, list) and _is_place(step, len(node)):
            node = node[int(step)]
        else:
            return None
    return node if path else None


def _is_place(step: str, length: int) -> bool:
    return step.removeprefix("-").isdigit() and -length <= int(step) < length


def _objects(line: str) -> Iterator[Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return
    if isinstance(found, dict):
        yield found


def _metadata(found: Any) -> Mapping[str, Any] | None:
    """Metadata as an object; what is none stands as it is, under an empty name."""
    if isinstance(found, str) and found not in _NOTHING:
        try:
            read = json.loads(found)
        except ValueError:
            read = None
        return read if isinstance(read, dict) else {"": found}
    if found in _NOTHING:
        return None
    return found if isinstance(found, Mapping) else {"": found}
