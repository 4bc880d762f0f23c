"""Where a turn stands: the attempts so far, what was set, and the two ways to go on."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from gatecert.desktop.draft import Draft
from gatecert.desktop.recovery import words
from gatecert.desktop.recovery.outcome import Outcome
from gatecert.desktop.recovery.policy import OVERLOADED, RetryPolicy

_MOST_RETRIES = 15
_OPUS = "opus"


@dataclass(frozen=True)
class Options:
    """What a user or administrator can set.

    ``max_retries`` stands for ``CLAUDE_CODE_MAX_RETRIES`` (at most 15), ``fallback`` False for
    ``CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK``, ``fallback_model`` for ``--fallback-model``.
    ``renewable`` says that a refused credential can be renewed once.
    """

    max_retries: int | None = None
    fallback: bool = True
    fallback_model: str = ""
    renewable: bool = False


@dataclass(frozen=True)
class Attempt:
    """One request of a turn: why and after which wait (s) it was sent, and what it got."""

    draft: Draft
    outcome: Outcome
    why: str = "first"
    wait_s: float = 0.0
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Again:
    """Send this draft after a wait (s)."""

    wait_s: float
    draft: Draft
    why: str


@dataclass(frozen=True)
class End:
    """The turn is over.

    ``result`` is ``answered``, ``empty`` (in good faith, and nothing to read), ``partial`` (text
    stays on the screen, with a notice), ``failed``, ``compact`` (the conversation is shortened
    first) or ``stopped`` (by our own limit). ``message`` is what is shown, empty for an answer.
    """

    result: str
    message: str = ""


Decision = Again | End


@dataclass(frozen=True)
class Situation:
    """Everything a decision rests on."""

    policy: RetryPolicy
    options: Options
    history: Sequence[Attempt]
    chance: float
    now: datetime.datetime

    @property
    def last(self) -> Attempt:
        """The attempt that was just answered."""
        return self.history[-1]

    @property
    def outcome(self) -> Outcome:
        """What it got."""
        return self.last.outcome

    @property
    def retries(self) -> int:
        """How often a failure may be repeated."""
        wanted = self.options.max_retries
        return self.policy.retries if wanted is None else max(0, min(wanted, _MOST_RETRIES))

    def count(self, *reasons: str) -> int:
        """How many attempts were made for one of these reasons."""
        return sum(attempt.why in reasons for attempt in self.history)

    @property
    def fell_back(self) -> bool:
        """Whether the last request was the one without stream, or a repeat of it."""
        return bool(self.count("fallback")) and not self.last.draft.stream

    @property
    def retries_in_this_form(self) -> int:
        """How often the request was repeated as it is, with or without stream."""
        stream = self.last.draft.stream
        return sum(a.why == "retry" and a.draft.stream == stream for a in self.history)

    @property
    def may_retry(self) -> bool:
        """Whether one more failure may be repeated."""
        if self.fell_back and self.policy.fallback_shares:
            return self.count("retry", "fallback") < self.retries
        return self.retries_in_this_form < self.retries

    @property
    def overloads(self) -> int:
        """How many answers said that there is no capacity."""
        return sum(attempt.outcome.overloaded for attempt in self.history)

    @property
    def overloaded_for_good(self) -> bool:
        """Whether this is the last 529 that is waited for."""
        bounded = bool(self.options.fallback_model) or _OPUS in str(
            self.last.draft.body.get("model")
        )
        overloaded = self.outcome.status == OVERLOADED
        return overloaded and bounded and self.overloads >= self.policy.overloaded

    def end(self, result: str = "failed") -> End:
        """The end, with the message for this situation."""
        before = next((a for a in self.history if a.outcome.streamed), None)
        draft, outcome = self.last.draft, self.outcome
        if self.overloaded_for_good:
            return End(result, words.overloaded(outcome.exchange))
        return End(result, words.message(self.policy, draft, outcome, before))
