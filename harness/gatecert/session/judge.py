"""From what a test function did to a verdict. Pure: no I/O, no pytest."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import replace

from gatecert.desktop.transport import RequestCapExceeded
from gatecert.gateways.target import Target
from gatecert.record import Evidence, Redactor, Result
from gatecert.requirements import (
    CannotJudge,
    Judgement,
    NotApplicable,
    NotMet,
    Requirement,
    deviation_verdict,
)
from gatecert.session.spending import TokenCapExceeded

_LOST = ("gateway-lost", "provider-lost")


def judge(
    raised: BaseException | None, stated: Requirement, *, enforced: bool = False
) -> Judgement:
    """The judgement on a requirement whose test returned, or raised ``raised``.

    With ``enforced`` a provisional requirement counts like any other.
    """
    if raised is None:
        return Judgement("pass", "held", "everything expected was seen")
    if isinstance(raised, NotMet):
        code = "deviates-silently" if raised.silent else "deviates"
        return Judgement(
            deviation_verdict(stated.level, provisional=stated.provisional and not enforced),
            code,
            f"expected {raised.expected}, got {raised.came}",
            raised.suspect,
            raised.expected,
            raised.came,
            raised.hop,
        )
    if isinstance(raised, CannotJudge):
        verdict = "error" if raised.code in _LOST else "could-not-run"
        suspect = "harness" if raised.code == "provider-lost" else "environment"
        return Judgement(verdict, raised.code, raised.sentence, suspect)  # type: ignore[arg-type]
    if isinstance(raised, NotApplicable):
        return Judgement("not-applicable", raised.code, raised.sentence)
    if isinstance(raised, RequestCapExceeded):
        return Judgement("could-not-run", "request-cap", str(raised), "environment")
    if isinstance(raised, TokenCapExceeded):
        return Judgement("could-not-run", "token-cap", str(raised), "environment")
    return Judgement("error", "harness-fault", _fault_sentence(raised), "harness")


def not_applicable(stated: Requirement, target: Target) -> Judgement | None:
    """The judgement on a requirement that does not apply to this target, or None.

    A promise that comes without the means to test it leaves the requirement unverified.
    """
    lacks = [(need, lack) for need in stated.needs if (lack := target.lacks(need))]
    for need, lack in lacks:
        if not need.startswith("models."):
            return Judgement("not-applicable", "no-promise", lack)
    for _, lack in lacks:
        return Judgement("could-not-run", "no-means", lack, "environment")
    return None


def over_untrusted(stated: Requirement, trouble: str) -> Judgement | None:
    """The judgement on a requirement whose requests the client cannot send, or None.

    ``trouble`` says why it trusts no connection to the gateway; what is asked about TLS is judged.
    """
    if not trouble or "tls" in stated.needs:
        return None
    return Judgement("could-not-run", "untrusted", trouble, "gateway")


def gateway_lost(trouble: str) -> Judgement:
    """The judgement on the requirement during which the gateway went away."""
    sentence = f"the gateway stopped taking connections ({trouble})"
    return Judgement("error", "gateway-lost", sentence, "gateway")


def provider_lost(trouble: str) -> Judgement:
    """The judgement on the requirement during which the provider went away."""
    sentence = f"the scripted provider stopped answering ({trouble})"
    return Judgement("error", "provider-lost", sentence, "harness")


def honest(judgement: Judgement) -> Judgement:
    """A deviation of which the client was told after all."""
    if judgement.code == "deviates-silently":
        return replace(judgement, code="deviates")
    return judgement


def with_known(judgement: Judgement, entry: Mapping[str, str] | None) -> Judgement:
    """Set a recorded deviation against what was found.

    An entry that says what the deviation ``shows`` excuses no other one of the same requirement.
    """
    if entry is None:
        return judgement
    if judgement.verdict in ("fail", "warn", "info"):
        shows = entry.get("shows", "")
        if shows not in judgement.sentence:
            other = f"; this is not the recorded deviation, which shows {shows!r}"
            return replace(judgement, sentence=judgement.sentence + other)
        return replace(judgement, verdict="known", code="recorded-deviation")
    if judgement.verdict == "pass":
        sentence = "the recorded deviation did not show; remove it from the file"
        return Judgement("fixed", "recorded-deviation-gone", sentence)
    return judgement


def to_result(
    stated: Requirement,
    judgement: Judgement,
    redactor: Redactor,
    *,
    evidence: Evidence,
    duration_ms: float,
    known: Mapping[str, str] | None,
) -> Result:
    """The result as it goes into the record, free of secrets."""
    return Result(
        id=stated.id,
        level=stated.level,
        area=stated.area,
        title=stated.sentence,
        verdict=judgement.verdict,
        reason_code=judgement.code,
        reason=redactor.text(judgement.sentence),
        suspect=judgement.suspect,
        source={"kind": stated.source.kind, "reference": stated.source.reference},
        why=stated.why,
        fix=stated.fix,
        expected=redactor.text(judgement.expected),
        came=redactor.text(judgement.came),
        hop=judgement.hop,
        known=dict(known) if known and judgement.verdict in ("known", "fixed") else None,
        duration_ms=round(duration_ms, 1),
        node=stated.node,
        provisional=stated.provisional,
        hints=dict(stated.hints),
        evidence=evidence,
    )


def _fault_sentence(raised: BaseException) -> str:
    frames = traceback.extract_tb(raised.__traceback__)
    place = f" at {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    words = str(raised).strip().splitlines()
    return f"{type(raised).__name__}{place}: {words[0] if words else 'no message'}"
