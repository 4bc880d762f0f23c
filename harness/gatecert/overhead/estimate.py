"""Estimators for paired samples. No I/O, no clock; all values in ms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

_LEAST_PAIRS = 6  # below that no 95 % interval for a median exists


@dataclass(frozen=True)
class Estimate:
    """The median of paired differences and its 95 % interval, in ms."""

    median_ms: float
    low_ms: float
    high_ms: float
    pairs: int


def estimate(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """How much longer ``second`` took than ``first``, pair by pair.

    The interval is the distribution-free one from order statistics (sign test). Raises ValueError
    for unequal lengths or fewer than six pairs.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} samples do not make pairs")
    if len(first) < _LEAST_PAIRS:
        raise ValueError(
            f"{len(first)} pairs are too few for an interval; {_LEAST_PAIRS} are least"
        )
    differences = sorted(b - a for a, b in zip(first, second, strict=True))
    rank = _rank(len(differences))
    return Estimate(
        median(differences), differences[rank], differences[-1 - rank], len(differences)
    )


def quantile(samples: Sequence[float], share: float) -> float:
    """A quantile by linear interpolation. Raises ValueError without samples."""
    if not samples:
        raise ValueError("no samples")
    ordered = sorted(samples)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _rank(pairs: int) -> int:
    """The largest rank whose symmetric interval still covers the median with 95 %."""
    below = 0.0
    for rank in range(pairs):
        below += math.comb(pairs, rank) / 2**pairs
        if below > 0.025:
            return max(rank - 1, 0)
    return 0
