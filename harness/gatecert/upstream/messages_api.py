"""The Messages API as the provider speaks it: bodies, event scripts and error envelopes.

No I/O: a plan goes in, JSON and server-sent events come out. Shapes follow the public Messages API.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from gatecert.upstream.directives import Block, Plan

Event = tuple[str, Any]

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
MODELS = (
    ("claude-opus-4-6", "Claude Opus 4.6", "2026-02-04T00:00:00Z"),
    ("claude-sonnet-4-6", "Claude Sonnet 4.6", "2026-02-17T00:00:00Z"),
    ("claude-sonnet-4-5", "Claude Sonnet 4.5", "2025-09-29T00:00:00Z"),
    ("claude-haiku-4-5", "Claude Haiku 4.5", "2025-10-15T00:00:00Z"),
    ("claude-haiku-4-5-20251001", "Claude Haiku 4.5", "2025-10-01T00:00:00Z"),
)
UNKNOWN_MODEL_MARK = "no-such-model"
MAX_REQUEST_BYTES = 32 * 1024 * 1024
_WITH_INPUT = ("tool_use", "server_tool_use", "mcp_tool_use")


def default_text(token: str) -> str:
    """The text of a default answer: only the request that carried the token can earn it."""
    return f"Answer for {token}: the quick brown fox jumps over the lazy dog."


def blocks(plan: Plan, token: str) -> list[Block]:
    """The content blocks of the answer, the default text if the plan names none."""
    if plan.blocks:
        return list(plan.blocks)
    text = default_text(token)
    return [Block("text", [text[i : i + 12] for i in range(0, len(text), 12)])]


def message(plan: Plan, token: str, model: str) -> dict[str, Any]:
    """A whole Message, as the answer to ``stream: false``."""
    return {
        **_message_head(model),
        "content": [_whole_block(block) for block in blocks(plan, token)],
        "stop_reason": plan.stop_reason,
        "stop_sequence": plan.stop_sequence,
        "usage": _usage(plan, plan.output_tokens),
        **plan.message,
    }


def written(answer: Any) -> bytes:
    """An answer as JSON text. A surrogate without its pair stays an escape, as UTF-8 has none."""
    return json.dumps(answer, ensure_ascii=False).encode("utf-8", "backslashreplace")


def events(plan: Plan, token: str, model: str) -> Iterator[Event]:
    """The event script of a streamed answer, in the canonical order."""
    return islice(_script(plan, token, model), plan.end_events)


def _script(plan: Plan, token: str, model: str) -> Iterator[Event]:
    if plan.events is not None:
        yield from ((str(name), data) for name, data in plan.events)
        return
    script = _canonical(plan, token, model)
    for number, event in enumerate(script):
        if plan.error_event is not None and number == plan.error_event_after:
            yield "error", {"type": "error", "error": dict(plan.error_event)}
            return
        yield event


def encode(event: Event, newline: str = "\n") -> bytes:
    """One server-sent event."""
    name, data = event
    compact = (",", ":")
    text = (
        data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=compact)
    )
    text_line = f"event: {name}{newline}data: {text}{newline}{newline}"
    return text_line.encode("utf-8", "backslashreplace")


def error(status: int, message: str, request_id: str, kind: str | None = None) -> dict[str, Any]:
    """The error envelope."""
    error_type = kind or ERROR_TYPES.get(status, "api_error")
    return {
        "type": "error",
        "error": {"type": error_type, "message": message},
        "request_id": request_id,
    }


def model_list() -> dict[str, Any]:
    """The answer to ``GET /v1/models``, all on one page."""
    return {
        "data": [
            {"type": "model", "id": name, "display_name": label, "created_at": created}
            for name, label, created in MODELS
        ],
        "has_more": False,
        "first_id": MODELS[0][0],
        "last_id": MODELS[-1][0],
    }


def new_request_id() -> str:
    """A request id in the provider's form."""
    return "req_" + secrets.token_hex(12)


def complaint(body: Any) -> tuple[int, str] | None:
    """What is wrong with a request to ``/v1/messages``: status and message, or None."""
    if not isinstance(body, Mapping):
        return 400, "The request body is not valid JSON: an object is expected"
    for key in ("model", "messages", "max_tokens"):
        if key not in body:
            return 400, f"{key}: Field required"
    if not isinstance(body["messages"], list):
        return 400, "messages: Input should be a valid list"
    if not body["messages"]:
        return 400, "messages: at least one message is required"
    limit = body["max_tokens"]
    whole = isinstance(limit, int) or (isinstance(limit, float) and limit.is_integer())
    if not whole or isinstance(limit, bool):
        return 400, "max_tokens: Input should be a valid integer"
    if body["max_tokens"] < 1:
        return 400, "max_tokens: Input should be greater than or equal to 1"
    if UNKNOWN_MODEL_MARK in str(body["model"]):
        return 404, f"model: {body['model']}"
    return None


def _message_head(model: str) -> dict[str, Any]:
    return {
        "id": "msg_" + secrets.token_hex(12),
        "type": "message",
        "role": "assistant",
        "model": model,
    }


def _usage(plan: Plan, output_tokens: int) -> dict[str, Any]:
    return {
        "input_tokens": plan.input_tokens,
        "cache_creation_input_tokens": plan.cache_creation_input_tokens,
        "cache_read_input_tokens": plan.cache_read_input_tokens,
        "output_tokens": output_tokens,
        **plan.usage,
    }


def _canonical(plan: Plan, token: str, model: str) -> Iterator[Event]:
    head = {
        **_message_head(model),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(plan, 1),
    }
    yield "message_start", {"type": "message_start", "message": head}
    for index, block in enumerate(blocks(plan, token)):
        start = {"type": "content_block_start", "index": index, "content_block": _empty(block)}
        yield "content_block_start", start
        if index == 0 and plan.ping:
            yield "ping", {"type": "ping"}
        for delta in _deltas(block):
            data = {"type": "content_block_delta", "index": index, "delta": delta}
            yield "content_block_delta", data
        yield "content_block_stop", {"type": "content_block_stop", "index": index}
    yield (
        "message_delta",
        {
            "type": "message_delta",
            "delta": {"stop_reason": plan.stop_reason, "stop_sequence": plan.stop_sequence},
            "usage": _usage(plan, plan.output_tokens),
        },
    )
    yield "message_stop", {"type": "message_stop"}


def _deltas(block: Block) -> Iterator[dict[str, Any]]:
    if block.whole is not None:
        yield from _deltas_of(block.whole)
        return
    kind, key = {
        "text": ("text_delta", "text"),
        "thinking": ("thinking_delta", "thinking"),
        "tool_use": ("input_json_delta", "partial_json"),
        "server_tool_use": ("input_json_delta", "partial_json"),
    }[block.type]
    for piece in block.deltas():
        yield {"type": kind, key: piece}
    if block.type == "thinking":
        yield {"type": "signature_delta", "signature": block.signature}


def _deltas_of(whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The deltas of a block that was given whole; what has none comes with its start."""
    kind = whole.get("type")
    if kind in _WITH_INPUT:
        yield {"type": "input_json_delta", "partial_json": json.dumps(whole.get("input", {}))}
    elif kind == "text":
        yield {"type": "text_delta", "text": whole.get("text", "")}
        for citation in whole.get("citations") or ():
            yield {"type": "citations_delta", "citation": citation}
    elif kind == "thinking":
        yield {"type": "thinking_delta", "thinking": whole.get("thinking", "")}
        yield {"type": "signature_delta", "signature": whole.get("signature", "")}


def _empty(block: Block) -> dict[str, Any]:
    if block.whole is not None:
        return _start_of(block.whole)
    if block.type in _WITH_INPUT:
        return {"type": block.type, "id": block.id, "name": block.name, "input": {}}
    if block.type == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}
    return {"type": "text", "text": ""}


def _start_of(whole: Mapping[str, Any]) -> dict[str, Any]:
    """A block that was given whole, as its start has it: without what its deltas bring."""
    emptied: dict[str, dict[str, Any]] = {
        **{kind: {"input": {}} for kind in _WITH_INPUT},
        "text": {"text": "", **({"citations": []} if "citations" in whole else {})},
        "thinking": {"thinking": "", "signature": ""},
    }
    return {**whole, **emptied.get(str(whole.get("type")), {})}


def _whole_block(block: Block) -> dict[str, Any]:
    if block.whole is not None:
        return dict(block.whole)
    if block.type in _WITH_INPUT:
        arguments = json.loads(block.joined or "{}")
        return {"type": block.type, "id": block.id, "name": block.name, "input": arguments}
    if block.type == "thinking":
        return {"type": "thinking", "thinking": block.joined, "signature": block.signature}
    return {"type": "text", "text": block.joined}
