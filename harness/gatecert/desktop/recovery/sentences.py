"""A turn's end as a sentence about its user. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from gatecert.desktop.faithful import UNPARSED_INPUT
from gatecert.desktop.quoting import cited, quoted
from gatecert.desktop.recovery.outcome import Outcome
from gatecert.desktop.recovery.persist import Persisted

_MOST_SHOWN = 60
_MOST_OF_A_NAME = 40
_LEAST_WAIT_S = 2.0


def sentence(turn: Persisted, waited_s: float, requests: int) -> str:
    """What the user of this turn waited for (s) and got."""
    does = _told(turn)
    times = f"{requests} requests" if requests > 1 else "1 request"
    if waited_s >= _LEAST_WAIT_S:
        return f"The user waits {_duration(waited_s)} ({times}), then {does}"
    if requests == 1:
        return f"The user {does}"
    return (
        f"The client asks {'twice' if requests == 2 else f'{requests} times'}, then the user {does}"
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {seconds:.0f} seconds"
    minutes = seconds / 60
    return f"about {minutes:.0f} minutes" if minutes < 100 else f"about {minutes / 60:.1f} hours"


def _told(turn: Persisted) -> str:
    """What the user does, as the end of a sentence whose subject is the user."""
    result = turn.end.result
    reads = f"reads: {cited(turn.end.message)}"
    if result == "compact":
        return "goes on in a shorter conversation: its early part is replaced by a summary."
    if result == "empty":
        return _nothing(turn)
    if result == "partial":
        return f"sees the text so far ({_excerpt(turn)}), then {reads}"
    if result == "answered":
        return _answer(turn)
    return reads if turn.end.message else "sees the turn end without a word."


def _nothing(turn: Persisted) -> str:
    if turn.attempts[0].outcome.reading.shown:
        return (
            f"sees text appear ({_excerpt(turn)}) and vanish: no block was finished, so the answer "
            "counts as empty, without an error."
        )
    return "sees an empty answer, without an error."


def _answer(turn: Persisted) -> str:
    outcome = turn.last.outcome
    if turn.last.why == "fallback":
        before = turn.attempts[0].outcome.reading.shown
        lost = f"; the text that appeared before ({_excerpt(turn)}) is no part of it"
        return (
            "gets the answer in one piece instead of a stream, if the gateway serves the repeated "
            f"request with stream: false{lost if before else ''}."
        )
    losses = [*_of_tools(outcome), *_of_blocks(outcome)]
    if losses:
        return f"gets an answer with losses: {'; '.join(losses)}."
    return "notices nothing: the answer looks complete."


def _of_tools(outcome: Outcome) -> list[str]:
    found = []
    for block in outcome.blocks:
        given = block.get("input") if block.get("type") == "tool_use" else None
        name = quoted(str(block.get("name")), _MOST_OF_A_NAME)
        if given == {}:
            found.append(f"the tool {name} is called with {{}} as its arguments")
        elif isinstance(given, Mapping) and UNPARSED_INPUT in given:
            found.append(f"the tool {name} fails, because its arguments are no JSON")
    return found


def _of_blocks(outcome: Outcome) -> list[str]:
    lost = outcome.reading.lost
    if lost < 2:
        return ["a block that never stopped is missing"] if lost else []
    return [f"{lost} blocks that never stopped are missing"]


def _excerpt(turn: Persisted) -> str:
    shown = turn.attempts[0].outcome.reading.shown or turn.last.outcome.text
    return f"“{quoted(shown, _MOST_SHOWN)}”"
