"""A paired measurement: its controls decide whether it may be judged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gatecert.gateways.promises import Promises
from gatecert.gateways.target import Target
from gatecert.overhead import Paired, measure_paired, requests_through_gateway
from gatecert.upstream import Provider
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
