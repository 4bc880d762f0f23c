"""Tables of a TOML file, read key by key, so that what is not known can be refused."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from gatecert.errors import UsageError

# of hundreds of names, the list would hide the message
_MOST_KNOWN = 50
_D = TypeVar("_D")


@dataclass
class Table:
    """One table of the file, read key by key so that what is left over can be refused."""

    where: str
    raw: Mapping[str, Any]
    types: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, value in self.raw.items():
            if key not in self.types:
                raise UsageError(f"{self.where}: unknown key {key!r}{near(key, self.types)}")
            unfit = misfit(value, self.types[key])
            if unfit:
                raise UsageError(
                    f"{self.where}: {key} must be {kind(self.types[key])}, not {unfit}"
                )

    def get(self, key: str, default: Any = "") -> Any:
        """The value of a key, or the default."""
        return self.raw.get(key, default)


def read_as(made: type[_D], raw: Mapping[str, Any], where: str) -> _D:
    """A table as the dataclass that stands for it, each value of the type its field has.

    Raises UsageError that names the key and what it must be.
    """
    wanted = {one.name: str(one.type) for one in fields(made)}  # type: ignore[arg-type]
    for key, value in raw.items():
        if key not in wanted:
            raise UsageError(f"{where}: unknown key {key!r}{near(key, wanted)}")
        words, fits = _SHAPES[wanted[key]]
        if not fits(value):
            raise UsageError(f"{where}: {key} must be {words}, not {_told(value)}")
    return made(**raw)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def _each(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(fits(one) for one in value.values())


def _told(value: Any) -> str:
    inside = isinstance(value, list | dict)
    return f"{kind(type(value))}{' with something else in it' if inside else ''}"


_Fits = Callable[[Any], bool]
_SHAPES: Mapping[str, tuple[str, _Fits]] = {
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "str": ("a string", lambda value: isinstance(value, str)),
    "int": ("a whole number", _is_whole),
    "int | None": ("a whole number", _is_whole),
    "float": ("a number", _is_number),
    "float | None": ("a number", _is_number),
    "Sequence[str]": ("a list of strings", _is_texts),
    "Sequence[int]": (
        "a list of whole numbers",
        lambda value: isinstance(value, list) and all(_is_whole(one) for one in value),
    ),
    "Mapping[str, str]": ("a table of strings", _each(lambda one: isinstance(one, str))),
    "Mapping[str, Sequence[str]]": ("a table of lists of strings", _each(_is_texts)),
    "Mapping[str, Mapping[str, str]]": (
        "a table of tables of strings",
        _each(_each(lambda one: isinstance(one, str))),
    ),
}


def near(word: str, known: Mapping[str, Any] | Sequence[str]) -> str:
    """``; did you mean ...?`` where something known is near, else the known words."""
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    if match:
        return f"; did you mean {match[0]!r}?"
    shown, left = sorted(known)[:_MOST_KNOWN], len(known) - _MOST_KNOWN
    return f"; known: {', '.join(shown)}{f' and {left} more' if left > 0 else ''}"


def misfit(value: Any, wanted: Any) -> str:
    """What a value is instead of what is wanted, or ``""`` if it fits."""
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        return kind(type(value))
    if wanted is list and not all(isinstance(item, str) and item for item in value):
        return "a list with something else in it"
    return ""


def kind(wanted: Any) -> str:
    """A type in words."""
    names = {str: "a string", bool: "true or false", dict: "a table", list: "a list of strings"}
    return names.get(wanted, "a number")
