"""Whether a document is built as a JSON Schema says, before anything trusts it.

A record on disk may have been cut, edited or made by somebody else. This looks at types, at
required and unknown keys and at the length of lists, so that whoever reads the record finds what it
expects; closed lists (of strings) and patterns are left to a real validator.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

Shape = Mapping[str, Any]

_KINDS: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "object": (dict, "an object"),
    "array": (list, "a list"),
    "string": (str, "a string"),
    "integer": (int, "an integer"),
    "number": ((int, float), "a number"),
    "boolean": (bool, "true or false"),
    "null": (type(None), "null"),
}
_MOST_OF_A_KEY = 40


def parsed(text: str) -> Any:
    """JSON that anybody may have written. Raises ValueError, also for what nests too deep."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it nests too deep for a record") from None


def check_shape(value: Any, shape: Shape, whole: Shape, where: str = "") -> None:
    """Raise ValueError, with the place, unless the value has the shape.

    ``whole`` is the schema in which the shape's references are looked up.
    """
    shape = _resolved(value, shape, whole)
    kinds = shape.get("type", ["string"] if "enum" in shape else [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        wanted = " or ".join(_KINDS[kind][1] for kind in kinds)
        raise ValueError(f"{where or 'the record'} is not {wanted}")
    if isinstance(value, dict):
        _check_members(value, shape, whole, where)
    elif isinstance(value, list):
        _check_items(value, shape, whole, where)


def _resolved(value: Any, shape: Shape, whole: Shape) -> Shape:
    """The shape itself instead of a reference; of a choice with null the one that is meant."""
    if "anyOf" in shape:
        null = {"type": "null"}
        shape = next(one for one in shape["anyOf"] if (one == null) == (value is None))
    if "$ref" in shape:
        found: Shape = whole["$defs"][shape["$ref"].rpartition("/")[2]]
        return found
    return shape


def _check_members(value: Mapping[str, Any], shape: Shape, whole: Shape, where: str) -> None:
    known, others = shape.get("properties", {}), shape.get("additionalProperties", {})
    for key in shape.get("required", ()):
        if key not in value:
            raise ValueError(f"{where or 'the record'} has no {key!r}")
    for key, member in value.items():
        place = f"{where}.{key[:_MOST_OF_A_KEY]}".lstrip(".")
        if key not in known and others is False:
            raise ValueError(f"{place!r} is not known")
        check_shape(member, known.get(key, others), whole, place)


def _check_items(value: list[Any], shape: Shape, whole: Shape, where: str) -> None:
    if not shape.get("minItems", 0) <= len(value) <= shape.get("maxItems", len(value)):
        raise ValueError(f"{where} has {len(value)} items")
    for number, item in enumerate(value):
        check_shape(item, shape.get("items", {}), whole, f"{where}[{number}]")


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, int | float) and not _is_finite(value):
        return False
    return isinstance(value, _KINDS[kind][0])


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False
