"""Where the keys of an XML property list stand, and which were given twice. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from xml.parsers.expat import ExpatError, ParserCreate

from gatecert.desktop.config.placed import NOWHERE, Place

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Places:
    """Places by the path of a key (names of dictionaries, numbers of arrays), 1 for the first."""

    keys: Mapping[Path, Place] = field(default_factory=dict)
    twice: Set[Path] = frozenset()


def places_of(data: bytes) -> Places:
    """The places in an XML list; none in a binary one.

    The list must have been read before, since that refuses the entities that swell.
    """
    walk = _Walk()
    if b"<plist" in data[:4096] or b"<\0p\0l\0i\0s\0t" in data[:8192]:
        walk.over(data)
    return Places(walk.keys, walk.twice)


class _Walk:
    """Follows the elements; ``path`` has the key or the number that each open container is at."""

    def __init__(self) -> None:
        self.keys: dict[Path, Place] = {}
        self.twice: set[Path] = set()
        self._path: list[str | int] = []
        self._kinds: list[str] = []
        self._text: list[str] | None = None
        self._parser = ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._at = NOWHERE

    def over(self, data: bytes) -> None:
        try:
            self._parser.Parse(data, True)
        except ExpatError:  # it was read before; what is known up to here stays true
            return

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        place = Place(self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1)
        if name == "key":
            self._text, self._at = [], place
            return
        if self._kinds and self._kinds[-1] == "array":
            self._path[-1] = int(self._path[-1]) + 1
            self.keys[tuple(self._path)] = place
        if name in ("dict", "array"):
            self._kinds.append(name)
            self._path.append("" if name == "dict" else -1)

    def _end(self, name: str) -> None:
        if name == "key" and self._text is not None and self._path:
            self._path[-1] = "".join(self._text)
            here = tuple(self._path)
            if here in self.keys:
                self.twice.add(here)
            self.keys[here] = self._at
            self._text = None
        elif name in ("dict", "array") and self._kinds:
            self._kinds.pop()
            self._path.pop()

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)
