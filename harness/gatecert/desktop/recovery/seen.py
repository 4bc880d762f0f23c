"""What the user of Claude Desktop gets to see after an answer, in one line. Pure.

The line follows from one exchange, on the assumption that the gateway answers the same way again.
Where the client then asks without a stream, a fault of the stream is taken not to come again, and
the line says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gatecert.desktop.diagnosis import diagnose_probe
from gatecert.desktop.draft import Draft
from gatecert.desktop.exchange import Chunk, Exchange, OutgoingRequest
from gatecert.desktop.models import usable_models
from gatecert.desktop.profiles import EngineProfile
from gatecert.desktop.quoting import cited
from gatecert.desktop.recovery.outcome import Outcome
from gatecert.desktop.recovery.persist import Clock, Limits, Persisted, persist
from gatecert.desktop.recovery.policy import RetryPolicy, policy_of
from gatecert.desktop.recovery.sentences import sentence


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
    waited_s, requests = _waited_s(turn, policy), _requests(turn, policy)
    text = sentence(turn, waited_s, requests)
    return SeenLine(text, round(waited_s, 1), requests, _sure(turn, policy))


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


def _aside(exchange: Exchange) -> str | None:
    """The line for what is no turn of a conversation: discovery, probe, connection test, count."""
    request = exchange.request
    path, bad = urlsplit(request.url).path, exchange.status != 200 or exchange.fault is not None
    if request.method == "HEAD":
        return "The user notices nothing: any answer to the start-up probe will do."
    if path.endswith("/count_tokens"):
        own = ": the client estimates the tokens itself" if bad else ""
        return f"The user notices nothing{own}."
    if path.endswith("/models"):
        if bad or not usable_models(exchange.json()):
            return "The user finds only the models in the picker that the settings name."
        return "The user notices nothing: the picker offers what the gateway lists."
    if exchange.purpose == "title request" and bad:
        return "The user finds the conversation without a title."
    return _connection_test(exchange) if exchange.purpose == "connection test" else None


def _connection_test(exchange: Exchange) -> str:
    told = diagnose_probe(exchange, str(draft_of(exchange.request).body.get("model", "")))
    if told.ok:
        return "Whoever tests the connection sees it succeed."
    return f"Whoever tests the connection reads: {cited(told.message)}"


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
    # a time in which something went wrong says nothing about an answer's
    end_ms = 0.0 if exchange.fault else exchange.end_ms
    whole = [Chunk(0.0, json.dumps(body).encode())]
    return replace(exchange, chunks=whole, fault=None, status=200, end_ms=end_ms)


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
    again = turn.last.why == "continuation" and outcome.kind == "ended"
    if again or any(a.why == "fallback" and a.outcome.kind == "answered" for a in turn.attempts):
        return "inferred"
    return policy.sureness_of(outcome.kind)
