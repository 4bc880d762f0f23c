"""Overhead: judged only against the budget that the target promises."""

from collections.abc import Callable

from gatecert.suite import (
    MUST,
    CannotJudge,
    NotApplicable,
    Paired,
    Plan,
    Target,
    expect,
    faults,
    requirement,
)

_FIX = "Look for synchronous logging, policy calls and body parsing on the request path."


@requirement(
    "OVER-01",
    MUST,
    source="guide: FAQ, single-digit milliseconds of overhead per request",
    why="Every turn and every step of a tool loop gets slower by this much.",
    fix=_FIX,
    needs=["overhead_p50_ms"],
    hints={
        "nginx": 'keepalive in the upstream, with proxy_http_version 1.1 and proxy_set_header Connection ""',
        "haproxy": "http-reuse safe",
    },
)
def test_whole_answer_within_budget(paired: Callable[..., Paired]) -> None:
    """The gateway adds no more than the promised budget to a whole answer (median)."""
    _judged(paired(stream=False))


@requirement(
    "OVER-02",
    MUST,
    source="guide: FAQ, single-digit milliseconds of overhead per request",
    why="Every answer starts later by this much.",
    fix=_FIX + " Flush the first event at once.",
    needs=["overhead_first_event_p50_ms"],
)
def test_first_event_within_budget(paired: Callable[..., Paired]) -> None:
    """The gateway adds no more than the promised budget to the first content event (median)."""
    _judged(paired(stream=True))


@requirement(
    "OVER-03",
    MUST,
    source="guide: FAQ, configured fallbacks route to a backup provider before the user sees an error",
    why="In an outage every turn starts later by this much, for as long as the outage lasts.",
    fix="Ask the backup at once: no back-off, no retry of the primary, a connection to the backup kept open.",
    needs=["fallback"],
    since="0.2",
    hints={"portkey": "no retry in the config: each attempt waits 1, 2, 4 seconds"},
)
def test_fallback_within_budget(paired_fallback: Callable[[Plan], Paired], target: Target) -> None:
    """A failing primary costs no more than the promised budget, against a good one (median)."""
    _judged(paired_fallback(faults.failure(target)))


def _judged(found: Paired) -> None:
    if found.invalid:
        raise CannotJudge("measurement-invalid", f"the measurement is invalid: {found.invalid}")
    over, budget = found.overhead, found.budget_ms
    interval = f"{over.low_ms:.2f} to {over.high_ms:.2f} ms"
    if budget is None:
        raise NotApplicable(
            f"no budget is promised ([fallback] p50_ms); measured: {over.median_ms:.2f} ms "
            f"(95 % interval {interval}, {over.pairs} interleaved pairs)",
            "no-promise",
        )
    expect(
        over.low_ms <= budget,
        f"at most {budget:g} ms for {found.what}",
        f"{over.median_ms:.2f} ms (95 % interval {interval}, {over.pairs} interleaved pairs)",
    )
    if over.high_ms > budget:
        raise CannotJudge(
            "measurement-inconclusive",
            f"the 95 % interval {interval} contains the budget of {budget:g} ms; "
            "measure more pairs (--overhead-pairs) or on a quieter machine",
        )
