"""What is wrong with what was seen in a cell. Pure: an observation and a promise go in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gatecert.arrival import forgiven
from gatecert.checks import json_equal
from gatecert.fallbacks.faults import COUNT, HISTORY, NO_FAULT
from gatecert.fallbacks.observing import BEFORE, Observation
from gatecert.gateways.target import Target

Aspect = Literal[
    "survival",
    "honesty",
    "unity",
    "attempts",
    "mistakes",
    "model",
    "patience",
    "history",
    "error",
]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in one cell.

    ``silent`` says that the client was not told.
    """

    aspect: Aspect
    expected: str
    came: str
    silent: bool = False


def problems(seen: Observation, target: Target) -> list[Problem]:
    """All that is wrong in this cell, the worst first."""
    return [*_answer(seen, target), *_requests(seen, target)]


def _answer(seen: Observation, target: Target) -> Iterator[Problem]:
    """What is wrong with what the client got."""
    kind, came = seen.fault.kind, told(seen)
    if len(seen.spoke) > 1 or _starts(seen) > 1:
        yield Problem("unity", "one answer of one provider", came, silent=True)
    elif seen.finished and not seen.whole:
        yield Problem(
            "honesty", "a whole answer, or one that can be told to be none", came, silent=True
        )
    owed = kind == "failing" and seen.fault.promised(seen.mode, target)
    if owed and seen.answered_by != "backup":
        yield Problem("survival", "the backup's answer, whole", came)
    if kind == "healthy" and seen.answered_by != "primary":
        yield Problem(_of_healthy(seen), "the answer of the primary, which is good", came)
    if kind in ("both", "client") and not seen.answered_by and not _readable(seen):
        wanted = "an error with a status from 400 on and a message that the client can show"
        yield Problem("error", wanted, came)
    if kind == "client" and not seen.answered_by and seen.exchange.status != _status(seen):
        yield Problem("mistakes", f"the provider's own HTTP {_status(seen)}", came)
    allowed = {seen.model, *seen.models_asked(seen.answered_by)}
    if seen.answered_by and seen.answered_model and seen.answered_model not in allowed:
        wanted = f"the model's name to be {' or '.join(sorted(allowed))}"
        yield Problem("model", wanted, f"{seen.answered_model!r}", silent=True)


def _requests(seen: Observation, target: Target) -> Iterator[Problem]:
    """What is wrong with what the providers got."""
    asked, most = seen.asked, target.fallback.attempts
    if asked.total() > most:
        yield Problem(
            "attempts",
            f"at most {most} requests at the providers for one of the client",
            f"{asked['primary']} at the primary and {asked['backup']} at the backup",
            silent=True,
        )
    if seen.fault.kind == "client" and asked["backup"]:
        yield Problem(
            "mistakes", "no request at the backup", "the same mistake made there", silent=True
        )
    if seen.fault.kind == "healthy" and asked["backup"]:
        wanted = "no request at the backup while the primary is good"
        yield Problem(_of_healthy(seen), wanted, "one", silent=True)
    if target.fallback.model_at_backup and not seen.fault.model:
        other = seen.models_asked("backup") - {target.fallback.model_at_backup}
        if other:
            wanted = f"the backup to be asked for {target.fallback.model_at_backup}"
            yield Problem("model", wanted, f"it asked for {', '.join(sorted(other))}", silent=True)
    if seen.mode == HISTORY:
        for receipt in seen.receipts:
            body = receipt.json()
            messages = body.get("messages") if isinstance(body, dict) else None
            kept = messages[1:] if isinstance(messages, list) else messages
            if not json_equal(BEFORE, forgiven(list(BEFORE), kept)):
                wanted = "the thinking, its signature, the tool's use and its result unchanged"
                came = f"another history at the {receipt.provider}"
                yield Problem("history", wanted, came, silent=True)


def _of_healthy(seen: Observation) -> Aspect:
    """What a good primary that is left is a matter of: of patience, if it is slow."""
    return "attempts" if seen.fault.name == NO_FAULT else "patience"


def told(seen: Observation) -> str:
    """What the client got, in words."""
    exchange = seen.exchange
    if seen.whole:
        return f"the {seen.answered_by}'s answer, whole"
    if exchange.status != 200:
        return exchange.summary()
    if seen.mode == COUNT:
        return f"HTTP 200 with {exchange.text[:60]!r}"
    words = " and the ".join(seen.spoke)
    begun = f"words of the {words}" if words else "no words"
    starts = _starts(seen)
    twice = f", begun {starts} times" if starts > 1 else ""
    if seen.finished:
        return f"HTTP 200 with {begun}{twice}, ended like a whole answer"
    return f"HTTP 200 with {begun}{twice}, {_end(seen)}"


def _end(seen: Observation) -> str:
    fault, turn = seen.exchange.fault, seen.turn
    if turn is not None and turn.stream and turn.assembled.error is not None:
        return "then an error event"
    if fault is not None:
        return f"then {fault.kind}"
    return "without its end" if turn is not None and turn.stream else "and no message"


def _starts(seen: Observation) -> int:
    if seen.turn is None or not seen.turn.stream:
        return 0
    return seen.turn.assembled.names.count("message_start")


def _readable(seen: Observation) -> bool:
    """Whether the client was told of a failure: by an error that it can show, or by a break."""
    exchange = seen.exchange
    if exchange.status is None:
        return False
    if exchange.status >= 400:
        return bool(exchange.error_message)
    streamed = seen.turn is not None and seen.turn.stream
    return bool(streamed and seen.turn and seen.turn.assembled.error)


def _status(seen: Observation) -> int:
    return seen.fault.primary.status
