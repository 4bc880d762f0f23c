"""Bodies that are written in another way, with the same meaning."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from gatecert.gateways.defects.bending import (
    BentAnswer,
    BentRequest,
    is_stream,
)
from gatecert.gateways.defects.walking import mapped, results_of
from gatecert.gateways.reference.decisions import parsed
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.variants.registry import variant
from gatecert.wire import Headers, Request

_WRITTEN_BY_OTHERS = ("input", "gatecert_future")


@variant("reserialises-json")
class ReserialisesJson(BentRequest, BentAnswer):
    """Bodies are parsed and written again: other key order and spacing, the same values."""

    def change_request(self, body: dict[str, Any]) -> None:
        for key in sorted(body):
            body[key] = body.pop(key)

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        for key in sorted(body):
            body[key] = body.pop(key)


@variant("writes-json-anew")
class WritesJsonAnew(ReferenceGateway):
    """Bodies are written by another JSON library: all but ASCII escaped, 1.0 as 1, keys sorted."""

    def forwarded_body(self, request: Request) -> bytes:
        return _anew(request.body)

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        kept = is_stream(response) or response.headers.get("content-encoding")
        return headers if kept else [(k, v) for k, v in headers if k != "content-length"]

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        if is_stream(response) or response.headers.get("content-encoding"):
            async for piece in super().pieces(request, response):
                yield piece
            return
        body = await response.aread()
        yield _anew(self.without_key(body) if response.status_code >= 400 else body)


@variant("merges-user-messages")
class MergesUserMessages(BentRequest):
    """User messages that follow one another are joined to one, as the provider does itself."""

    def change_request(self, body: dict[str, Any]) -> None:
        messages = body.get("messages")
        if not isinstance(messages, list):
            return
        joined: list[Any] = []
        for message in messages:
            if joined and _of_the_user(joined[-1]) and _of_the_user(message):
                parts = [*_blocks(joined[-1]["content"]), *_blocks(message["content"])]
                joined[-1] = {**joined[-1], "content": parts}
            else:
                joined.append(message)
        body["messages"] = joined


def _of_the_user(message: Any) -> bool:
    """Whether it is a user's message that can be joined; what is malformed stays as it is."""
    return (
        isinstance(message, dict)
        and message.get("role") == "user"
        and isinstance(message.get("content"), str | list)
    )


def _blocks(content: Any) -> Any:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


@variant("fills-structures")
class FillsStructures(BentRequest, BentAnswer):
    """Fields that say nothing are left out (empty lists, null), results have all of theirs."""

    def change_request(self, body: dict[str, Any]) -> None:
        for name in ("tools", "stop_sequences"):
            if body.get(name) == []:
                del body[name]
        for result in results_of(body):
            result.setdefault("content", "")
            result.setdefault("is_error", False)

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        kept = _without_nulls(body)
        body.clear()
        body.update(kept)


def _anew(body: bytes) -> bytes:
    data = parsed(body)
    if not isinstance(data, dict):
        return body
    return json.dumps(mapped(data, _as_javascript), sort_keys=True, indent=1).encode()


def _as_javascript(value: Any) -> Any:
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e21
    return int(value) if whole else value


def _without_nulls(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_nulls(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    return {
        name: value if name in _WRITTEN_BY_OTHERS else _without_nulls(value)
        for name, value in node.items()
        if value is not None
    }
