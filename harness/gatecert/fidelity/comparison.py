"""Compared points and the differences among them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

# what a point belongs to; attempts under a fault are a kind of their own
KINDS = ("flow", "header", "top", "body", "attempt", "url", "model")


@dataclass(frozen=True)
class Difference:
    """One point at which our client and the real one differ.

    ``request`` counts from 1; 0 is the flow as a whole. ``path`` names the place, with dots.
    """

    capture: str
    flow: str
    request: int
    path: str
    expected: str
    actual: str

    @property
    def place(self) -> str:
        """Where it is, in one word for each level."""
        where = f" #{self.request}" if self.request else ""
        return f"{self.capture} {self.flow}{where} {self.path}"

    def __str__(self) -> str:
        return f"{self.place}: {self.expected} in the capture, {self.actual} here"


@dataclass
class Comparison:
    """The points of one flow, those that are equal, and the differences."""

    capture: str
    flow: str
    points: Counter[str] = field(default_factory=Counter)
    equal: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def point(self, kind: str, request: int, path: str, expected: Any, actual: Any) -> bool:
        """Compare one point; says whether it is equal."""
        same = bool(expected == actual and type(expected) is type(actual))
        self.points[kind] += 1
        self.equal[kind] += same
        if not same:
            self.differ(request, path, shown(expected), shown(actual))
        return same

    def lose(self, kind: str, points: int) -> None:
        """Count points that cannot be compared since their request, header or key is not there."""
        self.points[kind] += points

    def differ(self, request: int, path: str, expected: str, actual: str) -> None:
        """Write down a difference."""
        found = Difference(self.capture, self.flow, request, path, expected, actual)
        self.differences.append(found)


def shown(value: Any) -> str:
    """A value for a difference, cut to a line."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 160 else text[:157] + "..."


def paired(
    expected: Sequence[Any], actual: Sequence[Any]
) -> Iterator[tuple[int | None, int | None]]:
    """The places of two sequences that belong together, in order; None where one has no partner.

    Items pair up by the longest runs they share, so that what is missing, extra or out of order
    does not shift all that follows.
    """
    matcher = SequenceMatcher(a=expected, b=actual, autojunk=False)
    done_expected = done_actual = 0
    for block in matcher.get_matching_blocks():
        for place in range(done_expected, block.a):
            yield place, None
        for place in range(done_actual, block.b):
            yield None, place
        for step in range(block.size):
            yield block.a + step, block.b + step
        done_expected, done_actual = block.a + block.size, block.b + block.size
