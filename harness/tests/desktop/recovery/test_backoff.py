from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recovery_cases import status

from gatecert.desktop.recovery import policy as policies
from gatecert.desktop.recovery.backoff import asked_wait_s, backoff_s, wait_s
from gatecert.desktop.recovery.policy import PRINT_330, PYTHON_NEW, PYTHON_OLD, TS_NEW, RetryPolicy

NOW = datetime.datetime(2026, 11, 24, 12, 0, 0, tzinfo=datetime.UTC)
IN_A_MINUTE = "Tue, 24 Nov 2026 12:01:00 GMT"
FAR = "Wed, 21 Oct 2099 07:28:00 GMT"


def asked(policy: RetryPolicy, name: str, value: str, chance: float = 1.0) -> float | None:
    return wait_s(policy, status(429, (name, value)), 0, chance, NOW)


def test_the_engine_doubles_from_half_a_second_to_thirty_two() -> None:
    least = [backoff_s(PRINT_330, n, 0.0) for n in range(10)]
    assert least == [0.5, 1, 2, 4, 8, 16, 32, 32, 32, 32]
    assert [backoff_s(PRINT_330, n, 1.0) for n in (0, 9)] == [0.625, 40.0]


def test_the_sdks_jitter_goes_downwards() -> None:
    assert [backoff_s(PYTHON_NEW, n, chance) for n in (0, 1) for chance in (0.0, 1.0)] == [
        *(0.5, 0.375),
        *(1.0, 0.75),
    ]


@given(st.integers(0, 40), st.floats(0, 1), st.sampled_from([PRINT_330, PYTHON_NEW, TS_NEW]))
def test_a_wait_stays_within_its_window(retries: int, chance: float, policy: RetryPolicy) -> None:
    ends = sorted(backoff_s(policy, retries, end) for end in (0.0, 1.0))
    assert ends[0] <= backoff_s(policy, retries, chance) <= ends[1] <= 40


@pytest.mark.parametrize(
    ("asked_s", "waited"), [("2", 2.5), ("20", 25.0), ("59", 73.75), ("60", 75.0)]
)
def test_the_engine_waits_as_asked_up_to_a_minute_and_a_quarter(
    asked_s: str, waited: float
) -> None:
    assert asked(PRINT_330, "retry-after", asked_s) == waited


@pytest.mark.parametrize("asked_s", ["61", "200", "999999999"])
def test_the_engine_does_not_wait_longer(asked_s: str) -> None:
    assert asked(PRINT_330, "retry-after", asked_s) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("retry-after", IN_A_MINUTE),
        ("retry-after", "1.5"),
        ("retry-after", "-3"),
        ("retry-after", "soon"),
        ("retry-after", ""),
        ("retry-after-ms", "300"),
    ],
)
def test_the_engine_ignores_what_is_no_whole_number_of_seconds(name: str, value: str) -> None:
    assert asked(PRINT_330, name, value) == 0.625


def test_the_older_engine_adds_nothing_to_what_is_asked() -> None:
    assert asked(policies.PRINT_197, "retry-after", "2") == 2.0


def test_the_sdks_read_milliseconds_and_dates() -> None:
    for policy in (PYTHON_NEW, TS_NEW):
        assert asked(policy, "retry-after-ms", "300") == 0.3
        assert asked(policy, "retry-after", "1.5") == 1.5
        assert asked(policy, "retry-after", IN_A_MINUTE) == 60.0


def test_the_new_sdks_wait_for_anything_and_the_old_python_one_for_a_minute() -> None:
    assert [asked(p, "retry-after", "70") for p in (PYTHON_NEW, TS_NEW)] == [70.0, 70.0]
    assert asked(PYTHON_OLD, "retry-after", "70", chance=0.0) == 0.5


def test_a_far_date_is_beyond_the_timer_of_node() -> None:
    far = wait_s(PYTHON_NEW, status(429, ("retry-after", FAR)), 0, 0.0, NOW)
    assert far is not None
    assert far > 2e9
    assert asked(TS_NEW, "retry-after", FAR) == 0.0


def test_a_date_that_has_passed_asks_for_nothing() -> None:
    passed = status(429, ("retry-after", "Tue, 24 Nov 2026 11:00:00 GMT"))
    assert asked_wait_s(PYTHON_NEW, passed, NOW) is None


@given(st.text(max_size=30))
def test_no_value_breaks_it(value: str) -> None:
    for policy in (PRINT_330, replace(PRINT_330, long_wait="wait"), PYTHON_NEW, TS_NEW):
        found = asked(policy, "retry-after", value)
        assert found is None or found >= 0
