"""Streams that are relayed in ways of their own."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx

from gatecert.gateways.defects.bending import (
    BentAnswer,
    BentStream,
    event,
    event_data,
    is_plain_stream,
    is_stream,
)
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.variants.registry import variant
from gatecert.wire import Reply, Request


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


@variant("appends-done-after-end")
class AppendsDoneAfterEnd(BentStream):
    """A bare [DONE] follows the last event, which no client minds."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        last = frame.startswith(b"event: message_stop")
        return [frame, b"data: [DONE]"] if last else [frame]


@variant("error-event-on-cut")
class ErrorEventOnCut(ReferenceGateway):
    """A stream that breaks off ends with an error event instead of a closed connection."""

    async def broken_off(self, request: Request, reply: Reply) -> None:
        error = {"type": "api_error", "message": "The provider broke off"}
        data = json.dumps({"type": "error", "error": error})
        await reply.send(f"\n\nevent: error\ndata: {data}\n\n".encode())
        await reply.end()


@variant("compresses-and-flushes")
class CompressesAndFlushes(ReferenceGateway):
    """Streams are compressed where the client offers it, and flushed piece by piece."""

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        offered = "gzip" in (request.header("accept-encoding") or "")
        if not (offered and is_plain_stream(response)):
            await super().relay(request, response, reply)
            return
        headers = [(k, v) for k, v in self.relayed_headers(response) if k != "content-length"]
        await reply.start(response.status_code, [*headers, ("content-encoding", "gzip")])
        packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
        async for piece in self.pieces(request, response):
            await reply.send(packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH))
        await reply.send(packer.flush())
        await reply.end()


@variant("early-error-is-a-status")
class EarlyErrorIsAStatus(ReferenceGateway):
    """The first event is waited for; where it is an error, the answer has its status."""

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        if not is_plain_stream(response):
            await super().relay(request, response, reply)
            return
        pieces = self.pieces(request, response)
        first = await anext(pieces, b"")
        if first.startswith(b"event: error"):
            error = first.partition(b"\ndata: ")[2].partition(b"\n")[0]
            await reply.answer(529, [("content-type", "application/json")], error)
            return
        await reply.start(response.status_code, self.relayed_headers(response))
        await reply.send(first)
        async for piece in pieces:
            await reply.send(piece)
        await reply.end()


@variant("starts-without-output")
class StartsWithoutOutput(BentStream):
    """message_start counts no output yet."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        if not frame.startswith(b"event: message_start"):
            return [frame]
        data = event_data(frame)
        usage = data.get("message", {}).get("usage")
        if usage:
            usage["output_tokens"] = 0
        return [event("message_start", data)]


@variant("unknown-events")
class UnknownEvents(BentStream):
    """Events of a type of the gateway's own stand between the provider's."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        notice = b'event: gateway_notice\ndata: {"type": "gateway_notice", "cost": 0.01}'
        return [notice, frame] if number in (1, 3) else [frame]  # nothing follows an error event


@variant("no-blank-after-colon")
class NoBlankAfterColon(BentStream):
    """The fields of events stand without a blank after the colon."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        lines = [line.replace(b": ", b":", 1) for line in frame.split(b"\n")]
        return [b"\n".join(lines)]


@variant("line-by-line")
class LineByLine(ReferenceGateway):
    """Each line of a stream is a chunk of its own."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        async for piece in super().pieces(request, response):
            for part in piece.splitlines(keepends=True) if is_stream(response) else [piece]:
                yield part


@variant("further-usage")
class FurtherUsage(BentAnswer):
    """The usage of whole answers has further fields."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        if isinstance(body.get("usage"), dict):
            body["usage"]["gateway_cost_usd"] = 0.01
