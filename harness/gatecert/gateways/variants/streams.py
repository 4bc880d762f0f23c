"""Harmless variants that relay streams in ways of their own."""

from __future__ import annotations

import zlib

import httpx

from gatecert.gateways.defects.bending import is_plain_stream
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.variants.registry import variant
from gatecert.wire import Reply, Request


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
