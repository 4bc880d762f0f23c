"""The plot of raw samples: right for measurements, harmless for anything else."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample import sample_measurements

from gatecert.report.plot import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, plots


def points(text: str) -> list[tuple[float, float]]:
    pairs = (pair.split(",") for pair in text.split())
    return [(float(x), float(y)) for x, y in pairs]


def row(samples: Any, arm: str = "direct") -> dict[str, Any]:
    return {"name": "whole answer", "arm": arm, "samples_ms": samples}


def test_arms_of_one_quantity_share_a_plot() -> None:
    (plot,) = plots(sample_measurements())
    assert [(c.arm, c.count) for c in plot.curves] == [("direct", 4), ("gateway", 4)]
    assert [t.label for t in plot.x_ticks] == ["2", "4", "6", "8", "10"]
    assert [t.label for t in plot.y_ticks] == ["0%", "50%", "95%"]


def test_a_curve_climbs_a_step_at_each_sample() -> None:
    (plot,) = plots([row([1.0, 2.0, 3.0, 4.0])])
    found = points(plot.curves[0].points)
    floor, ceiling = HEIGHT - BOTTOM, TOP
    quarter = (floor - ceiling) / 4
    assert [y for _, y in found[1::2]] == pytest.approx([floor - quarter * n for n in (1, 2, 3, 4)])
    assert found[0][1] == floor
    assert found[-1][1] == ceiling


def test_slower_lies_to_the_right() -> None:
    (plot,) = plots([row([1.0, 2.0]), row([5.0, 9.0], "gateway")])
    direct, gateway = (points(c.points) for c in plot.curves)
    assert max(x for x, _ in direct) < min(x for x, _ in gateway)


@pytest.mark.parametrize(
    "samples",
    [None, [], [1.0], "12", {"a": 1}, ["x", None], [True, False], [math.nan, math.inf, 10**400], 7],
)
def test_what_is_no_series_of_numbers_is_not_drawn(samples: Any) -> None:
    assert plots([row(samples)]) == []


@given(st.lists(st.floats() | st.integers(), max_size=30))
def test_whatever_is_drawn_stays_inside(samples: list[Any]) -> None:
    for plot in plots([row(samples)]):
        assert 2 <= len(plot.x_ticks) <= 12
        for x, y in points(plot.curves[0].points):
            assert LEFT - 1 <= x <= WIDTH - RIGHT + 1
            assert TOP - 1 <= y <= HEIGHT - BOTTOM + 1


def test_very_many_samples_make_a_bounded_drawing() -> None:
    (plot,) = plots([row([float(n) for n in range(50_000)])])
    found = points(plot.curves[0].points)
    assert len(found) <= 2 * 402
    assert found[-1][1] == TOP
    assert plot.curves[0].count == 50_000
