"""Variants in headers, framing, compression and time, as correct proxies and gateways show them."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentAnswer, BentStream, is_stream
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.variants.registry import variant
from gatecert.wire import Headers, Reply, Request

_DELAY_S = 0.05
_GZIP = zlib.MAX_WBITS | 16


@variant("lower-case-headers")
class LowerCaseHeaders(ReferenceGateway):
    """Header names are written in lower case in both directions."""

    def forwarded_headers(self, request: Request) -> Headers:
        return [(k.lower(), v) for k, v in super().forwarded_headers(request)]

    def relayed_headers(self, response: httpx.Response) -> Headers:
        return [(k.lower(), v) for k, v in super().relayed_headers(response)]


@variant("reverses-headers")
class ReversesHeaders(ReferenceGateway):
    """Headers come in another order in both directions."""

    def forwarded_headers(self, request: Request) -> Headers:
        return _reversed(super().forwarded_headers(request))

    def relayed_headers(self, response: httpx.Response) -> Headers:
        return _reversed(super().relayed_headers(response))


def _reversed(headers: Headers) -> Headers:
    """The other way round, but for lines of one header, whose order has a meaning."""
    names = list(dict.fromkeys(name.lower() for name, _ in headers))
    return sorted(headers, key=lambda pair: -names.index(pair[0].lower()))


@variant("slower-by-50-ms")
class SlowerBy50Ms(ReferenceGateway):
    """Every request waits 50 ms before it goes on."""

    async def forward(self, request: Request, reply: Reply) -> None:
        await asyncio.sleep(_DELAY_S)
        await super().forward(request, reply)


@variant("chunks-whole-answers")
class ChunksWholeAnswers(ReferenceGateway):
    """Whole answers come in chunks, without their length."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        kept = super().relayed_headers(response)
        return [(k, v) for k, v in kept if k.lower() != "content-length"]


@variant("compresses-if-offered")
class CompressesIfOffered(ReferenceGateway):
    """Answers are compressed for clients that offer gzip, each piece of a stream at once."""

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        offered = "gzip" in (request.header("accept-encoding") or "")
        if not offered or "content-encoding" in response.headers:
            await super().relay(request, response, reply)
            return
        kept = self.relayed_headers(response)
        headers = [(k, v) for k, v in kept if k.lower() != "content-length"]
        own = [("content-encoding", "gzip"), ("vary", "accept-encoding")]
        await reply.start(response.status_code, [*headers, *own], response.reason_phrase)
        packer = zlib.compressobj(wbits=_GZIP)
        async for piece in self.pieces(request, response):
            await reply.send(packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH))
        await reply.send(packer.flush())
        await reply.end()


@variant("sets-cookies")
class SetsCookies(ReferenceGateway):
    """A load balancer in front sets its cookie, and headers that browsers heed."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        further = [
            ("set-cookie", "lb=a1; Path=/; HttpOnly"),
            ("strict-transport-security", "max-age=31536000"),
            ("x-content-type-options", "nosniff"),
        ]
        return [*super().relayed_headers(response), *further]


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


@variant("other-words-for-bad-keys")
class OtherWordsForBadKeys(ReferenceGateway):
    """Bad keys are refused with 401 in other words, and with a challenge."""

    def key_refusal(self, message: str) -> Refusal:
        headers = (*self.do_not_retry(), ("www-authenticate", 'Bearer realm="gateway"'))
        return Refusal(401, "authentication_error", "Unauthorized", headers)
