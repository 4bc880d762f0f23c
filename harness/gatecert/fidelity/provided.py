"""Faults of the scripted provider by their names in captures, and its answers in memory. Pure.

Real clients met them through the embedded gateway (``nox -s clients -- --faults``); the simulated
ones meet the same plans here. The last plan of a fault serves all later attempts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gatecert.desktop.exchange import Chunk, Exchange, Fault, OutgoingRequest
from gatecert.upstream import Block, Plan, messages_api

_GOOD = Plan()
_NO_CAPACITY = {"type": "overloaded_error", "message": "fake overloaded_error"}
_OVERLOADED = Plan(status=529, error=_NO_CAPACITY)
_FAILED = Plan(status=500, error={"type": "api_error", "message": "fake api_error"})
_EARLY = Plan(error_event=_NO_CAPACITY, error_event_after=1)
_LATE = Plan(error_event=_NO_CAPACITY, error_event_after=4)
_TWO = (Block("text", ("A whole ", "block.")), Block("text", ("Another ", "one that ", "is cut")))
_PAGE = "<html><title>Blocked</title></html>"
# as long as the provider's own tokens, so that answers are as long as theirs
_TOKEN = "gc-" + "0" * 32
_CUT = Fault("closed", "peer closed connection without sending complete message body")


def _without(kind: str) -> Plan:
    """A good stream that lacks every event of a kind."""
    script = messages_api.events(Plan(), "", "claude")
    return Plan(events=[[name, data] for name, data in script if name != kind])


def _data_only() -> Plan:
    """A good stream without any ``event:`` line."""
    script = messages_api.events(Plan(), "", "claude")
    lines = [messages_api.encode(event).partition(b"\n")[2] for event in script]
    return Plan(body=b"".join(lines).decode(), headers={"content-type": "text/event-stream"})


BREAKING: Mapping[str, Sequence[Plan]] = {
    "html": (Plan(body=_PAGE, headers={"content-type": "text/html"}),),
    "s_noevent": (_data_only(), _GOOD),
    "s_nostop": (_without("message_stop"),),
    "s_nocbstop": (_without("content_block_stop"), _GOOD),
    "s_fin_mid": (Plan(cut_events=5),),
    "s_err_start": (_EARLY, _EARLY, _EARLY, _GOOD),
    "s_err_mid": (_LATE, _GOOD),
    "maxtok": (Plan(stop_reason="max_tokens"),),
    "refusal": (Plan(stop_reason="refusal"),),
}
# what goes on after the first answer: the fallback fails, or a whole block came before the fault
REPEATING: Mapping[str, Sequence[Plan]] = {
    "s_err_mid then err:529:overloaded_error": (_LATE, _OVERLOADED),
    "s_noevent then err:500:api_error": (_data_only(), _FAILED),
    "s_fin_mid then text": (Plan(cut_events=5), _GOOD),
    "s_rst_mid": (Plan(cut_events=5, reset=True),),
    "s_fin_block2": (Plan(blocks=_TWO, cut_events=9),),
    "s_rst_block2": (Plan(blocks=_TWO, cut_events=9, reset=True),),
    "s_err_block2": (Plan(blocks=_TWO, error_event=_NO_CAPACITY, error_event_after=9),),
}


def given(plan: Plan, request: OutgoingRequest, *, stream: bool, gap_ms: float = 0) -> Exchange:
    """What the provider answers, as it comes out of the embedded gateway.

    ``gap_ms`` is the wait before each further event of a stream.
    """
    if plan.body is not None:
        return _whole(plan, request, plan.status, plan.body.encode())
    if plan.status >= 400 or (plan.error_event and not stream):
        wanted = plan.error or plan.error_event or {}
        status = plan.status if plan.status >= 400 else _OVERLOADED.status
        return _whole(plan, request, status, _json({"type": "error", "error": dict(wanted)}))
    if stream:
        return _streamed(plan, request, gap_ms)
    return _whole(plan, request, 200, _json(messages_api.message(plan, _TOKEN, "claude")))


def _streamed(plan: Plan, request: OutgoingRequest, gap_ms: float) -> Exchange:
    events = list(messages_api.events(plan, _TOKEN, "claude"))
    sent = events if plan.cut_events is None else events[: plan.cut_events]
    return Exchange(
        "recorded",
        request,
        200,
        headers=_headers("text/event-stream"),
        chunks=[Chunk(0.0, b"".join(map(messages_api.encode, sent)))],
        fault=_CUT if plan.cut_events is not None else None,
        # the wait comes before each event but the first, also before one that is cut off
        end_ms=gap_ms * (len(sent) - 1),
    )


def _whole(plan: Plan, request: OutgoingRequest, status: int, body: bytes) -> Exchange:
    kind = plan.headers.get("content-type", "application/json")
    more = [(name, value) for name, value in plan.headers.items() if name != "content-type"]
    headers = [*_headers(kind), *more]
    return Exchange("recorded", request, status, headers=headers, chunks=[Chunk(0.0, body)])


def _headers(kind: str) -> list[tuple[str, str]]:
    return [
        ("content-type", kind),
        ("request-id", "req_fake"),
        ("anthropic-organization-id", "fake"),
    ]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
