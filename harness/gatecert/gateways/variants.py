"""Harmless variants of the reference gateway: they differ, and must pass everything."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentAnswer, BentRequest, BentStream, is_plain_stream
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Reply, Request


@dataclass(frozen=True)
class Variant:
    """One harmless difference."""

    name: str
    summary: str
    gateway: type[ReferenceGateway]


VARIANTS: dict[str, Variant] = {}


def variant(name: str) -> Callable[[type[ReferenceGateway]], type[ReferenceGateway]]:
    """Make a subclass of the reference gateway a variant; its docstring is the summary."""

    def register(gateway: type[ReferenceGateway]) -> type[ReferenceGateway]:
        summary = " ".join(inspect.cleandoc(gateway.__doc__ or "").split())
        VARIANTS[name] = Variant(name, summary, gateway)
        return gateway

    return register


@variant("reserialises-json")
class ReserialisesJson(BentRequest, BentAnswer):
    """Bodies are parsed and written again: other key order and spacing, the same values."""

    def change_request(self, body: dict[str, Any]) -> None:
        for key in sorted(body):
            body[key] = body.pop(key)

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        for key in sorted(body):
            body[key] = body.pop(key)


@variant("crlf-events")
class CrlfEvents(BentStream):
    """Event lines end in CRLF."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        async for piece in super().pieces(request, response):
            plain = piece.replace(b"\r\n", b"\n")  # as a second gateway may write it
            yield plain.replace(b"\n", b"\r\n") if is_plain_stream(response) else piece

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [frame]


@variant("comments-and-pings")
class CommentsAndPings(BentStream):
    """Comments and further pings keep the stream alive."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        ping = b'event: ping\ndata: {"type": "ping"}'
        return [frame, b": keep-alive", ping] if number == 2 else [frame]


@variant("one-byte-chunks")
class OneByteChunks(ReferenceGateway):
    """Short streams come a few bytes at a time, so that characters are split between reads."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        sent = 0
        async for piece in super().pieces(request, response):
            step = 7 if sent < 4_000 else len(piece)
            for start in range(0, len(piece), step):
                yield piece[start : start + step]
            sent += len(piece)


@variant("closes-connections")
class ClosesConnections(ReferenceGateway):
    """Every connection is closed after its answer."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        return [*super().relayed_headers(response), ("connection", "close")]


@variant("further-headers")
class FurtherHeaders(ReferenceGateway):
    """Headers of the gateway's own travel in both directions."""

    def forwarded_headers(self, request: Request) -> Headers:
        return [*super().forwarded_headers(request), ("via", "1.1 gatecert"), ("x-hop", "1")]

    def relayed_headers(self, response: httpx.Response) -> Headers:
        own = [("via", "1.1 gatecert"), ("x-gateway-route", "primary"), ("server", "reference")]
        return [*super().relayed_headers(response), *own]


@variant("title-case-headers")
class TitleCaseHeaders(ReferenceGateway):
    """Header names are written in title case in both directions."""

    def forwarded_headers(self, request: Request) -> Headers:
        return [(k.title(), v) for k, v in super().forwarded_headers(request)]

    def relayed_headers(self, response: httpx.Response) -> Headers:
        return [(k.title(), v) for k, v in super().relayed_headers(response)]


@variant("openai-model-list")
class OpenAiModelList(ReferenceGateway):
    """The model list comes in the other list style, with further fields."""

    def model_list(self) -> dict[str, Any]:
        names = self.config.models
        entries = [{"id": n, "object": "model", "created": 0, "owned_by": "acme"} for n in names]
        return {"object": "list", "data": entries}


@variant("403-for-keys")
class ForbiddenForKeys(ReferenceGateway):
    """Bad keys are refused with 403 and other words."""

    def key_refusal(self, message: str) -> Refusal:
        return Refusal(403, "permission_error", "Ask your administrator for access.")


@variant("probe-is-404")
class ProbeIs404(ReferenceGateway):
    """The start-up probe is answered with 404."""

    async def answer_probe(self, request: Request, reply: Reply) -> None:
        await reply.answer(404, [("content-type", "application/json")], b"")


@variant("error-event-on-cut")
class ErrorEventOnCut(ReferenceGateway):
    """A stream that breaks off ends with an error event instead of a closed connection."""

    async def broken_off(self, request: Request, reply: Reply) -> None:
        error = {"type": "api_error", "message": "The provider broke off"}
        data = json.dumps({"type": "error", "error": error})
        await reply.send(f"\n\nevent: error\ndata: {data}\n\n".encode())
        await reply.end()


@variant("mends-double-slash")
class MendsDoubleSlash(ReferenceGateway):
    """Double slashes are merged before routing, with the same care for the request."""

    async def serve(self, request: Request, reply: Reply) -> None:
        path, mark, query = request.target.partition("?")
        while "//" in path:
            path = path.replace("//", "/")
        merged = Request(
            request.method, path + mark + query, request.headers, request.body, request.too_large
        )
        await super().serve(merged, reply)


@variant("ignores-prefixes")
class IgnoresPrefixes(ReferenceGateway):
    """Whatever stands before /v1/messages is ignored, with the same care for the request."""

    async def serve(self, request: Request, reply: Reply) -> None:
        before, found, after = request.target.rpartition("/v1/messages")
        if found and before:
            request = replace(request, target=found + after)
        await super().serve(request, reply)


@variant("appends-done-after-end")
class AppendsDoneAfterEnd(BentStream):
    """A bare [DONE] follows the last event, which no client minds."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        last = frame.startswith(b"event: message_stop")
        return [frame, b"data: [DONE]"] if last else [frame]


@variant("forbids-unknown-paths")
class ForbidsUnknownPaths(ReferenceGateway):
    """Unknown paths are answered with 403."""

    def endpoint(self, request: Request) -> str | Refusal:
        found = super().endpoint(request)
        if isinstance(found, Refusal) and found.status == 404:
            return replace(found, status=403, kind="permission_error")
        return found
