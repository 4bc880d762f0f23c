"""What the client makes of one configured value. No I/O.

Source: the value rules of the client's configuration reference; the messages, and the second try at
JSON with Windows backslashes, as read out of the shipped client. Null and empty strings mean unset.
In plist and registry every value may be a string: booleans as ``true/false/1/0``, the rest as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gatecert.desktop.config.keys import Key
from gatecert.desktop.config.placed import NOWHERE, JsonError, Node, Place, parse_json

_TRUE, _FALSE = ("true", "1"), ("false", "0")
_LONE_BACKSLASH = re.compile(r'\\(?!["\\/bfnrtu])')
UNSET = object()


@dataclass(frozen=True)
class Raw:
    """A value as a file has it. ``native`` says that it has its own type and is no string form.

    ``node`` tells where the members of an object and the items of an array stand, if the file does.
    A value may be secret, so that none is shown.
    """

    value: Any = field(repr=False)
    place: Place = NOWHERE
    native: bool = True
    node: Node | None = field(default=None, repr=False)

    def at(self, *steps: str | int) -> Place:
        """Where a member (by name) or an item (by number) stands, as near as the file tells."""
        place, node = self.place, self.node
        for step in steps:
            if node is None:
                break
            if isinstance(step, str):
                place, node = node.names.get(step, place), node.members.get(step)
            else:
                node = node.items[step] if step < len(node.items) else None
                place = node.place if node else place
        return place if place.line else self.place


@dataclass(frozen=True)
class Misread:
    """Why the client takes a value as unset.

    ``kind`` is ``boolean``, ``choice``, ``range``, ``type``, ``json`` or ``member``; ``says`` is
    what the client logs, ``why`` the same in plain words; ``at`` is the place in a JSON string
    where it breaks off, and ``cause`` a kind of :class:`JsonError`. No value is quoted.
    """

    kind: str
    says: str
    why: str = ""
    at: Place = NOWHERE
    cause: str = ""


Read = Any  # the value, UNSET, or a Misread


def read_value(key: Key, raw: Raw) -> Read:
    """The value in its own type, UNSET, or a Misread."""
    if raw.value is None or (isinstance(raw.value, str) and not raw.value.strip()):
        return UNSET
    reader = _READERS.get(key.kind)
    return reader(key, raw.value) if reader else raw.value


def parsed_json(text: str) -> Node:
    """JSON in a string, as the client takes it: as it is, or with lone backslashes doubled.

    Raises the JsonError of the first try.
    """
    try:
        return parse_json(text)
    except JsonError as first:
        try:
            return parse_json(_LONE_BACKSLASH.sub(r"\\\\", text))
        except JsonError:
            raise first from None


def _string(key: Key, value: Any) -> Read:
    return value if isinstance(value, str) else _wrong_type(key, "a string", value)


def _boolean(key: Key, value: Any) -> Read:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower() if isinstance(value, str | int) else ""
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    says = f'Managed config "{key.name}" is not a valid boolean'
    return Misread("boolean", says, "it must be true or false")


def _integer(key: Key, value: Any) -> Read:
    number = _of_text(value)
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int):
        return _wrong_type(key, "a whole number", value)
    return _within(key, number)


def _number(key: Key, value: Any) -> Read:
    number = _of_text(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        return _wrong_type(key, "a number", value)
    return _within(key, number)


def _of_text(value: Any) -> Any:
    """The number in a string, if it is one."""
    try:
        return parse_json(value).value if isinstance(value, str) else value
    except JsonError:
        return value


def _within(key: Key, value: float) -> Read:
    low, high = key.low, key.high
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = f"{low:g} to {high:g}" if high is not None else f"{low:g} or more"
        return Misread("range", _failed(key, "out of range"), f"it must be {bounds}")
    return value


def _enum(key: Key, value: Any) -> Read:
    if isinstance(value, str) and value in key.choices:
        return value
    says = _failed(key, ".: invalid_enum_value")
    return Misread("choice", says, f"it must be one of {', '.join(key.choices)}")


def _structure(wanted: type, word: str) -> Callable[[Key, Any], Read]:
    def read(key: Key, value: Any) -> Read:
        found = _from_json(key, value) if isinstance(value, str) else value
        if isinstance(found, (Misread, wanted)):
            return found
        return _wrong_type(key, word, found)

    return read


def _from_json(key: Key, text: str) -> Read:
    try:
        return parsed_json(text).value
    except JsonError as exc:
        says = _failed(key, ".: invalid_type")
        return Misread("json", says, exc.reason, exc.place, exc.kind)


def _headers(key: Key, value: Any) -> Read:
    """An object of strings; one member of another type, and the client takes none of them."""
    found = _OBJECT(key, value)
    if isinstance(found, Mapping) and not all(isinstance(v, str) for v in found.values()):
        return Misread("member", _failed(key, "invalid_type"), "every header must be a string")
    return found


def _wrong_type(key: Key, wanted: str, value: Any) -> Misread:
    says = _failed(key, ".: invalid_type")
    return Misread("type", says, f"it must be {wanted}, and is {kind_of(value)}")


def _failed(key: Key, what: str) -> str:
    return f'Failed to parse managed config "{key.name}": {what}'


def kind_of(value: Any) -> str:
    """What a value is, in JSON's words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return _WORDS.get(type(value), "something else")


_WORDS: Mapping[type, str] = {
    str: "a string",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "an object",
    bytes: "binary data",
    datetime: "a date",
}


_OBJECT = _structure(dict, "an object")
_READERS: dict[str, Callable[[Key, Any], Read]] = {
    "string": _string,
    "url": _string,
    "enum": _enum,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "object": _OBJECT,
    "headers": _headers,
    "array": _structure(list, "an array"),
}
