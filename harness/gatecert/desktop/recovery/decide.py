"""What a client does after an answer: the next request and the wait before it, or the end. Pure.

All that is decided depends on the policy, the attempts so far and one number by chance.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from gatecert.desktop.draft import Draft
from gatecert.desktop.exchange import Exchange
from gatecert.desktop.recovery import redraft
from gatecert.desktop.recovery.backoff import wait_s
from gatecert.desktop.recovery.ladder import next_rung, too_long
from gatecert.desktop.recovery.policy import RetryPolicy
from gatecert.desktop.recovery.sdkwords import thrown
from gatecert.desktop.recovery.situation import (
    Again,
    Attempt,
    Decision,
    End,
    Options,
    Situation,
)
from gatecert.desktop.recovery.words import gateway_words

_MOST_CONTINUATIONS = 3
_SDK_RETRY_COUNT = "X-Stainless-Retry-Count"
_NO_ANSWER = ("no-connection", "dropped", "no-headers")
_AS_GET = (301, 302, 303)


def decide(
    policy: RetryPolicy,
    history: Sequence[Attempt],
    chance: float,
    *,
    options: Options | None = None,
    now: datetime.datetime | None = None,
) -> Decision:
    """The next step after ``history``, whose last attempt was just answered.

    ``chance`` is from 0 to 1; ``now`` is needed for a ``retry-after`` that is a date.
    """
    moment = now or datetime.datetime.now(datetime.UTC)
    here = Situation(policy, options or Options(), history, chance, moment)
    if policy.family != "engine":
        return _sdk(here)
    if here.fell_back and here.outcome.kind not in _AFTER_THE_FALLBACK:
        return here.end()
    return _STEPS[here.outcome.kind](here)


def _sdk(here: Situation) -> Decision:
    kind, policy = here.outcome.kind, here.policy
    told = _should_retry(here.outcome.exchange)
    status = here.outcome.status
    failed = kind in ("http", "redirect", *_NO_ANSWER)
    again = kind in _NO_ANSWER or (kind == "redirect" and status not in _AS_GET)
    again = again or status in policy.statuses or status >= 500
    if not failed:
        return here.end() if thrown(policy, here.outcome)[0] else End("answered")
    if (again if told is None else told) and here.count("retry") < here.retries:
        draft = here.last.draft
        number = str(here.count("retry") + 1)
        return _retry(here, replace(draft, headers={**draft.headers, _SDK_RETRY_COUNT: number}))
    return here.end()


def _answered(here: Situation) -> Decision:
    return End("answered")


def _http(here: Situation) -> Decision:
    status, told = here.outcome.status, _should_retry(here.outcome.exchange)
    if told is False:
        return here.end()
    if status == 404 and here.last.draft.stream:
        return _fallback(here, whatever_is_set=True)
    if status == 400:
        return _bad_request(here, told is True)
    if status == 401 and here.policy.shows_unauthorized:
        # the bare engine renews a credential as well, before each of its usual repeats
        once = here.options.renewable and not here.count("credential")
        return Again(0.0, here.last.draft, "credential") if once else here.end()
    if status == 404 and here.fell_back:
        return _model(here)
    if here.overloaded_for_good:
        return _model(here)
    if told or status in here.policy.statuses or status >= 500:
        return _retry_or_end(here)
    return here.end()


def _bad_request(here: Situation, told: bool) -> Decision:
    message = gateway_words(here.outcome.exchange)
    if too_long(message):
        turns = [m for m in here.last.draft.body.get("messages", ()) if m.get("role") != "system"]
        return here.end("failed" if len(turns) < 3 else "compact")
    steps = [a for a in here.history if a.why.startswith("ladder:")]
    taken = [a.why.removeprefix("ladder:") for a in steps]
    before = [a.draft for a in here.history if not a.why.startswith("ladder:")]
    rung = next_rung(here.policy.ladder, message, here.last.draft, before[0], taken)
    if rung is not None:
        return Again(0.0, rung[1], f"ladder:{rung[0]}")
    return _retry_or_end(here) if told else here.end()


def _redirect(here: Situation) -> Decision:
    """Followed to the end by the real client: as GET, which finds nothing, or round in a circle."""
    if here.outcome.status not in _AS_GET:
        return _retry_or_end(here)
    return _fallback(here, whatever_is_set=True) if here.last.draft.stream else _model(here)


def _retry_or_end(here: Situation) -> Decision:
    return _retry(here) if here.may_retry else here.end()


def _retry(here: Situation, draft: Draft | None = None) -> Decision:
    done = here.retries_in_this_form
    wait = wait_s(here.policy, here.outcome.exchange, done, here.chance, here.now)
    return here.end() if wait is None else Again(wait, draft or here.last.draft, "retry")


def _no_message(here: Situation) -> Decision:
    if _shown(here):
        return here.end("partial")
    return _fallback(here)


def _error_event(here: Situation) -> Decision:
    if going_on := _after_blocks(here):
        return going_on
    early = not here.outcome.reading.shown
    most = min(here.policy.overloaded, here.retries + 1)
    if early and here.outcome.overloaded and here.overloads < most:
        return _retry(here)
    return _no_message(here)


def _ended(here: Situation) -> Decision:
    if going_on := _after_blocks(here):
        return going_on
    if not _shown(here) and here.count("retry") < min(here.policy.ended_retries, here.retries):
        return _retry(here)
    return _no_message(here)


def _reset(here: Situation) -> Decision:
    policy, reading = here.policy, here.outcome.reading
    if going_on := _after_blocks(here):
        return going_on
    if reading.blocks or _shown(here):
        return here.end("partial")
    if policy.reset_retries is not None:
        # the older engine repeats at once, and only while nothing at all has come
        most = 0 if reading.started else min(policy.reset_retries, here.retries)
        if here.count("retry") < most:
            return Again(0.0, here.last.draft, "retry")
        return _fallback(here)
    return _retry(here) if here.count("retry") < here.retries else _fallback(here)


def _silent(here: Situation) -> Decision:
    if going_on := _after_blocks(here):
        return going_on
    nothing = not here.outcome.reading.started
    if nothing and here.count("retry") < min(here.policy.silent_retries, here.retries):
        return Again(0.0, here.last.draft, "retry")
    return _no_message(here)


def _after_blocks(here: Situation) -> Decision | None:
    """What is done where whole blocks came before the fault: a terminal keeps them and stops."""
    if not here.outcome.reading.blocks:
        return None
    if here.policy.keeps_blocks:
        return here.end("partial")
    return _continue(here, redraft.AFTER_LOSS) if here.policy.continues_text else None


def _unfinished(here: Situation) -> Decision:
    return _continue(here, redraft.AFTER_LOSS)


def _max_tokens(here: Situation) -> Decision:
    return _continue(here, redraft.AFTER_LIMIT)


def _continue(here: Situation, sentence: str) -> Decision:
    """Keep what came and ask for the rest, three times at most."""
    if here.count("continuation") >= _MOST_CONTINUATIONS:
        return here.end("partial")
    draft = redraft.continued(here.last.draft, here.outcome.blocks, sentence)
    return Again(0.0, draft, "continuation")


def _empty(here: Situation) -> Decision:
    """Ask once more; an answer without content is taken as one after that."""
    if here.count("nudge"):
        return End("empty")
    return Again(0.0, redraft.nudged(here.last.draft), "nudge")


def _refusal(here: Situation) -> Decision:
    if not here.policy.repeats_refusal or here.count("refusal"):
        return here.end()
    return Again(0.0, redraft.after_refusal(here.last.draft, here.outcome.blocks), "refusal")


def _fallback(here: Situation, *, whatever_is_set: bool = False) -> Decision:
    """The same without stream. A 404 is repeated so whatever the switch says."""
    if not here.last.draft.stream or not (here.options.fallback or whatever_is_set):
        return here.end()
    policy = here.policy
    whole = redraft.without_stream(
        here.last.draft, writes_it=policy.writes_stream_false, timeout_s=policy.whole_timeout_s
    )
    return Again(0.0, whole, "fallback")


def _model(here: Situation) -> Decision:
    """The other model, if one was given, with the request as it was at first."""
    if not here.options.fallback_model or here.count("fallback-model"):
        return here.end()
    draft = here.history[0].draft.with_fields(model=here.options.fallback_model)
    return Again(0.0, draft, "fallback-model")


def _shown(here: Situation) -> bool:
    return here.policy.keeps_shown_text and bool(here.outcome.reading.shown)


def _should_retry(exchange: Exchange) -> bool | None:
    told = (exchange.header("x-should-retry") or "").strip().lower()
    return {"true": True, "false": False}.get(told)


_AFTER_THE_FALLBACK = ("answered", "empty", "max-tokens", "refusal", "http")
_STEPS: Mapping[str, Callable[[Situation], Decision]] = {
    "answered": _answered,
    "empty": _empty,
    "max-tokens": _max_tokens,
    "refusal": _refusal,
    "unfinished": _unfinished,
    "late-delta": _unfinished,
    "http": _http,
    "redirect": _redirect,
    "no-connection": _retry_or_end,
    "dropped": _retry_or_end,
    "no-headers": _retry_or_end,
    "malformed": lambda here: here.end(),
    "no-events": _no_message,
    "undecodable": _no_message,
    "bad-stream": _no_message,
    "error-event": _error_event,
    "ended": _ended,
    "reset": _reset,
    "silent": _silent,
    "left": lambda here: End("stopped"),
}
