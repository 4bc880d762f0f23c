"""JSON with places: every value knows the line and column where it stands. No I/O.

The standard library reads JSON without places, takes what the client's parser refuses (NaN), and
keeps to itself that a name was given twice. No message holds text of the document beyond a sign of
punctuation, because what stands there may be secret.
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
_SINGLE = "'"
_SMART = "\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2032\u2033"
_STRING_KINDS = {"Invalid control character at": "other", "Unterminated string starting at": "end"}
# what the standard library says of a bad string, in words that quote nothing
_NOT_CLOSED = "Unterminated string starting at"
_BAD_STRINGS = {
    "Invalid control character at": "a line break or control character inside a string",
    _NOT_CLOSED: "a string that is not closed",
}


@dataclass(frozen=True)
class Place:
    """Where something stands: line and column count from 1, 0 means that the format has none."""

    line: int = 0
    column: int = 0


NOWHERE = Place()


@dataclass(frozen=True)
class Node:
    """A JSON value, where it stands, and its members or items.

    ``names`` has the place of each member's name; ``twice`` are names that were given more than
    once, of which the last counts. No value is shown, because it may be secret.
    """

    value: Any = field(repr=False)
    place: Place = NOWHERE
    members: dict[str, Node] = field(default_factory=dict)
    names: dict[str, Place] = field(default_factory=dict)
    items: tuple[Node, ...] = ()
    twice: tuple[str, ...] = ()


class JsonError(ValueError):
    """A text is not JSON: ``reason`` says why, ``place`` where.

    ``kind`` is ``single-quote``, ``smart-quote``, ``trailing-comma``, ``comment``, ``escaped``,
    ``escape``, ``word``, ``end`` or ``other``.
    """

    def __init__(self, reason: str, place: Place, kind: str = "other") -> None:
        super().__init__(f"{reason} (line {place.line}, column {place.column})")
        self.reason = reason
        self.place = place
        self.kind = kind


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
            raise self._error("something stands behind the end of the document", at)
        return node

    def _place(self, at: int) -> Place:
        line = bisect_right(self._lines, at)
        return Place(line, at - self._lines[line - 1] + 1)

    def _error(self, reason: str, at: int, kind: str = "other") -> JsonError:
        return JsonError(reason, self._place(at), kind)

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
            raise self._no(at, "a value")
        text = found.group()
        number = float(text) if found.group(1) or found.group(2) else int(text)
        return Node(number, self._place(at)), found.end()

    def _no(self, at: int, wanted: str) -> JsonError:
        """The error for a place where something is wanted that does not stand there."""
        sign, rest = self._text[at : at + 1], self._text[at : at + 5]
        if not sign:
            return self._error(f"the text ends where {wanted} is needed", at, "end")
        if sign == _SINGLE:
            return self._error("a single quote, and JSON needs double ones", at, "single-quote")
        if sign in _SMART:
            reason = "a typographic quote, and JSON needs straight double ones"
            return self._error(reason, at, "smart-quote")
        if sign in "]},":
            return self._error("a comma too many", at, "trailing-comma")
        if rest.startswith(("//", "/*", "#")):
            return self._error("a comment, and JSON has none", at, "comment")
        if sign == "\\":
            return self._error("a backslash before a quote that opens a string", at, "escaped")
        if rest.startswith(("True", "False", "None", "NaN")):
            return self._error("a word that JSON does not know: true, false, null", at, "word")
        return self._error(f"{wanted} is needed here", at)

    def _string(self, at: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self._text, at + 1, True)
        except JSONDecodeError as exc:
            if any(sign in self._text[at:] for sign in _SMART) and "Unterm" in exc.msg:
                raise self._error(
                    "a string closed by a typographic quote", at, "smart-quote"
                ) from None
            reason = _BAD_STRINGS.get(exc.msg, "an escape that JSON does not know")
            raise self._error(reason, exc.pos, _STRING_KINDS.get(exc.msg, "escape")) from None
        return str(text), int(end)

    def _object(self, at: int, level: int) -> tuple[Node, int]:
        start = at
        members: dict[str, Node] = {}
        names: dict[str, Place] = {}
        twice: list[str] = []
        at = self._skip(at + 1)
        while self._text[at : at + 1] != "}":
            if self._text[at : at + 1] != '"':
                raise self._no(at, "a name in double quotes")
            name, after = self._string(at)
            if name in members:
                twice.append(name)
            names[name] = self._place(at)
            members[name], at = self._value(self._colon(after), level + 1)
            at = self._separated(at, "}")
        value = {name: node.value for name, node in members.items()}
        return Node(value, self._place(start), members, names, (), tuple(twice)), at + 1

    def _colon(self, at: int) -> int:
        """Past the colon after a name. Raises JsonError."""
        at = self._skip(at)
        if self._text[at : at + 1] != ":":
            raise self._error("no colon after a name", at)
        return self._skip(at + 1)

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
            raise self._no(at, f"a comma or {end!r}")
        after = self._skip(at + 1)
        if self._text[after : after + 1] == end:
            reason = f"a comma before {end!r}, and JSON has no trailing commas"
            raise self._error(reason, at, "trailing-comma")
        return after
