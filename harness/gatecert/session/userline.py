"""What the user sees, for the record: the exchange that decided a verdict, and the line for it."""

from __future__ import annotations

from collections.abc import Sequence

from gatecert.desktop import EngineProfile, Exchange
from gatecert.desktop.recovery import SeenLine, seen
from gatecert.record import Redactor, Seen
from gatecert.requirements import Judgement

_NOT_SHOWN = ("pass", "fixed", "not-applicable")


def user_sees(
    exchanges: Sequence[Exchange],
    judgement: Judgement,
    redactor: Redactor,
    profile: EngineProfile,
) -> Seen | None:
    """What the user of this client sees of what was judged, free of secrets; None for a pass."""
    if judgement.verdict in _NOT_SHOWN:
        return None
    line = _line(exchanges, judgement.came or judgement.sentence, profile)
    if line is None:
        return None
    return Seen(redactor.text(line.text), line.waits_s, line.requests, line.sureness)


def _line(exchanges: Sequence[Exchange], came: str, profile: EngineProfile) -> SeenLine | None:
    """The line for the exchange of which the verdict speaks, else for the newest one."""
    spoken_of = [e for e in exchanges if e.summary() in came]
    for exchange in (*reversed(spoken_of), *reversed(exchanges)):
        line = seen(exchange, profile)
        if line is not None:
            return line
    return None
