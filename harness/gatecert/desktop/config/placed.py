"""JSON with places: every value knows the line and column where it stands. No I/O.

The standard library reads JSON without places, and takes what the client's parser refuses (NaN,
a name given twice). Here both are known.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

_BLANK = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None}
_MOST_LEVELS = 200
_MOST_DIGITS = 400


@dataclass(frozen=True)
class Place:
    """Where something stands: line and column count from 1, 0 means that the format has none."""

    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class Node:
    """A JSON value, where it stands, and its members or items.

    ``names`` has the place of each member's name; ``twice`` are names that were given more than
    once, of which the last counts.
    """

    value: Any
    place: Place = Place()
    members: dict[str, Node] = field(default_factory=dict)
    names: dict[str, Place] = field(default_factory=dict)
    items: tuple[Node, ...] = ()
    twice: tuple[str, ...] = ()


class JsonError(ValueError):
    """A text is not JSON: ``reason`` says why, ``place`` where."""

    def __init__(self, reason: str, place: Place) -> None:
        super().__init__(f"{reason} (line {place.line}, column {place.column})")
        self.reason = reason
        self.place = place


def parse_json(text: str) -> Node:
    """A JSON document with places. Raises JsonError."""
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [0, *(m.end() for m in re.finditer("\n", text))]

    def document(self) -> Node:
        node, at = self._value(self._skip(0), 0)
        at = self._skip(at)
        if at < len(self._text):
            raise self._error(self._surplus(at), at)
        return node

    def _surplus(self, at: int) -> str:
        return f"{self._text[at]!r} after the end of the document"

    def _place(self, at: int) -> Place:
        line = bisect_right(self._lines, at)
        return Place(line, at - self._lines[line - 1] + 1)

    def _error(self, reason: str, at: int) -> JsonError:
        return JsonError(reason, self._place(at))

    def _skip(self, at: int) -> int:
        found = _BLANK.match(self._text, at)
        return found.end() if found else at

    def _value(self, at: int, level: int) -> tuple[Node, int]:
        if level > _MOST_LEVELS:
            raise self._error(f"nested deeper than {_MOST_LEVELS} levels", at)
        sign = self._text[at : at + 1]
        if sign == "{":
            return self._object(at, level)
        if sign == "[":
            return self._array(at, level)
        if sign == '"':
            text, end = self._string(at)
            return Node(text, self._place(at)), end
        return self._plain(at)

    def _plain(self, at: int) -> tuple[Node, int]:
        for word, value in _WORDS.items():
            if self._text.startswith(word, at):
                return Node(value, self._place(at)), at + len(word)
        found = _NUMBER.match(self._text, at)
        if found is None or len(found.group()) > _MOST_DIGITS:
            raise self._error(self._instead_of_value(at), at)
        text = found.group()
        number = float(text) if found.group(1) or found.group(2) else int(text)
        return Node(number, self._place(at)), found.end()

    def _instead_of_value(self, at: int) -> str:
        if at >= len(self._text):
            return "the text ends where a value is needed"
        sign = self._text[at]
        if sign == "'":
            return "a single quote, and JSON needs double ones"
        if sign in "\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb":
            return f"a typographic quote ({sign}), and JSON needs straight ones"
        if sign in "]}":
            return f"a comma before {sign!r}, and JSON has no trailing commas"
        return f"{sign!r} where a value is needed"

    def _string(self, at: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self._text, at + 1, True)
        except JSONDecodeError as exc:
            raise self._error(f"a string that is not valid: {exc.msg}", exc.pos) from None
        return str(text), int(end)

    def _object(self, at: int, level: int) -> tuple[Node, int]:
        start, members, names, twice = at, {}, {}, []
        at = self._skip(at + 1)
        while self._text[at : at + 1] != "}":
            name_at = at
            if self._text[at : at + 1] != '"':
                raise self._error(self._instead_of_name(at, bool(members)), at)
            name, at = self._string(at)
            at = self._skip(at)
            if self._text[at : at + 1] != ":":
                raise self._error("no colon after a name", at)  # what stands there may be secret
            if name in members:
                twice.append(name)
            members[name], at = self._value(self._skip(at + 1), level + 1)
            names[name] = self._place(name_at)
            at = self._separated(at, "}")
        value = {name: node.value for name, node in members.items()}
        return Node(value, self._place(start), members, names, (), tuple(twice)), at + 1

    def _instead_of_name(self, at: int, has_members: bool) -> str:
        if self._text[at : at + 1] == "}" and has_members:
            return "a comma before '}', and JSON has no trailing commas"
        found = self._instead_of_value(at)
        return found.replace("a value is needed", "a name in double quotes is needed")

    def _array(self, at: int, level: int) -> tuple[Node, int]:
        start, items = at, []
        at = self._skip(at + 1)
        while self._text[at : at + 1] != "]":
            item, at = self._value(at, level + 1)
            items.append(item)
            at = self._separated(at, "]")
        return Node([i.value for i in items], self._place(start), items=tuple(items)), at + 1

    def _separated(self, at: int, end: str) -> int:
        """Past a comma, or at the end. Raises JsonError for a trailing comma or none."""
        at = self._skip(at)
        sign = self._text[at : at + 1]
        if sign == end:
            return at
        if sign != ",":
            reason = f"{sign!r} where a comma or {end!r} is needed" if sign else "the text ends"
            raise self._error(reason + ("" if sign else f" where {end!r} is needed"), at)
        after = self._skip(at + 1)
        if self._text[after : after + 1] == end:
            raise self._error(f"a comma before {end!r}, and JSON has no trailing commas", at)
        return after
