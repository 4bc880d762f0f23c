"""From comparisons to a score for each profile. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gatecert.fidelity.comparison import KINDS, Comparison, Difference
from gatecert.fidelity.explained import Explanation, stale, why


@dataclass(frozen=True)
class ProfileScore:
    """How one profile did. ``differences`` come with their explanation, ``""`` for none."""

    name: str
    points: Mapping[str, int]
    equal: Mapping[str, int]
    differences: Sequence[tuple[Difference, str]]
    flows: int

    def percent(self, *kinds: str) -> float | None:
        """Equal points in percent, of these kinds or of all; None if none was compared."""
        chosen = kinds or KINDS
        total = sum(self.points.get(kind, 0) for kind in chosen)
        if not total:
            return None
        return 100.0 * sum(self.equal.get(kind, 0) for kind in chosen) / total

    @property
    def unexplained(self) -> list[Difference]:
        """The differences that nothing explains."""
        return [difference for difference, reason in self.differences if not reason]


@dataclass(frozen=True)
class Fidelity:
    """The result of a run: a score for each profile, and explanations that explain nothing.

    ``unmeasured`` are the profiles that were asked for and of which no capture says anything.
    """

    scores: Sequence[ProfileScore]
    stale: Sequence[Explanation]
    unmeasured: Sequence[str] = ()

    @property
    def unexplained(self) -> list[Difference]:
        """Every difference that nothing explains."""
        return [difference for score in self.scores for difference in score.unexplained]

    @property
    def clean(self) -> bool:
        """Whether every difference is explained, and every explanation needed."""
        return not self.unexplained and not self.stale


def scored(
    compared: Iterable[tuple[str, Comparison]],
    explanations: Sequence[Explanation],
    *,
    whole: bool,
    wanted: Collection[str] = (),
) -> Fidelity:
    """Sum up comparisons, each with the name of its profile; ``wanted`` are those asked for."""
    by_profile: dict[str, list[Comparison]] = {}
    for name, comparison in compared:
        by_profile.setdefault(name, []).append(comparison)
    scores = [_score(name, group, explanations) for name, group in by_profile.items()]
    everything = [c for group in by_profile.values() for c in group]
    unused = stale(
        explanations,
        [difference for c in everything for difference in c.differences],
        {(c.capture, c.flow) for c in everything},
        whole=whole,
    )
    return Fidelity(scores, unused, sorted(set(wanted) - set(by_profile)))


def _score(
    name: str, group: Sequence[Comparison], explanations: Sequence[Explanation]
) -> ProfileScore:
    points: Counter[str] = Counter()
    equal: Counter[str] = Counter()
    for comparison in group:
        points += comparison.points
        equal += comparison.equal
    found = [difference for comparison in group for difference in comparison.differences]
    reasoned = [(difference, why(explanations, difference)) for difference in found]
    return ProfileScore(name, points, equal, reasoned, len(group))
