"""From what a test did to a verdict: the whole table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gatecert.desktop.transport import RequestCapExceeded
from gatecert.gateways.promises import Promises
from gatecert.gateways.target import Models, Target
from gatecert.record import Evidence, Redactor
from gatecert.requirements import (
    REASONS,
    VERDICTS,
    CannotJudge,
    Judgement,
    NotApplicable,
    NotMet,
    Requirement,
    Source,
)
from gatecert.session.judge import (
    gateway_lost,
    honest,
    judge,
    not_applicable,
    to_result,
    with_known,
)

STATED = Requirement("AUTH-01", "MUST", Source("official", "p"), "why", "fix", (), "It holds.")
ENTRY = {"reason": "the vendor knows", "link": "https://example.org/1"}


def levelled(level: Any) -> Requirement:
    return replace(STATED, level=level)


def test_a_test_that_returned_is_a_pass() -> None:
    assert judge(None, STATED).verdict == "pass"


@pytest.mark.parametrize(
    ("level", "verdict"), [("MUST", "fail"), ("SHOULD", "warn"), ("MAY", "info")]
)
def test_what_is_not_met_weighs_by_its_level(level: str, verdict: str) -> None:
    found = judge(NotMet("a", "b", hop="h"), levelled(level))
    assert (found.verdict, found.code, found.suspect) == (verdict, "deviates", "gateway")
    assert (found.expected, found.came, found.hop) == ("a", "b", "h")
    assert found.sentence == "expected a, got b"


def test_a_silent_deviation_is_told_from_an_honest_one() -> None:
    assert judge(NotMet("a", "b", silent=True), STATED).code == "deviates-silently"


def test_a_new_must_only_warns_for_one_version_unless_it_is_enforced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gatecert.requirements.model.__version__", "0.2.4")
    stated = replace(STATED, since="0.2")
    assert judge(NotMet("a", "b"), stated).verdict == "warn"
    assert judge(NotMet("a", "b"), stated, enforced=True).verdict == "fail"
    monkeypatch.setattr("gatecert.requirements.model.__version__", "0.3.0")
    assert judge(NotMet("a", "b"), stated).verdict == "fail"


@pytest.mark.parametrize(
    ("code", "verdict", "suspect"),
    [
        ("live-provider", "could-not-run", "environment"),
        ("measurement-invalid", "could-not-run", "environment"),
        ("measurement-inconclusive", "could-not-run", "environment"),
        ("provider-lost", "error", "harness"),
    ],
)
def test_what_cannot_be_judged_is_never_a_pass(code: str, verdict: str, suspect: str) -> None:
    found = judge(CannotJudge(code, "no means"), STATED)
    assert (found.verdict, found.code, found.suspect) == (verdict, code, suspect)


def test_a_spent_request_cap_leaves_the_requirement_unjudged() -> None:
    found = judge(RequestCapExceeded("the limit of 3"), STATED)
    assert (found.verdict, found.code) == ("could-not-run", "request-cap")


def test_any_other_exception_is_our_own_fault() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    found = judge(caught.value, STATED)
    assert (found.verdict, found.code, found.suspect) == ("error", "harness-fault", "harness")
    assert "ZeroDivisionError at test_any_other_exception_is_our_own_fault" in found.sentence


def test_a_lost_gateway_is_an_error_that_names_it() -> None:
    found = gateway_lost("Connection refused")
    assert (found.verdict, found.suspect) == ("error", "gateway")
    assert "Connection refused" in found.sentence


def test_reasons_and_suspects_are_closed_lists() -> None:
    assert len(VERDICTS) == 9
    assert "held" in REASONS
    with pytest.raises(ValueError, match="closed list"):
        Judgement("pass", "felt-right", "")
    with pytest.raises(ValueError, match="closed list"):
        Judgement("fail", "deviates", "", suspect="nobody")


@pytest.mark.parametrize("verdict", ["fail", "warn", "info"])
def test_a_recorded_deviation_that_shows_is_known_and_keeps_its_evidence(verdict: Any) -> None:
    found = with_known(Judgement(verdict, "deviates", "s", "gateway", "a", "b", "h"), ENTRY)
    assert found == Judgement("known", "recorded-deviation", "s", "gateway", "a", "b", "h")


def test_an_entry_that_says_what_shows_excuses_nothing_else() -> None:
    entry = {**ENTRY, "shows": "a prefix"}
    found = Judgement("fail", "deviates", "expected a, got a prefix", "gateway", "a", "a prefix")
    assert with_known(found, entry).verdict == "known"
    other = with_known(replace(found, sentence="expected a, got nothing"), entry)
    assert (other.verdict, other.code) == ("fail", "deviates")
    assert "not the recorded deviation, which shows 'a prefix'" in other.sentence


def test_a_recorded_deviation_that_is_gone_is_fixed() -> None:
    found = with_known(Judgement("pass", "held", "s"), ENTRY)
    assert (found.verdict, found.code) == ("fixed", "recorded-deviation-gone")


@pytest.mark.parametrize("verdict", ["could-not-run", "error", "not-applicable"])
def test_a_recorded_deviation_excuses_nothing_that_was_not_judged(verdict: Any) -> None:
    unjudged = Judgement(verdict, "live-provider", "s")
    assert with_known(unjudged, ENTRY) is unjudged


def test_without_an_entry_nothing_changes() -> None:
    failed = Judgement("fail", "deviates", "s")
    assert with_known(failed, None) is failed


def target(**changes: Any) -> Target:
    return replace(Target("t", "external", "http://127.0.0.1:1", "key"), **changes)


@pytest.mark.parametrize(
    ("need", "without", "given"),
    [
        ("enforces_keys", target(), target(promises=Promises(enforces_keys=True))),
        ("overhead_p50_ms", target(), target(promises=Promises(overhead_p50_ms=0))),
        (
            "required_metadata_keys",
            target(promises=Promises(required_metadata_keys=())),
            target(promises=Promises(required_metadata_keys=["team"])),
        ),
        ("metadata", target(), target(headers={"X-Portkey-Metadata": "{}"})),
    ],
)
def test_a_need_that_is_not_met_makes_a_requirement_not_applicable(
    need: str, without: Target, given: Target
) -> None:
    needy = replace(STATED, needs=(need,))
    lacking = not_applicable(needy, without)
    assert lacking is not None
    assert (lacking.verdict, lacking.code) == ("not-applicable", "no-promise")
    assert lacking.sentence
    assert not_applicable(needy, given) is None


def test_a_promise_without_the_means_to_test_it_is_left_unverified() -> None:
    needy = replace(STATED, needs=("fallback", "models.unreachable_primary"))
    promised = Promises(fallback=True)
    found = not_applicable(needy, target(promises=promised))
    assert found is not None
    assert (found.verdict, found.code) == ("could-not-run", "no-means")
    assert "[gateway.models] unreachable_primary" in found.sentence
    unpromised = not_applicable(needy, target())
    assert unpromised is not None
    assert unpromised.verdict == "not-applicable"
    given = target(promises=promised, models=Models(unreachable_primary="m"))
    assert not_applicable(needy, given) is None


def test_what_this_client_never_sends_does_not_apply() -> None:
    found = judge(NotApplicable("no effort for this model"), STATED)
    assert (found.verdict, found.code) == ("not-applicable", "not-sent")


def test_a_client_that_was_told_lost_nothing_in_silence() -> None:
    told = honest(judge(NotMet("a", "b", silent=True), STATED))
    assert (told.verdict, told.code) == ("fail", "deviates")


def test_a_result_holds_no_secret() -> None:
    judgement = judge(NotMet("the key sk-secret-123", "sk-secret-123 in the body"), STATED)
    result = to_result(
        STATED,
        judgement,
        Redactor([("api-key", "sk-secret-123")]),
        evidence=Evidence(),
        duration_ms=1.26,
        known=ENTRY,
    )
    assert "sk-secret" not in repr(result)
    assert result.came == "<redacted:api-key> in the body"
    assert result.known is None
    assert result.duration_ms == 1.3


def test_what_was_measured_without_a_promise_is_told_as_not_promised() -> None:
    found = judge(NotApplicable("no budget is promised; measured: 2 ms", "no-promise"), STATED)
    assert (found.verdict, found.code) == ("not-applicable", "no-promise")
    assert found.sentence == "no budget is promised; measured: 2 ms"
