"""Headers, framing, compression, connections and delay."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import replace

import httpx

from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.variants.registry import variant
from gatecert.wire import Headers, Reply, Request

_DELAY_S = 0.05
_GZIP = zlib.MAX_WBITS | 16


@variant("closes-connections")
class ClosesConnections(ReferenceGateway):
    """Every connection is closed after its answer."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        return [*super().relayed_headers(response), ("connection", "close")]


@variant("closes-after-refusals")
class ClosesAfterRefusals(ReferenceGateway):
    """A connection on which something was refused is closed."""

    async def refuse(self, reply: Reply, refusal: Refusal) -> None:
        headers = (*refusal.headers, ("connection", "close"))
        await super().refuse(reply, replace(refusal, headers=headers))


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


@variant("joins-header-lines")
class JoinsHeaderLines(ReferenceGateway):
    """Headers of several lines become one line, in both directions."""

    def forwarded_headers(self, request: Request) -> Headers:
        return _joined(super().forwarded_headers(request))

    def relayed_headers(self, response: httpx.Response) -> Headers:
        return _joined(super().relayed_headers(response))


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


@variant("asks-for-identity")
class AsksForIdentity(ReferenceGateway):
    """The provider is asked not to compress, whatever the client offers."""

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        kept = [(k, v) for k, v in headers if k.lower() != "accept-encoding"]
        return [*kept, ("accept-encoding", "identity")]


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


def _joined(headers: Headers) -> Headers:
    lines: dict[str, list[tuple[str, str]]] = {}
    for name, value in headers:
        lines.setdefault(name.lower(), []).append((name, value))
    return [(pairs[0][0], ", ".join(value for _, value in pairs)) for pairs in lines.values()]


def _reversed(headers: Headers) -> Headers:
    """The other way round, but for lines of one header, whose order has a meaning."""
    names = list(dict.fromkeys(name.lower() for name, _ in headers))
    return sorted(headers, key=lambda pair: -names.index(pair[0].lower()))
