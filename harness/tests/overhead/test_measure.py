"""A paired measurement: its controls decide whether it may be judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gatecert.gateways.embedded import start_embedded
from gatecert.gateways.promises import Promises
from gatecert.gateways.running import ProviderAddresses
from gatecert.gateways.target import Target
from gatecert.overhead import (
    Paired,
    measure_fallback,
    measure_paired,
    requests_through_gateway,
)
from gatecert.overhead.measure import FAILING, GOOD, astray
from gatecert.upstream import Plan, Provider
from gatecert.wire import Child

WAVE = [0.02 * (n % 7) for n in range(40)]


def paired(gateway: float, again: float = 0.0, delayed: float = 5.0, budget: float = 10) -> Paired:
    arms = {"direct": 0.0, "gateway": gateway, "direct again": again, "direct + 5 ms": delayed}
    samples = {arm: [12 + off + wave for wave in WAVE] for arm, off in arms.items()}
    return Paired("whole answer", samples, budget)


def test_what_the_gateway_adds_is_the_median_of_paired_differences() -> None:
    assert paired(3.0).overhead.median_ms == pytest.approx(3.0)
    assert paired(3.0).invalid == ""


@pytest.mark.parametrize("off", [-1.2, 1.2])
def test_a_difference_where_there_is_none_makes_it_invalid(off: float) -> None:
    assert "direct against direct differs by" in paired(3.0, again=off).invalid


@pytest.mark.parametrize("seen", [0.0, 3.5, 6.5])
def test_a_known_delay_that_is_not_found_makes_it_invalid(seen: float) -> None:
    assert "a known delay of 5 ms was measured as" in paired(3.0, delayed=seen).invalid


def test_the_tolerance_does_not_grow_with_the_budget_beyond_a_millisecond() -> None:
    assert paired(3.0, again=0.9, budget=1000).invalid == ""
    assert paired(3.0, again=1.1, budget=1000).invalid


def test_trouble_is_said_and_keeps_what_was_sampled() -> None:
    found = Paired("whole answer", {"direct": [1.0]}, 10, "gateway: HTTP 502")
    assert found.invalid == "gateway: HTTP 502"
    assert [row["arm"] for row in found.to_json()] == ["direct", "invalid"]


def test_every_arm_and_every_difference_is_recorded() -> None:
    arms = [row["arm"] for row in paired(3.0).to_json()]
    assert arms == [
        "direct",
        "gateway",
        "direct again",
        "direct + 5 ms",
        "gateway − direct",
        "direct again − direct (control)",
        "direct + 5 ms − direct (control)",
    ]


def test_where_nothing_is_promised_controls_may_be_off_by_the_most() -> None:
    found = replace(paired(3.0, again=0.9, budget=1000), budget_ms=None)
    assert found.invalid == ""
    assert not [row for row in found.to_json() if "budget_ms" in row]


def test_the_two_arms_that_are_compared_are_named() -> None:
    samples = dict(paired(3.0).samples)
    samples |= {GOOD: samples["gateway"], FAILING: [v + 2 for v in samples["gateway"]]}
    found = Paired("a failing primary", samples, 60, base=GOOD, arm=FAILING)
    assert found.overhead.median_ms == pytest.approx(2.0)
    assert found.to_json()[6]["arm"] == "gateway, primary failing − gateway, primary good"


@pytest.fixture
def upstream() -> Iterator[str]:
    child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
    yield child.facts["url"]
    child.stop()


@pytest.mark.parametrize("stream", [False, True])
def test_the_way_to_the_provider_itself_can_be_measured(upstream: str, stream: bool) -> None:
    promises = Promises(overhead_p50_ms=50, overhead_first_event_p50_ms=50)
    target = Target("none", "external", upstream, "key", promises=promises, upstream_url=upstream)
    found = measure_paired(target, stream=stream, pairs=6)
    assert found.trouble == ""
    assert {len(values) for values in found.samples.values()} == {6}
    assert requests_through_gateway(6) == 12
    provider = Provider(upstream)
    tokens = {receipt.token for receipt in provider.receipts_since(0)}
    provider.close()
    assert len(tokens) == 4 * 12  # no request is like another


def test_a_gateway_that_answers_by_itself_is_found_out(upstream: str, provider_url: str) -> None:
    promises = Promises(overhead_p50_ms=50)
    target = Target(
        "cache", "external", provider_url, "key", promises=promises, upstream_url=upstream
    )
    found = measure_paired(target, stream=False, pairs=6)
    assert found.invalid == "of 48 requests only 36 reached the provider"


@pytest.fixture
def falling_back(upstream: str) -> Iterator[Target]:
    """The embedded gateway, in front of ``upstream``."""
    gateway = start_embedded(ProviderAddresses(upstream, "http://127.0.0.1:9"))
    yield gateway.target
    gateway.stop()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("failure", [Plan(status=529), Plan(drop=True)], ids=["529", "dropped"])
def test_a_failing_primary_is_measured_against_a_good_one(
    falling_back: Target, failure: Plan, stream: bool
) -> None:
    found = measure_fallback(falling_back, failure, stream=stream, pairs=6)
    assert found.trouble == ""
    assert {arm: len(values) for arm, values in found.samples.items()} == dict.fromkeys(
        ["direct", GOOD, FAILING, "direct again", "direct + 5 ms"], 6
    )
    assert ("first content event" in found.what) is stream
    assert found.budget_ms == 60


def test_a_gateway_that_does_not_fall_back_is_told_so(upstream: str) -> None:
    target = Target("none", "external", upstream, "key", upstream_url=upstream)
    found = measure_fallback(target, Plan(status=529), stream=False, pairs=6)
    assert found.invalid == (
        "a turn whose primary answers 529 got HTTP 529 instead of the backup's answer"
    )


@pytest.mark.parametrize(
    ("primary", "backup", "told"),
    [
        (5 * 12, 12, ""),
        (5 * 12 + 12, 12, ""),  # each failure is tried twice at the primary
        (4 * 12, 24, "of 24 requests only 12 were tried at the primary"),
        (12, 0, "of 24 requests only 0 were tried"),
        (5 * 12, 24, "the backup was asked 24 times for 12 failing turns"),
    ],
)
def test_a_gateway_that_keeps_requests_from_the_primary_is_noticed(
    primary: int, backup: int, told: str
) -> None:
    assert astray({"primary": primary, "backup": backup}, 12).startswith(told)
    assert bool(astray({"primary": primary, "backup": backup}, 12)) is bool(told)
