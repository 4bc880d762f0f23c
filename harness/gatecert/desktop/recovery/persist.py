"""The loop: sends a turn as often as its client would, with clock and chance from outside."""

from __future__ import annotations

import datetime
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gatecert.desktop.draft import Draft
from gatecert.desktop.exchange import Exchange
from gatecert.desktop.recovery.changes import changes
from gatecert.desktop.recovery.decide import decide
from gatecert.desktop.recovery.outcome import Outcome, classify
from gatecert.desktop.recovery.policy import RetryPolicy
from gatecert.desktop.recovery.situation import Again, Attempt, End, Options

Send = Callable[[Draft], Exchange]


@dataclass(frozen=True)
class Clock:
    """Sleep, chance (from 0 to 1) and wall time. The default is the machine's."""

    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True)
class Limits:
    """Our own bounds, beyond which a turn is stopped: requests, and seconds in all."""

    requests: int = 40
    total_s: float = 2 * 3600.0


@dataclass(frozen=True)
class Persisted:
    """A turn to its end: every attempt, and what came of it."""

    attempts: Sequence[Attempt]
    end: End

    @property
    def last(self) -> Attempt:
        """The attempt that ended it."""
        return self.attempts[-1]

    @property
    def waits_s(self) -> list[float]:
        """The wait before each attempt but the first, in seconds."""
        return [attempt.wait_s for attempt in self.attempts[1:]]

    @property
    def elapsed_s(self) -> float:
        """Waits and exchanges together, in seconds."""
        return sum(a.wait_s + a.outcome.exchange.end_ms / 1000 for a in self.attempts)


def persist(
    send: Send,
    draft: Draft,
    policy: RetryPolicy,
    *,
    options: Options | None = None,
    clock: Clock | None = None,
    limits: Limits | None = None,
    renew: Callable[[], bool] | None = None,
) -> Persisted:
    """Send a draft, and whatever its client would send after it, until the turn is over.

    ``send`` makes one request. ``renew`` fetches a new credential and says whether there is one; it
    is asked once, or by the bare engine before every repeat after a 401.
    """
    clock, limits = clock or Clock(), limits or Limits()
    options = replace(options or Options(), renewable=renew is not None)
    attempts: list[Attempt] = []
    known: dict[tuple[int, bool], Outcome] = {}
    step, before = Again(0.0, draft, "first"), draft
    while True:
        exchange = send(step.draft)
        # the same answer is read once, however often a rehearsal gives it; attempts keep it alive
        which = id(exchange), step.draft.stream
        if which not in known:
            known[which] = classify(exchange, stream=step.draft.stream, mode=policy.reader)
        outcome = known[which]
        changed = changes(before, step.draft)
        attempts.append(Attempt(step.draft, outcome, step.why, step.wait_s, changed))
        done = Persisted(tuple(attempts), End("stopped"))
        decision = decide(policy, attempts, clock.chance(), options=options, now=clock.now())
        if isinstance(decision, Again) and not _credential(decision, done, renew):
            options = replace(options, renewable=False)
            decision = decide(policy, attempts, clock.chance(), options=options, now=clock.now())
        if isinstance(decision, End):
            return replace(done, end=decision)
        if _beyond(limits, done, decision):
            return done
        clock.sleep(decision.wait_s)
        before, step = step.draft, decision


def _credential(step: Again, done: Persisted, renew: Callable[[], bool] | None) -> bool:
    """Whether the step can be made: False if it needs a new credential and there is none."""
    refused = done.last.outcome.status == 401
    if renew is None or not refused or step.why not in ("credential", "retry"):
        return True
    return renew() or step.why == "retry"


def _beyond(limits: Limits, done: Persisted, step: Again) -> bool:
    many = len(done.attempts) >= limits.requests
    return many or done.elapsed_s + step.wait_s > limits.total_s
