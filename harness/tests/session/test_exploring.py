"""Properties: the smallest failing example, the same examples for the same seed, a bound."""

import pytest
from hypothesis import strategies as st

from gatecert.requirements import CannotJudge, NotMet, expect
from gatecert.session.exploring import Exploration

REPLAY = "-k MSG-90 --seed 0 --examples 40"


def small(number: int) -> None:
    expect(number < 10, "a number below 10", str(number))


def tried(seed: int) -> list[int]:
    seen: list[int] = []
    Exploration(seed, 40, REPLAY)(st.integers(), seen.append)
    return seen


def test_a_property_that_holds_is_tried_so_many_times() -> None:
    explore = Exploration(0, 40, REPLAY)
    explore(st.integers(0, 9_999), lambda number: None)
    assert explore.tried == 40


def test_the_smallest_failing_example_is_told_with_its_replay() -> None:
    with pytest.raises(NotMet, match=r"got 10 \(with 10; again: -k MSG-90 --seed 0"):
        Exploration(0, 40, REPLAY)(st.integers(0), small)


def test_the_seed_decides_the_examples() -> None:
    assert tried(1) == tried(1) != tried(2)


def test_what_fails_once_only_is_told_all_the_same() -> None:
    failed: list[int] = []

    def once(number: int) -> None:
        if number > 100 and not failed:
            failed.append(number)
            small(number)

    with pytest.raises(NotMet, match="though not when tried again"):
        Exploration(0, 40, REPLAY)(st.integers(0), once)


def test_another_error_ends_the_search_at_once() -> None:
    calls: list[int] = []

    def lost(number: int) -> None:
        calls.append(number)
        raise CannotJudge("provider-lost", "the provider is gone")

    with pytest.raises(CannotJudge, match="the provider is gone"):
        Exploration(0, 40, REPLAY)(st.integers(), lost)
    assert len(calls) == 1


def test_too_slow_a_gateway_is_not_judged() -> None:
    times = iter(range(0, 100_000, 25))
    explore = Exploration(0, 40, REPLAY, clock=lambda: next(times))
    with pytest.raises(CannotJudge, match="only 2 of 40 examples"):
        explore(st.integers(), lambda number: None)


def test_shrinking_ends_with_the_time_and_keeps_what_it_has() -> None:
    times = iter(range(0, 100_000, 25))
    explore = Exploration(0, 40, REPLAY, clock=lambda: next(times))
    with pytest.raises(NotMet, match="got "):
        explore(st.integers(1_000, 2_000), small)
    assert explore.tried <= 3
