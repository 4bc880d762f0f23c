"""The faults of a provider, each one row of the matrix, and the modes, each one column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gatecert.gateways.target import Target
from gatecert.session.witness import HOLD_MS
from gatecert.upstream import Block, Plan

WHOLE, STREAMED, HISTORY, COUNT = "whole", "streamed", "streamed, tools before", "count_tokens"
MODES = (WHOLE, STREAMED, HISTORY, COUNT)
PRIMARY_TEXT = "From the primary, as it was asked. "
BACKUP_TEXT = "From the backup, which stood ready. "
PRIMARY_TOKENS, BACKUP_TOKENS = 2095, 1234

Kind = Literal["failing", "client", "broken", "begun", "both", "healthy"]

NO_FAULT = "nothing fails"

_NO_EVENTS = "a whole answer has no events"
_NOT_COUNTED = "a count is one small number, which comes whole or not at all"
_NEVER_BEGUN = {WHOLE: _NO_EVENTS, COUNT: _NO_EVENTS}
# long enough to be seen waiting, and far below the patience of any gateway
_SLOW_MS = 250
_PIECES = 6


def answer_of(provider: str, **changes: object) -> Plan:
    """A good answer that says from whom it is."""
    primary = provider == "primary"
    text = PRIMARY_TEXT if primary else BACKUP_TEXT
    return Plan(
        blocks=(Block("text", (text,) * _PIECES),),
        input_tokens=PRIMARY_TOKENS if primary else BACKUP_TOKENS,
        **changes,  # type: ignore[arg-type]
    )


@dataclass(frozen=True)
class Fault:
    """What the primary does, and what the backup does then.

    ``kind`` says what may be expected: ``failing`` (the backup shall answer, where ``promise`` is
    made), ``client`` (the client's own mistake: its error shall come back), ``broken`` (a 200 that
    is none), ``begun`` (the answer breaks off after it has begun), ``both`` (no provider is good)
    and ``healthy`` (the primary is good, however slow). ``promise`` is what a target must promise
    for the turn to survive, as a need of a requirement; ``model`` names the field of the target
    that holds the model to ask. ``left_out`` says for which modes it makes no sense, and why.
    """

    name: str
    kind: Kind
    primary: Plan
    backup: Plan = field(default_factory=lambda: answer_of("backup"))
    promise: str = ""
    model: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)

    def without(self, mode: str, target: Target) -> str:
        """Why the cell of this fault and mode is not tried, or ``""`` if it is."""
        if mode in self.left_out:
            return self.left_out[mode]
        if mode == COUNT and not target.promises.serves_count_tokens:
            return "the target does not promise serves_count_tokens"
        if self.model == "unreachable" and not target.models.unreachable_primary:
            return target.lacks("models.unreachable_primary")
        if self.model == "impatient" and target.fallback.after_ms is None:
            return target.lacks("fallback.after_ms")
        return ""

    def promised(self, mode: str, target: Target) -> bool:
        """Whether the target promises that the turn survives this fault in this mode."""
        if not self.promise or target.lacks(self.promise):
            return False
        if mode == COUNT:
            return not target.lacks("fallback.count_tokens")
        return mode == WHOLE or not target.lacks("fallback.streams")


def _status(status: int, name: str = "", **headers: str) -> Fault:
    return Fault(
        name or f"{status}",
        "failing",
        Plan(status=status, headers=headers),
        promise=f"fallback.{status}",
    )


def _client(status: int, message: str) -> Fault:
    plan = Plan(status=status, error={"message": message})
    return Fault(f"{status}, the client's own mistake", "client", plan)


def _broken(name: str, body: str, kind: str) -> Fault:
    return Fault(name, "broken", Plan(body=body, headers={"content-type": kind}))


def _begun(name: str, **changes: object) -> Fault:
    left_out = {COUNT: _NOT_COUNTED} if "cut_bytes" in changes else _NEVER_BEGUN
    return Fault(name, "begun", answer_of("primary", **changes), left_out=left_out)


FAULTS: Sequence[Fault] = (
    Fault(NO_FAULT, "healthy", answer_of("primary")),
    _client(400, "messages: the request is not to the model's taste"),
    _client(413, "the request exceeds the maximum size"),
    *(_status(status) for status in (401, 403, 404, 408, 429)),
    _status(429, "429 with retry-after: 2", **{"retry-after": "2"}),
    *(_status(status) for status in (500, 502, 503, 504, 529)),
    Fault(
        "connection refused",
        "failing",
        Plan(),
        promise="fallback.connection",
        model="unreachable",
    ),
    Fault("closed before the answer", "failing", Plan(drop=True), promise="fallback.connection"),
    Fault(
        "reset before the answer",
        "failing",
        Plan(drop=True, reset=True),
        promise="fallback.connection",
    ),
    Fault(
        "answer does not begin in time",
        "failing",
        answer_of("primary", hold_after=-1, hold_ms=HOLD_MS),
        promise="fallback.after_ms",
        model="impatient",
    ),
    Fault("answer begins late, in time", "healthy", answer_of("primary", delay_ms=_SLOW_MS)),
    Fault(
        "pause behind the answer's beginning",
        "healthy",
        answer_of("primary", hold_after=0, hold_ms=_SLOW_MS),
        left_out={COUNT: _NOT_COUNTED},
    ),
    Fault(
        "500, and a slow backup",
        "failing",
        Plan(status=500),
        answer_of("backup", delay_ms=_SLOW_MS),
        promise="fallback.500",
    ),
    _broken("an HTML page with 200", "<html><body>Welcome to the proxy</body></html>", "text/html"),
    _broken("JSON cut short, with 200", '{"type": "message", "content": [{"ty', "application/json"),
    Fault(
        "error event as the first event",
        "broken",
        Plan(error_event={"type": "overloaded_error", "message": "Overloaded"}),
        left_out=_NEVER_BEGUN,
    ),
    _begun(
        "error event after the first event",
        error_event={"type": "overloaded_error", "message": "Overloaded"},
        error_event_after=1,
    ),
    _begun(
        "error event behind visible text",
        error_event={"type": "overloaded_error", "message": "Overloaded"},
        error_event_after=6,
    ),
    _begun("cut after the first event", cut_events=1),
    _begun("cut behind visible text", cut_events=6),
    _begun("reset behind visible text", cut_events=6, reset=True),
    _begun("ended properly, without its end events", end_events=6),
    Fault(
        "cut within a whole answer",
        "begun",
        answer_of("primary", cut_bytes=200),
        left_out=dict.fromkeys((STREAMED, HISTORY), "see the rows on cut streams")
        | {COUNT: _NOT_COUNTED},
    ),
    Fault("both fail: 529, then 500", "both", Plan(status=529), Plan(status=500)),
    Fault("both fail: 500, then closed", "both", Plan(status=500), Plan(drop=True)),
)


def named(*kinds: str) -> list[Fault]:
    """The faults of these kinds, in the order of the matrix."""
    return [fault for fault in FAULTS if fault.kind in kinds]


def fault(name: str) -> Fault:
    """The fault of this name."""
    return next(one for one in FAULTS if one.name == name)


def failure(target: Target) -> Plan:
    """A failure of the primary after which the target promises the backup."""
    statuses = target.fallback.statuses
    if not statuses:
        return Plan(drop=True)
    return Plan(status=500 if 500 in statuses else statuses[0])
