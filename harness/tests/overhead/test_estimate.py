from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.overhead import Estimate, estimate, quantile

# whole numbers, so that differences of floats are exact
numbers = st.integers(min_value=-1_000_000, max_value=1_000_000).map(float)
samples = st.lists(numbers, min_size=6, max_size=80)
paired = st.lists(st.tuples(numbers, numbers), min_size=6, max_size=80)


@given(samples, numbers)
def test_a_shift_is_recovered_exactly(first: list[float], shift: float) -> None:
    found = estimate(first, [value + shift for value in first])
    assert found == Estimate(shift, shift, shift, len(first))


@given(paired)
def test_the_interval_contains_the_median(pairs: list[tuple[float, float]]) -> None:
    found = estimate(*zip(*pairs, strict=True))
    assert found.low_ms <= found.median_ms <= found.high_ms
    assert found.pairs == len(pairs)


@given(paired, numbers)
def test_what_is_added_to_every_pair_is_added_to_the_estimate(
    pairs: list[tuple[float, float]], shift: float
) -> None:
    first, second = zip(*pairs, strict=True)
    before = estimate(first, second)
    after = estimate(first, [value + shift for value in second])
    assert after.median_ms == before.median_ms + shift
    assert (after.low_ms, after.high_ms) == (before.low_ms + shift, before.high_ms + shift)


@given(paired, st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_plays_no_part(
    pairs: list[tuple[float, float]], order: random.Random
) -> None:
    shuffled = order.sample(pairs, len(pairs))
    assert estimate(*zip(*shuffled, strict=True)) == estimate(*zip(*pairs, strict=True))


@given(paired)
def test_changing_sides_changes_the_sign(pairs: list[tuple[float, float]]) -> None:
    first, second = zip(*pairs, strict=True)
    there, back = estimate(first, second), estimate(second, first)
    assert back.median_ms == -there.median_ms
    assert (back.low_ms, back.high_ms) == (-there.high_ms, -there.low_ms)


@given(paired)
def test_drift_that_both_share_cancels_out(pairs: list[tuple[float, float]]) -> None:
    first, second = zip(*pairs, strict=True)
    slower = [[value + 50.0 * n for n, value in enumerate(arm)] for arm in (first, second)]
    assert estimate(*slower) == estimate(first, second)


@pytest.mark.parametrize("pairs", [6, 25, 200])
def test_the_interval_covers_the_true_difference_as_often_as_it_says(pairs: int) -> None:
    luck = random.Random(f"coverage {pairs}")
    draws = 2_000
    covered = 0
    for _ in range(draws):
        first = [luck.expovariate(0.2) for _ in range(pairs)]
        second = [value + 3.0 + luck.gauss(0, 2) + luck.gauss(0, 2) ** 3 for value in first]
        found = estimate(first, second)
        covered += found.low_ms <= 3.0 <= found.high_ms
    assert 0.93 <= covered / draws <= 1.0


# 0-based ranks out of the usual table of the sign test
@pytest.mark.parametrize(("pairs", "rank"), [(6, 0), (8, 0), (9, 1), (20, 5), (50, 17), (100, 39)])
def test_the_interval_is_that_of_the_sign_test(pairs: int, rank: int) -> None:
    found = estimate([0.0] * pairs, [float(n) for n in range(pairs)])
    assert (found.low_ms, found.high_ms) == (rank, pairs - 1 - rank)


def test_one_wild_sample_moves_nothing() -> None:
    calm = estimate([0.0] * 20, [1.0] * 20)
    assert estimate([0.0] * 20, [1.0] * 19 + [9_999.0]) == calm


def test_samples_that_make_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="7 and 6 samples do not make pairs"):
        estimate([1.0] * 7, [1.0] * 6)


@pytest.mark.parametrize("pairs", range(6))
def test_too_few_pairs_are_refused(pairs: int) -> None:
    with pytest.raises(ValueError, match=f"{pairs} pairs are too few for an interval; 6 are least"):
        estimate([1.0] * pairs, [1.0] * pairs)


@pytest.mark.parametrize(
    ("share", "value"), [(0, 1.0), (0.25, 2.0), (0.5, 3.0), (0.9, 4.6), (1, 5.0)]
)
def test_a_quantile_lies_between_its_neighbours(share: float, value: float) -> None:
    assert quantile([5.0, 3.0, 1.0, 4.0, 2.0], share) == pytest.approx(value)


@given(st.lists(numbers, min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_quantiles_grow_with_their_share(values: list[float], one: float, two: float) -> None:
    low, high = (quantile(values, share) for share in sorted((one, two)))
    assert min(values) <= low <= high + 1e-9
    assert high <= max(values) + 1e-9


def test_a_quantile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no samples"):
        quantile([], 0.5)
