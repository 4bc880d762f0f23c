"""What the client makes of one configured value. No I/O.

Source: the value rules of the client's configuration reference; the messages are those read out of
the shipped client. Empty strings and null mean unset. In plist and registry every value may be a
string: booleans as ``true/false/1/0``, arrays and objects as one JSON string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gatecert.desktop.config.keys import Key
from gatecert.desktop.config.placed import JsonError, Place, parse_json

_TRUE, _FALSE = ("true", "1"), ("false", "0")
_LONE_BACKSLASH = re.compile(r'\\(?!["\\/bfnrtu])')
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?")
UNSET = object()


@dataclass(frozen=True)
class Raw:
    """A value as a file has it. ``native`` says that it has its own type and is no string form.

    ``inner`` says where the members of an object stand, if the file tells.
    """

    value: Any
    place: Place = Place()
    native: bool = True


@dataclass(frozen=True)
class Misread:
    """Why the client takes a value as unset. ``kind`` is one of a few words; ``says`` is what the
    client logs or does; ``at`` is the place in a JSON string where it breaks off."""

    kind: str
    says: str
    at: Place = Place()


Read = Any  # the value, UNSET, or a Misread


def read_value(key: Key, raw: Raw) -> Read:
    """The value in its own type, UNSET, or a Misread."""
    if raw.value is None or (isinstance(raw.value, str) and not raw.value.strip()):
        return UNSET
    reader = _READERS.get(key.kind)
    return reader(key, raw) if reader else raw.value


def _string(key: Key, raw: Raw) -> Read:
    if isinstance(raw.value, str):
        return raw.value
    return _wrong_type(key, "a string", raw.value)


def _boolean(key: Key, raw: Raw) -> Read:
    if isinstance(raw.value, bool):
        return raw.value
    text = str(raw.value).strip().lower() if isinstance(raw.value, str | int) else ""
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    return Misread("boolean", f'Managed config "{key.name}" is not a valid boolean')


def _integer(key: Key, raw: Raw) -> Read:
    value = raw.value
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return _wrong_type(key, "a whole number", raw.value)
    return _within(key, value)


def _number(key: Key, raw: Raw) -> Read:
    value = raw.value
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _wrong_type(key, "a number", raw.value)
    return _within(key, value)


def _within(key: Key, value: float) -> Read:
    if key.low is not None and value < key.low or key.high is not None and value > key.high:
        bounds = f"{key.low:g} to {key.high:g}" if key.high is not None else f"{key.low:g} or more"
        return Misread("range", f"{key.name} must be {bounds}")
    return value


def _enum(key: Key, raw: Raw) -> Read:
    if isinstance(raw.value, str) and raw.value in key.choices:
        return raw.value
    return Misread("choice", f"{key.name} must be one of {', '.join(key.choices)}")


def _structure(wanted: type, word: str) -> Callable[[Key, Raw], Read]:
    def read(key: Key, raw: Raw) -> Read:
        value = raw.value
        if isinstance(value, str):
            value = _from_json(key, value)
        if isinstance(value, Misread) or isinstance(value, wanted):
            return value
        return _wrong_type(key, word, value)

    return read


def _from_json(key: Key, text: str) -> Read:
    """A JSON string: read as it is, then once more with lone Windows backslashes doubled."""
    try:
        return parse_json(text).value
    except JsonError as first:
        try:
            return parse_json(_LONE_BACKSLASH.sub(r"\\\\", text)).value
        except JsonError:
            says = f'Failed to parse managed config "{key.name}": {first.reason}'
            return Misread("json", says, first.place)


def _wrong_type(key: Key, wanted: str, value: Any) -> Misread:
    return Misread("type", f"{key.name} must be {wanted}, not {kind_of(value)}")


def kind_of(value: Any) -> str:
    """What a value is, in JSON's words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    words = {str: "a string", int: "a number", float: "a number", list: "an array"}
    return words.get(type(value), "an object")


_READERS: dict[str, Callable[[Key, Raw], Read]] = {
    "string": _string,
    "url": _string,
    "enum": _enum,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "object": _structure(dict, "an object"),
    "array": _structure(list, "an array"),
}
