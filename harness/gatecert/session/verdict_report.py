"""A test's outcome as a verdict, and the verdict as pytest shows it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any

import pytest

from gatecert.gateways.target import Target
from gatecert.record import Evidence, Redactor, Result
from gatecert.report.hints import as_sentence, recognised, told_hints
from gatecert.report.visible import one_line
from gatecert.requirements import CannotJudge, Judgement, NotMet, Requirement
from gatecert.session.conductor import Shared
from gatecert.session.judge import (
    gateway_lost,
    honest,
    judge,
    not_applicable,
    over_untrusted,
    provider_lost,
    to_result,
    with_known,
)
from gatecert.session.services import answers, reachable
from gatecert.session.stash import COOLED_S, JUDGEMENT
from gatecert.session.userline import user_sees
from gatecert.session.witness import Witness
from gatecert.upstream import Provider, ProviderUnreachable

_SHOWN_AS = {"fail": "failed", "error": "failed", "pass": "passed", "fixed": "passed"}


def check_needs(item: pytest.Item, stated: Requirement, shared: Shared) -> None:
    """Skip a requirement that does not apply to the target, or cannot be judged there."""
    judgement = not_applicable(stated, shared.target) or over_untrusted(stated, shared.untrusted)
    if judgement is not None:
        item.stash[JUDGEMENT] = judgement
        pytest.skip(judgement.sentence)


def give_verdict(
    item: pytest.Item,
    call: pytest.CallInfo[None],
    report: pytest.TestReport,
    stated: Requirement,
    shared: Shared,
) -> None:
    """Attach the result to the report of the phase that decides, and show it as pytest does."""
    raised = call.excinfo.value if call.excinfo else None
    if call.when == "teardown" or (call.when == "setup" and raised is None):
        return
    if isinstance(raised, KeyboardInterrupt | pytest.exit.Exception):
        return
    witness = _witness(item)
    judgement = _judgement(item, stated, shared, raised, witness)
    redactor = _redactor(*map(tuple, shared.target.secrets), *witness.other_keys)
    known = shared.known.entries.get(stated.id)
    passed = judgement.verdict == "pass"
    judged = with_known(judgement, known)
    evidence = Evidence()
    if not passed or shared.evidence_of_passes:
        bodies = None if passed else shared.folder / "bodies"
        evidence = witness.evidence(_provider(item), redactor, bodies)
    seen = user_sees(witness.exchanges, judged, redactor, shared.profile)
    result = to_result(
        stated,
        judged,
        redactor,
        evidence=replace(evidence, seen=seen),
        duration_ms=call.duration * 1000,
        known=known,
    )
    report.gatecert = json.dumps(asdict(result))  # type: ignore[attr-defined]
    _show(report, result, raised, redactor, shared.target)
    if judgement.code in ("gateway-lost", "provider-lost"):
        item.session.shouldstop = judgement.sentence


@lru_cache(maxsize=4)
def _redactor(*secrets: tuple[str, str]) -> Redactor:
    """Nearly every requirement has the same secrets, and making a redactor takes 2 ms."""
    return Redactor(secrets)


def _judgement(
    item: pytest.Item,
    stated: Requirement,
    shared: Shared,
    raised: BaseException | None,
    witness: Witness,
) -> Judgement:
    settled = item.stash.get(JUDGEMENT, None)
    if settled is not None:
        return settled
    judgement = judge(raised, stated, enforced=shared.enforce_provisional)
    if _was_told(witness):
        judgement = honest(judgement)
    if raised is None and not any(e.fault for e in witness.exchanges):
        return judgement
    return _lost(item, shared, witness, raised) or _after_cooling(item, judgement)


def _was_told(witness: Witness) -> bool:
    """Whether the client was answered with an error, so that nothing was lost in silence."""
    statuses = [e.status for e in witness.exchanges if e.status is not None]
    return bool(statuses) and statuses[-1] >= 400


def _lost(
    item: pytest.Item, shared: Shared, witness: Witness, raised: BaseException | None
) -> Judgement | None:
    """The judgement if provider or gateway are gone: then nothing that was seen says anything."""
    provider = _provider(item)
    if provider is not None and raised is not None:
        try:
            provider.hello()
        except ProviderUnreachable as exc:
            return provider_lost(str(exc))
    trouble = reachable(shared.target.base_url)
    if trouble:
        return gateway_lost(trouble)
    hung = [e for e in witness.exchanges if e.fault and e.fault.kind == "timeout" and not e.status]
    if hung and raised is not None and not answers(shared.target.base_url):
        return gateway_lost("it still takes them, and answers nothing")
    return None


def _after_cooling(item: pytest.Item, judgement: Judgement) -> Judgement:
    cooled_s = item.stash.get(COOLED_S, 0.0)
    if not cooled_s:
        return judgement
    note = f" (judged again after the gateway had answered no plain turn for {cooled_s:.0f} s)"
    return replace(judgement, sentence=judgement.sentence + note)


def _show(
    report: pytest.TestReport,
    result: Result,
    raised: BaseException | None,
    redactor: Redactor,
    target: Target,
) -> None:
    """Let pytest's own outputs (terminal, JUnit) tell the same story, without secrets."""
    report.outcome = _SHOWN_AS.get(result.verdict, "skipped")  # type: ignore[assignment]
    report.sections = [(name, redactor.text(text)) for name, text in report.sections]
    new = " (provisional)" if result.provisional else ""
    line = one_line(f"{result.id} {result.verdict}{new}: {result.reason}")
    report.user_properties = [("id", result.id), ("verdict", result.verdict)]
    if report.outcome == "skipped":
        place = (str(report.fspath), report.location[1] or 0, line)
        report.longrepr = place
        if result.verdict in ("warn", "info", "known"):
            report.wasxfail = line
    elif report.outcome == "failed":
        ours = isinstance(raised, NotMet | CannotJudge)
        detail = "" if ours or raised is None else f"\n\n{redactor.text(str(report.longrepr))}"
        report.longrepr = f"{_words(result, target)}{detail}"
    else:
        report.longrepr = None


def _words(result: Result, target: Target) -> str:
    return (
        f"{result.id} ({result.level}): {result.title}\n"
        f"  expected: {one_line(result.expected or result.title)}\n"
        f"  came:     {one_line(result.came or result.reason)}\n"
        f"{_seen(result)}"
        f"  why:      {result.why}\n"
        f"  fix:      {result.fix}\n"
        f"{_hints(result, target)}"
        f"  suspect:  {result.suspect}{f', {result.hop}' if result.hop else ''}"
    )


def _hints(result: Result, target: Target) -> str:
    hints = told_hints(result, recognised(target.to_json(), [result]))
    return f"  hints:    {as_sentence(hints)}\n" if hints else ""


def _seen(result: Result) -> str:
    seen = result.evidence.seen
    return f"  user:     {one_line(seen.text)}\n" if seen else ""


def _witness(item: pytest.Item) -> Witness:
    found: Any = getattr(item, "funcargs", {}).get("witness")
    return found if isinstance(found, Witness) else Witness()


def _provider(item: pytest.Item) -> Provider | None:
    found: Any = getattr(item, "funcargs", {}).get("control")
    return found if isinstance(found, Provider) else None
