"""What the user of Claude Desktop gets to see after an answer, in one line. Pure.

The line follows from one exchange, on the assumption that the gateway answers the same way again.
Where the client then asks without a stream, a fault of the stream is taken not to come again, and
the line says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gatecert.desktop.draft import Draft
from gatecert.desktop.exchange import Chunk, Exchange, OutgoingRequest
from gatecert.desktop.profiles import EngineProfile
from gatecert.desktop.recovery.outcome import Outcome
from gatecert.desktop.recovery.persist import Clock, Limits, Persisted, persist
from gatecert.desktop.recovery.policy import RetryPolicy, policy_of

_MOST_QUOTED = 260
_MOST_SHOWN = 60
_LEAST_WAIT_S = 2.0
_UNSEEN = re.compile(r"[^\x20-\x7e\xa1-\uffff\U00010000-\U0010ffff]+")
_STREAM_FAULTS = (
    *("no-events", "undecodable", "bad-stream", "error-event", "ended", "reset", "silent"),
)
_ODDLY = ("unknown-wording", "token-count", "display")


@dataclass(frozen=True)
class SeenLine:
    """One line for a report.

    ``waits_s`` is how long the user waits in all, in seconds, ``requests`` how many requests the
    gateway gets meanwhile. ``sureness``: see :class:`gatecert.desktop.EngineProfile`.
    """

    text: str
    waits_s: float
    requests: int
    sureness: str


def seen(exchange: Exchange, profile: EngineProfile) -> SeenLine | None:
    """What the user sees after this answer to a first attempt; None where we left on purpose."""
    if exchange.fault is not None and exchange.fault.kind == "left":
        return None
    aside = _aside(exchange)
    if aside is not None:
        return SeenLine(aside, 0.0, 1, "inferred")
    policy = policy_of(profile)
    turn = rehearse(exchange, policy)
    text = " ".join(filter(None, (_lead(turn, policy), _told(turn))))
    return SeenLine(
        text, round(_waited_s(turn, policy), 1), _requests(turn, policy), _sure(turn, policy)
    )


def rehearse(exchange: Exchange, policy: RetryPolicy) -> Persisted:
    """The whole turn, if every request is answered like this first one. Nothing is sent."""
    draft = draft_of(exchange.request)

    def answer(asked: Draft) -> Exchange:
        whole = draft.stream and not asked.stream and _in_the_stream(exchange)
        return _answered_whole(exchange) if whole else exchange

    clock = Clock(sleep=lambda seconds: None, chance=lambda: 0.5)
    return persist(answer, draft, policy, clock=clock, limits=Limits(total_s=float("inf")))


def draft_of(request: OutgoingRequest) -> Draft:
    """The draft of which a request was made, as far as decisions need it."""
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        body = {}
    body = body if isinstance(body, dict) else {}
    messages = body.get("messages")
    rows = messages if isinstance(messages, list) else []
    body["messages"] = [row for row in rows if isinstance(row, dict) and "role" in row]
    most = body.get("max_tokens")
    body["max_tokens"] = most if type(most) is int else 1
    betas = tuple(filter(None, (request.header("anthropic-beta") or "").split(",")))
    timeout = request.header("x-stainless-timeout") or ""
    return Draft("seen", body, betas, int(timeout) if timeout.isdigit() else None)


def quoted(text: str, most: int = _MOST_QUOTED) -> str:
    """Somebody else's words on one line, without controls, and cut where they are long."""
    line = " ".join(_UNSEEN.sub(" ", text).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _aside(exchange: Exchange) -> str | None:
    """The line for what is no turn of a conversation: discovery, probe, connection test, count."""
    request = exchange.request
    path, bad = urlsplit(request.url).path, exchange.status != 200 or exchange.fault is not None
    if request.method == "HEAD":
        return "Nothing: the client takes any answer to its start-up probe."
    if path.endswith("/count_tokens"):
        return "Nothing: the client estimates the tokens itself." if bad else "Nothing unusual."
    if path.endswith("/models"):
        missing = "The model picker offers only the models that the settings name."
        return missing if bad or not isinstance(exchange.json(), dict) else "Nothing unusual."
    return _connection_test(exchange) if exchange.purpose == "connection test" else None


def _connection_test(exchange: Exchange) -> str:
    if exchange.status in (401, 403):
        told = f"Gateway rejected the configured credential (HTTP {exchange.status})"
        return f"Test connection says: “{told}”."
    if exchange.status != 200 or exchange.fault is not None:
        return f"Test connection fails: {quoted(exchange.summary())}."
    return "Test connection succeeds."


def _in_the_stream(exchange: Exchange) -> bool:
    """Whether what is wrong belongs to the stream, so that a whole answer may lack it."""
    if exchange.status is None or exchange.status >= 300:
        return False
    body = exchange.body.lstrip()
    return exchange.fault is not None or body.startswith(
        (b"event:", b"data:", b":", b"\xef\xbb\xbf")
    )


def _answered_whole(exchange: Exchange) -> Exchange:
    content = [{"type": "text", "text": "the answer"}]
    body = {"type": "message", "content": content, "usage": {}, "stop_reason": "end_turn"}
    return replace(exchange, chunks=[Chunk(0.0, json.dumps(body).encode())], fault=None, status=200)


def _waited_s(turn: Persisted, policy: RetryPolicy) -> float:
    return sum(a.wait_s + _lasted_s(a.outcome, policy) for a in turn.attempts)


def _lasted_s(outcome: Outcome, policy: RetryPolicy) -> float:
    """Silence lasts as long as the client's patience, not ours."""
    if outcome.kind == "no-headers":
        return policy.headers_s
    if outcome.kind == "silent":
        return policy.silence_s
    return outcome.exchange.end_ms / 1000


def _requests(turn: Persisted, policy: RetryPolicy) -> int:
    circles = [a for a in turn.attempts if a.outcome.kind == "redirect"]
    return len(turn.attempts) + sum(policy.redirect_hops - 1 for a in circles if _circle(a.outcome))


def _circle(outcome: Outcome) -> bool:
    return outcome.status in (307, 308)


def _sure(turn: Persisted, policy: RetryPolicy) -> str:
    outcome = turn.attempts[0].outcome
    if outcome.status == 401 and policy.shows_unauthorized:
        return policy.sureness_of("unauthorized")
    if turn.end.result == "partial" and policy.keeps_shown_text:
        return policy.sureness_of("shown")
    if any(a.why == "fallback" and a.outcome.kind == "answered" for a in turn.attempts):
        return "inferred"
    return policy.sureness_of(outcome.kind)


def _lead(turn: Persisted, policy: RetryPolicy) -> str:
    waited, requests = _waited_s(turn, policy), _requests(turn, policy)
    if requests == 1 and waited < _LEAST_WAIT_S:
        return ""
    times = f"{requests} requests" if requests > 1 else "1 request"
    if waited < _LEAST_WAIT_S:
        return f"After {times} in quick succession:"
    return f"After {_duration(waited)} of waiting ({times}):"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {seconds:.0f} seconds"
    minutes = seconds / 60
    return f"about {minutes:.0f} minutes" if minutes < 100 else f"about {minutes / 60:.1f} hours"


def _told(turn: Persisted) -> str:
    result, outcome = turn.end.result, turn.last.outcome
    message = quoted(turn.end.message)
    if result == "compact":
        return "The conversation is compacted first; its early part is replaced by a summary."
    if result == "empty":
        return _nothing(turn)
    if result == "partial":
        return f"The user sees the text so far ({_excerpt(turn)}), then reads: “{message}”."
    if result == "answered":
        return _answer(turn, outcome)
    return f"The user reads: “{message}”." if message else "The turn ends without a message."


def _nothing(turn: Persisted) -> str:
    shown = turn.attempts[0].outcome.reading.shown
    if shown:
        return (
            f"The user sees text appear ({_excerpt(turn)}) and vanish: no block was finished, so "
            "the answer counts as empty, without an error."
        )
    return "The user sees an empty answer, without an error."


def _answer(turn: Persisted, outcome: Outcome) -> str:
    if turn.last.why == "fallback":
        vanished = turn.attempts[0].outcome.reading.shown
        text = f"The text so far ({_excerpt(turn)}) is dropped, and the" if vanished else "The"
        return (
            f"{text} answer comes whole, without streaming, if the gateway serves the repeated "
            "request with stream: false."
        )
    losses = [*_of_tools(outcome), *_of_blocks(outcome)]
    if losses:
        return " ".join(losses)
    return "Nothing unusual: the answer looks complete."


def _of_tools(outcome: Outcome) -> list[str]:
    found = []
    for block in outcome.blocks:
        if block.get("type") != "tool_use":
            continue
        name, given = quoted(str(block.get("name")), 40), block.get("input")
        if given == {}:
            found.append(f"The tool {name} is called with {{}} as its arguments.")
        elif isinstance(given, Mapping) and "__unparsedToolInput" in given:
            found.append(
                f"The tool {name} fails, because its arguments are no JSON; the model is told so."
            )
    return found


def _of_blocks(outcome: Outcome) -> list[str]:
    lost = outcome.reading.lost
    if not lost:
        return []
    blocks = "1 block" if lost == 1 else f"{lost} blocks"
    return [f"A part is missing: {blocks} never stopped and {'is' if lost == 1 else 'are'} lost."]


def _excerpt(turn: Persisted) -> str:
    shown = turn.attempts[0].outcome.reading.shown or turn.last.outcome.text
    return f"“{quoted(shown, _MOST_SHOWN)}”"
