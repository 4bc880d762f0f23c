"""Overhead: judged only against the budget that the target promises."""

from collections.abc import Callable

from gatecert.suite import MUST, CannotJudge, Paired, expect, requirement

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


def _judged(found: Paired) -> None:
    if found.invalid:
        raise CannotJudge("measurement-invalid", f"the measurement is invalid: {found.invalid}")
    over, budget = found.overhead, found.budget_ms
    interval = f"{over.low_ms:.2f} to {over.high_ms:.2f} ms"
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
