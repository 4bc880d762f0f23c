"""A string that shows itself only when asked to."""

from __future__ import annotations

from typing import Any, NoReturn


class Secret:
    """A credential. Its text comes out of :meth:`reveal` and nowhere else.

    ``repr``, ``str`` and ``dataclasses.asdict`` show stars; it can be compared, and neither
    pickled nor written as JSON.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")
