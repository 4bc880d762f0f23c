"""Overhead: judged only against the budget that the target promises."""

from collections.abc import Callable

from gatecert.suite import (
    MUST,
    CannotJudge,
    NotApplicable,
    Paired,
    Target,
    expect,
    faults,
    requirement,
)

_UNPROMISED = "no budget is promised ([fallback] p50_ms)"
_FIX = "Look for synchronous logging, policy calls and body parsing on the request path."
_FIX_FALLBACK = "Ask the backup at once: no back-off, no retry of the primary, a connection to the backup kept open."
_HINTS_FALLBACK = {"portkey": "no retry in the config: each attempt waits 1, 2, 4 seconds"}


@requirement(
    "OVER-01",
    MUST,
    source="guide: FAQ, single-digit milliseconds of overhead per request",
    why="Every turn and every step of a tool loop gets slower by this much.",
    fix=_FIX,
    needs=["overhead_p50_ms"],
    hints={
        "nginx": 'keepalive in the upstream, with proxy_http_version 1.1 and proxy_set_header Connection ""; client_body_buffer_size 1m, or each body takes the way over a file',
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
    why="In an outage every answer comes later by this much, for as long as the outage lasts.",
    fix=_FIX_FALLBACK,
    needs=["fallback"],
    since="0.2",
    hints=_HINTS_FALLBACK,
)
def test_fallback_within_budget(paired_fallback: Callable[..., Paired], target: Target) -> None:
    """A failing primary delays a whole answer by no more than the promised budget (median)."""
    _judged_if_promised(paired_fallback, target, stream=False)


@requirement(
    "OVER-04",
    MUST,
    source="guide: FAQ, configured fallbacks route to a backup provider before the user sees an error",
    why="In an outage every answer starts later by this much, and a turn of many steps adds it up.",
    fix=_FIX_FALLBACK,
    needs=["fallback", "fallback.streams"],
    since="0.2",
    hints=_HINTS_FALLBACK,
)
def test_streamed_fallback_within_budget(
    paired_fallback: Callable[..., Paired], target: Target
) -> None:
    """A failing primary delays the first content event by no more than the promised budget (median)."""
    _judged_if_promised(paired_fallback, target, stream=True)


def _judged_if_promised(measure: Callable[..., Paired], target: Target, *, stream: bool) -> None:
    """Judge by the promised budget; without one say what was measured, and blame nobody."""
    if target.fallback.p50_ms is not None:
        _judged(measure(faults.failure(target), stream=stream))
        return
    try:
        found = measure(faults.failure(target), stream=stream)
    except CannotJudge as exc:
        raise NotApplicable(f"{_UNPROMISED}; not measured: {exc.sentence}", "no-promise") from exc
    told = found.invalid or f"{found.overhead.median_ms:.2f} ms ({_interval(found)})"
    word = "not measured" if found.invalid else "measured"
    raise NotApplicable(f"{_UNPROMISED}; {word}: {told}", "no-promise")


def _judged(found: Paired) -> None:
    if found.invalid:
        raise CannotJudge("measurement-invalid", f"the measurement is invalid: {found.invalid}")
    over, budget = found.overhead, found.budget_ms or 0
    expect(
        over.low_ms <= budget,
        f"at most {budget:g} ms for {found.what}",
        f"{over.median_ms:.2f} ms ({_interval(found)})",
    )
    if over.high_ms > budget:
        raise CannotJudge(
            "measurement-inconclusive",
            f"the 95 % interval {over.low_ms:.2f} to {over.high_ms:.2f} ms contains the budget of "
            f"{budget:g} ms; measure more pairs (--overhead-pairs) or on a quieter machine",
        )


def _interval(found: Paired) -> str:
    over = found.overhead
    interval = f"{over.low_ms:.2f} to {over.high_ms:.2f} ms"
    return f"95 % interval {interval}, {over.pairs} interleaved pairs"
