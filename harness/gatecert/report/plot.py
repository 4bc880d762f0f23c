"""Geometry of the plot of raw samples: for each arm the share of requests done by a given time.

Numbers only; the template draws them, and its table tells the same in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 46, 16, 12, 40
_MOST_POINTS = 400
_TICKS = 5
_LONGEST_MS = 1e9
_SMALLEST_SPAN_MS = 1e-3


@dataclass(frozen=True)
class Tick:
    """A place on an axis in SVG units, and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Curve:
    """The empirical distribution of one arm, as points of an SVG polyline."""

    arm: str
    points: str
    count: int


@dataclass(frozen=True)
class Plot:
    """One plot for one measured quantity. The x axis is ms, the y axis the share of requests."""

    name: str
    curves: Sequence[Curve]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]


def plots(measurements: Iterable[Mapping[str, Any]]) -> list[Plot]:
    """A plot for each name among the measurements that carry ``samples_ms``."""
    arms: dict[str, list[tuple[str, list[float]]]] = {}
    for row in measurements:
        samples = _numbers(row.get("samples_ms"))
        if len(samples) > 1:
            entry = (str(row.get("arm", "")), sorted(samples))
            arms.setdefault(str(row.get("name", "")), []).append(entry)
    return [_plot(name, series) for name, series in arms.items()]


def _plot(name: str, series: Sequence[tuple[str, list[float]]]) -> Plot:
    low = min(samples[0] for _, samples in series)
    high = max(samples[-1] for _, samples in series)
    step = _step(high - low)
    first, last = math.floor(low / step) * step, math.ceil(high / step) * step
    last = last if last > first else first + step

    def x(ms: float) -> float:
        return LEFT + (ms - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    curves = [Curve(arm, _points(samples, x), len(samples)) for arm, samples in series]
    steps = round((last - first) / step)
    x_ticks = [Tick(x(first + i * step), f"{first + i * step:g}") for i in range(steps + 1)]
    y_ticks = [Tick(_y(share), f"{share:.0%}") for share in (0, 0.5, 0.95)]
    return Plot(name, curves, x_ticks, y_ticks)


def _points(samples: Sequence[float], x: Callable[[float], float]) -> str:
    """A staircase; of very many samples every so many are drawn."""
    total = len(samples)
    stride = -(-total // _MOST_POINTS)
    places = sorted({*range(0, total, stride), total - 1})
    drawn, share = [], 0.0
    for place in places:
        drawn.append(f"{x(samples[place]):.1f},{_y(share):.1f}")
        share = (place + 1) / total
        drawn.append(f"{x(samples[place]):.1f},{_y(share):.1f}")
    return " ".join(drawn)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _step(span: float) -> float:
    """A round distance between ticks that gives about five of them."""
    if span < _SMALLEST_SPAN_MS:
        return 1.0
    rough = span / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next((m * power for m in (1, 2, 5) if m * power >= rough), 10 * power)


def _numbers(raw: object) -> list[float]:
    """Finite numbers only: the record may come from anywhere."""
    if not isinstance(raw, list | tuple):
        return []
    plain = [v for v in raw if isinstance(v, int | float) and not isinstance(v, bool)]
    return [float(v) for v in plain if -_LONGEST_MS < v < _LONGEST_MS]
