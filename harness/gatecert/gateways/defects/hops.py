"""Defects of hops: connection headers that travel, and providers that a request chooses."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import httpx

from gatecert.gateways.defects.rawfront import RawFront
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import parsed
from gatecert.gateways.reference.gateway import ReferenceGateway, Route, named_in_connection
from gatecert.wire import Headers, Reply, Request


class _PassesOn(ReferenceGateway):
    """Passes some headers of the client on that it should keep."""

    names: tuple[str, ...] = ()

    def forwarded_headers(self, request: Request) -> Headers:
        passed = [(k, v) for k, v in request.headers if k.lower() in self.names]
        return [*super().forwarded_headers(request), *passed]


@defect("passes-te-on", "SEC-20")
class PassesTeOn(_PassesOn):
    """TE of the client is passed on to the provider."""

    names = ("te",)


@defect("passes-keep-alive-on", "SEC-21")
class PassesKeepAliveOn(_PassesOn):
    """Keep-Alive of the client is passed on to the provider."""

    names = ("keep-alive",)


@defect("passes-proxy-authorization-on", "SEC-21")
class PassesProxyAuthorizationOn(_PassesOn):
    """The credential for the company's egress proxy is passed on to the provider."""

    names = ("proxy-authorization",)


@defect("ignores-names-in-connection", "SEC-21")
class IgnoresNamesInConnection(ReferenceGateway):
    """Headers that Connection names are passed on like all others."""

    def forwarded_headers(self, request: Request) -> Headers:
        named = named_in_connection(request.headers) - {"keep-alive", "te", "upgrade", "close"}
        kept = [(k, v) for k, v in request.headers if k.lower() in named - {"x-api-key"}]
        hidden = [(k, v) for k, v in kept if k.lower() != "authorization"]
        return [*super().forwarded_headers(request), *hidden]


@defect("returns-names-in-connection", "SEC-21")
class ReturnsNamesInConnection(ReferenceGateway):
    """Headers that the provider's Connection names are passed on to the client."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        pairs = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in response.headers.raw]
        named = named_in_connection(pairs)
        extra = [(k, v) for k, v in pairs if k.lower() in named]
        return [*super().relayed_headers(response), *extra]


@defect("strips-what-connection-names-last", "SEC-22")
class StripsWhatConnectionNamesLast(ReferenceGateway):
    """What Connection names is dropped after the provider's key was added."""

    def outgoing_headers(self, request: Request, route: Route) -> Headers:
        named = named_in_connection(request.headers)
        return [
            (k, v) for k, v in super().outgoing_headers(request, route) if k.lower() not in named
        ]


@defect("keeps-the-clients-host", "SEC-23")
class KeepsTheClientsHost(ReferenceGateway):
    """The provider is asked by the gateway's name."""

    def forwarded_headers(self, request: Request) -> Headers:
        host = request.header("host")
        return [*super().forwarded_headers(request), *([("host", host)] if host else [])]


@defect("asks-by-the-pools-name", "SEC-23")
class AsksByThePoolsName(ReferenceGateway):
    """The provider is asked by the name of the pool of servers that it belongs to."""

    def forwarded_headers(self, request: Request) -> Headers:
        return [*super().forwarded_headers(request), ("host", "provider")]


class _ChoosesRoute(ReferenceGateway):
    """Lets a request name its provider."""

    def named(self, request: Request) -> str:
        """The base URL that a request names, or ``""``."""
        raise NotImplementedError

    def routes(self, request: Request) -> list[Route]:
        url = self.named(request)
        return [Route("named", url)] if url else super().routes(request)


@defect("obeys-custom-host-header", "SEC-24")
class ObeysCustomHostHeader(_ChoosesRoute):
    """A header of the client names the host that is called, with the provider's key."""

    def named(self, request: Request) -> str:
        return (request.header("x-portkey-custom-host") or "").removesuffix("/v1")


@defect("obeys-forwarded-host", "SEC-24")
class ObeysForwardedHost(_ChoosesRoute):
    """X-Forwarded-Host of the client is taken for the provider's host."""

    def named(self, request: Request) -> str:
        host = request.header("x-forwarded-host")
        return f"http://{host}" if host else ""


@defect("obeys-api-base-field", "SEC-24")
class ObeysApiBaseField(_ChoosesRoute):
    """A field of the body names the provider's address."""

    def named(self, request: Request) -> str:
        body = parsed(request.body)
        return str(body.get("api_base") or "") if isinstance(body, dict) else ""


@defect("open-proxy", "SEC-25")
class OpenProxy(ReferenceGateway):
    """An absolute request target is called wherever it leads."""

    async def serve(self, request: Request, reply: Reply) -> None:
        if not request.target.startswith("http://"):
            await super().serve(request, reply)
            return
        base, _, rest = request.target.removeprefix("http://").partition("/")
        call = replace(request, target=f"/{rest}")
        async with self.open(call, Route("named", f"http://{base}")) as response:
            await self.relay(call, response, reply)


@defect("connect-opens-tunnels", "SEC-25")
class ConnectOpensTunnels(RawFront):
    """CONNECT opens a tunnel to anywhere."""

    def concerns(self, head: bytes) -> bool:
        return head.startswith(b"CONNECT ")

    async def take_over(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        host, _, port = head.split(b" ")[1].decode().rpartition(":")
        with contextlib.suppress(OSError, ValueError):
            _, far = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            far.close()


@defect("returns-keep-alive", "SEC-26")
class ReturnsKeepAlive(ReferenceGateway):
    """The provider's Keep-Alive header is passed on to the client."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        value = response.headers.get("keep-alive")
        return [*super().relayed_headers(response), *([("keep-alive", value)] if value else [])]
