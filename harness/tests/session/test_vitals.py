"""The gateway's vitals: waiting is bounded, and only a gateway that was well is waited for."""

from __future__ import annotations

import contextlib

import pytest

from gatecert.desktop import Exchange, OutgoingRequest
from gatecert.requirements import CannotJudge
from gatecert.session.vitals import Plain, Vitals
from gatecert.upstream import ProviderUnreachable

REQUEST = OutgoingRequest("POST", "http://127.0.0.1:1/v1/messages", ())


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def vitals(clock: Clock, *spells: tuple[float, float], status: int = 429) -> Vitals:
    """A gateway that is unwell from one time to another."""

    def send() -> Plain:
        ill = any(begin <= clock.now < end for begin, end in spells)
        code = status if ill else 200
        return Plain(Exchange("turn", REQUEST, status=code), not ill)

    found = Vitals(send, clock, clock.sleep)
    found.take_baseline()
    return found


def test_a_gateway_that_is_well_is_not_waited_for() -> None:
    clock = Clock()
    assert vitals(clock).wait_until_well() == 0
    assert clock.now == 0


def test_a_cooling_gateway_is_waited_for() -> None:
    clock = Clock()
    found = vitals(clock, (1, 6))
    clock.now = 1
    assert found.wait_until_well() == pytest.approx(5, abs=0.6)
    assert found.wait_until_well() == 0


def test_a_gateway_that_never_was_well_is_not_waited_for() -> None:
    clock = Clock()
    assert vitals(clock, (0, 1000)).wait_until_well() == 0
    assert clock.now == 0


def test_a_gateway_that_stays_ill_is_judged_as_it_is() -> None:
    clock = Clock()
    found = vitals(clock, (1, 10_000), status=502)
    clock.now = 1
    assert found.wait_until_well() == 0
    assert clock.now <= 22


def test_a_gateway_that_keeps_refusing_by_limit_cannot_be_judged() -> None:
    clock = Clock()
    found = vitals(clock, (1, 10_000))
    clock.now = 1
    with pytest.raises(CannotJudge) as caught:
        found.wait_until_well()
    assert caught.value.code == "gateway-cooling"
    assert "HTTP 429" in caught.value.sentence


def test_after_a_wait_in_vain_there_is_no_other() -> None:
    clock = Clock()
    found = vitals(clock, (1, 100_000), status=502)
    clock.now = 1
    for _ in range(50):
        found.wait_until_well()
    assert clock.now < 22


def test_all_waiting_of_a_run_is_bounded() -> None:
    clock = Clock()
    found = vitals(clock, *((n * 100, n * 100 + 15) for n in range(1, 99)))
    for n in range(1, 99):
        clock.now = n * 100
        with contextlib.suppress(CannotJudge):
            found.wait_until_well()
    assert found._waited_s <= 600


def test_a_lost_provider_is_not_the_gateways_illness() -> None:
    def send() -> Plain:
        raise ProviderUnreachable("gone")

    found = Vitals(send)
    found.take_baseline()
    assert found.wait_until_well() == 0
