"""A provider that behaves as a live model does: it reads the request and obeys no directive.

It answers words to words, a tool call where a tool is asked for, thinking where thinking is on, and
refuses what the API refuses. ``modern`` adds every field that the newest answers carry;
``compresses`` uses gzip for whole answers where the request offers it.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from gatecert.wire import Reply, Request, Server, announce, wait_for_parent

MODELS = (
    *("claude-opus-4-6", "claude-sonnet-4-6", "claude-sonnet-4-5"),
    *("claude-haiku-4-5", "claude-haiku-4-5-20251001"),
)
WORDS = "The sky is blue because the air scatters short waves of light more than long ones.".split()
PREFIXES = ("/backup", "/other")
_NEWEST: dict[str, dict[str, Any]] = {
    "text": {"citations": None},
    "tool_use": {"caller": {"type": "direct"}},
}
Event = tuple[str, dict[str, Any]]


class LiveModel:
    """Serves the Messages API on loopback, all requests at once."""

    def __init__(self, *, modern: bool = False, compresses: bool = False) -> None:
        self.modern = modern
        self.compresses = compresses

    async def handle(self, request: Request, reply: Reply) -> None:
        path = request.path
        for prefix in PREFIXES:
            path = path.removeprefix(prefix)
        status, answer = self._answer(request, path)
        if isinstance(answer, dict):
            headers = [("content-type", "application/json"), ("request-id", "req_live")]
            data = _compact(answer)
            if self.compresses and "gzip" in (request.header("accept-encoding") or ""):
                data, headers = gzip.compress(data), [*headers, ("content-encoding", "gzip")]
            await reply.start(status, [*headers, ("content-length", str(len(data)))])
            await reply.send(data)
            await reply.end()
            return
        kind = ("content-type", "text/event-stream")
        await reply.start(200, [kind, ("request-id", "req_live")])
        for name, event in answer:
            await reply.send(b"event: %s\ndata: %s\n\n" % (name.encode(), _compact(event)))
        await reply.end()

    def _answer(self, request: Request, path: str) -> tuple[int, dict[str, Any] | Iterator[Event]]:
        if not request.header("x-api-key") and not request.header("authorization"):
            return 401, _error("authentication_error", "x-api-key header is required")
        if (request.method, path) == ("GET", "/v1/models"):
            return 200, {"data": [{"type": "model", "id": m} for m in MODELS], "has_more": False}
        if request.method != "POST" or path not in ("/v1/messages", "/v1/messages/count_tokens"):
            return 404, _error("not_found_error", f"no route {path}")
        try:
            body = json.loads(request.body)
        except ValueError:
            return 400, _error("invalid_request_error", "the body is no JSON")
        if wrong := _complaint(body, path):
            return wrong
        if path.endswith("count_tokens"):
            return 200, {"input_tokens": len(request.body) // 4}
        message = self._message(body)
        return 200, _events(message) if body.get("stream") is True else message

    def _message(self, body: Mapping[str, Any]) -> dict[str, Any]:
        blocks, stop_reason = _blocks(body)
        usage: dict[str, Any] = {"input_tokens": len(str(body)) // 4, "output_tokens": 17}
        message = {
            "id": "msg_live",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": blocks,
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": usage,
        }
        if self.modern:
            message |= {"stop_details": None, "container": None}
            usage |= {
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "inference_geo": None,
                "output_tokens_details": None,
                "server_tool_use": None,
                "service_tier": "standard",
            }
            for block in blocks:
                block |= _NEWEST.get(block["type"], {})
        return message


@contextmanager
def live_model(*traits: Literal["modern", "compresses"]) -> Iterator[str]:
    """A live model in a process of its own, on a free port of loopback; its URL."""
    command = [sys.executable, "-P", __file__, *traits]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.stdin.close()


async def _serve(model: LiveModel) -> None:
    host, port = await Server(model.handle).listen("127.0.0.1", 0)
    announce(url=f"http://{host}:{port}")
    await wait_for_parent()


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_live"}


def _complaint(body: Any, path: str) -> tuple[int, dict[str, Any]] | None:
    if not isinstance(body, dict):
        return 400, _error("invalid_request_error", "an object is expected")
    needed = ["model", "messages"] + ([] if path.endswith("count_tokens") else ["max_tokens"])
    for key in needed:
        if key not in body:
            return 400, _error("invalid_request_error", f"{key}: Field required")
    for key, kind in (("messages", list), ("max_tokens", int), ("model", str)):
        if not isinstance(body.get(key, kind()), kind):
            return 400, _error("invalid_request_error", f"{key}: of a wrong type")
    if body["model"] not in MODELS:
        return 404, _error("not_found_error", f"model: {body['model']}")
    return None


def _blocks(body: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """The content and how it ends: a tool where one is demanded, else words, cut at max_tokens."""
    blocks: list[dict[str, Any]] = []
    thinking = body.get("thinking") or {}
    if thinking.get("type") in ("enabled", "adaptive"):
        blocks.append({"type": "thinking", "thinking": "15 * 37 = 555.", "signature": "EqQBlive"})
    tool = _demanded(body)
    if tool:
        wanted = dict.fromkeys(tool["input_schema"].get("properties", {}), "San Francisco")
        call = {"type": "tool_use", "id": "toolu_live", "name": tool["name"], "input": wanted}
        return [*blocks, call], "tool_use"
    words = WORDS[: int(body["max_tokens"])]
    blocks.append({"type": "text", "text": " ".join(words)})
    return blocks, "end_turn" if len(words) == len(WORDS) else "max_tokens"


def _demanded(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The tool that the request demands, or None."""
    choice = body.get("tool_choice") or {}
    tools: Sequence[Mapping[str, Any]] = body.get("tools") or []
    if choice.get("type") == "any" and tools:
        return tools[0]
    return next((t for t in tools if choice.get("name") == t.get("name")), None)


def _events(message: Mapping[str, Any]) -> Iterator[Event]:
    usage = message["usage"]
    head = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    yield "message_start", {"type": "message_start", "message": head}
    for index, block in enumerate(message["content"]):
        start, deltas = _deltas(block)
        yield "content_block_start", _of("content_block_start", index, content_block=start)
        if not index:
            yield "ping", {"type": "ping"}
        for delta in deltas:
            yield "content_block_delta", _of("content_block_delta", index, delta=delta)
        yield "content_block_stop", _of("content_block_stop", index)
    end = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    counted = {"output_tokens": usage["output_tokens"]}
    yield "message_delta", {"type": "message_delta", "delta": end, "usage": counted}
    yield "message_stop", {"type": "message_stop"}


def _of(kind: str, index: int, **members: Any) -> dict[str, Any]:
    return {"type": kind, "index": index, **members}


def _deltas(block: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """How a block begins, and the deltas that fill it."""
    if block["type"] == "tool_use":
        text = json.dumps(block["input"])
        pieces = [text[i : i + 7] for i in range(0, len(text), 7)]
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        return {**block, "input": {}}, deltas
    if block["type"] == "thinking":
        deltas = [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": block["signature"]},
        ]
        return {**block, "thinking": "", "signature": ""}, deltas
    words = block["text"].split(" ")
    pieces = [word if not i else f" {word}" for i, word in enumerate(words)]
    return {**block, "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]


if __name__ == "__main__":
    asyncio.run(_serve(LiveModel(**dict.fromkeys(sys.argv[1:], True))))
