from __future__ import annotations

from dataclasses import replace

import pytest
from recovery_cases import fault, no_answer, status

from gatecert.desktop import ENGINE_DESKTOP
from gatecert.desktop.profiles import find_engine
from gatecert.record import Redactor
from gatecert.requirements import Judgement
from gatecert.session.userline import user_sees

FAILED = Judgement("fail", "deviates", "expected a, got b", "gateway", "a", "b")
NONE = Redactor()


@pytest.mark.parametrize("verdict", ["pass", "fixed", "not-applicable"])
def test_what_held_needs_no_line(verdict: str) -> None:
    assert user_sees([status(500)], replace(FAILED, verdict=verdict), NONE, ENGINE_DESKTOP) is None  # type: ignore[arg-type]


def test_without_an_exchange_there_is_none() -> None:
    assert user_sees([], FAILED, NONE, ENGINE_DESKTOP) is None
    assert user_sees([no_answer("left")], FAILED, NONE, ENGINE_DESKTOP) is None


def test_the_newest_answer_speaks() -> None:
    seen = user_sees([status(403), status(402), no_answer("left")], FAILED, NONE, ENGINE_DESKTOP)
    assert seen is not None
    assert "402" in seen.text


def test_the_answer_of_which_the_verdict_speaks_comes_first() -> None:
    refused = status(403, message="go away")
    told = replace(FAILED, came=f"{refused.summary()} on the second request")
    seen = user_sees([refused, fault("text")], told, NONE, ENGINE_DESKTOP)
    assert seen is not None
    assert "go away" in seen.text
    assert (seen.requests, seen.sureness) == (1, "observed")


def test_a_secret_that_a_gateway_echoes_is_redacted() -> None:
    key = "sk-very-secret-key-123"
    seen = user_sees(
        [status(403, message=f"no {key}")], FAILED, Redactor([("key", key)]), ENGINE_DESKTOP
    )
    assert seen is not None
    assert key not in seen.text
    assert "<redacted:key>" in seen.text


def test_the_line_is_that_of_the_client_the_suites_run_as() -> None:
    profile = find_engine("engine-print-2.1.330")
    assert profile is not None
    seen = user_sees([status(401)], FAILED, NONE, profile)
    assert seen is not None
    assert seen.requests == 11
