"""The custom headers that the client sends, in every form that it has taken. No I/O.

Source: the client's configuration reference and changelog. Until 7 October 2026 the key was also
read as a list of ``Name: Value`` and as ``Name=value,Name=value``, and under its old name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gatecert.desktop.config.placed import JsonError, parse_json

KEY = "inferenceCustomHeaders"
OLD_KEY = "inferenceGatewayHeaders"


def named_values(value: Any) -> dict[str, str]:
    """The headers in a value of any form; those without a name or a value are dropped.

    An object with a member that is no string gives none at all.
    """
    if isinstance(value, str):
        value = _of_string(value)
    if isinstance(value, Mapping):
        if not all(isinstance(text, str) for text in value.values()):
            return {}
        pairs = [(name.strip(), text.strip()) for name, text in value.items()]
    else:
        pairs = list(_split(value if isinstance(value, list) else [], ":"))
    return {name: text for name, text in pairs if name and text}


def is_older_form(value: Any) -> bool:
    """Whether it is a list or a string of the older form, and neither an object nor JSON of one."""
    if isinstance(value, str):
        return not value.lstrip().startswith("{")
    return not isinstance(value, Mapping)


def _of_string(text: str) -> Any:
    """What a string holds: JSON, or the old form, turned into a mapping."""
    try:
        return parse_json(text).value
    except JsonError:
        return dict(_split(text.split(","), "="))


def _split(entries: list[Any], sign: str) -> Iterator[tuple[str, str]]:
    for entry in entries:
        name, found, text = str(entry).partition(sign)
        if isinstance(entry, str) and found:
            yield name.strip(), text.strip()
