"""Harmless variants at the gateway's door: what it refuses, shows and speaks beside the API."""

from __future__ import annotations

import ssl

import httpx

from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.reference.tls import Certificates
from gatecert.gateways.variants.registry import variant
from gatecert.wire import Headers, Reply, Request


@variant("cookie-of-its-own")
class CookieOfItsOwn(ReferenceGateway):
    """Every answer sets a cookie for the load balancer, the same one for everybody."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        return [*super().relayed_headers(response), ("set-cookie", "route=a; Path=/; HttpOnly")]


@variant("speaks-for-its-own-connection")
class SpeaksForItsOwnConnection(ReferenceGateway):
    """The gateway offers the provider trailers and a kept connection of its own."""

    def forwarded_headers(self, request: Request) -> Headers:
        own = [("te", "trailers"), ("keep-alive", "timeout=30"), ("proxy-connection", "keep-alive")]
        return [*super().forwarded_headers(request), *own]


@variant("guards-its-door")
class GuardsItsDoor(ReferenceGateway):
    """Large heads, old HTTP, upgrades and requests that name an upstream are refused with 4xx."""

    async def serve(self, request: Request, reply: Reply) -> None:
        status = self.objection(request)
        if not status:
            await super().serve(request, reply)
            return
        await self.refuse(reply, Refusal(status, "invalid_request_error", "Not at this door"))

    def objection(self, request: Request) -> int:
        """The status to refuse with, or 0."""
        size = len(request.target) + sum(len(k) + len(v) for k, v in request.headers)
        if size > 16_384 or len(request.headers) > 100:
            return 431
        if request.http_version == "1.0":
            return 426
        names = {name.lower() for name, _ in request.headers}
        upstream = {"x-portkey-custom-host", "x-forwarded-host", "x-original-url", "forwarded"}
        return 400 if names & {*upstream, "upgrade"} or "api_base" in str(request.body) else 0


@variant("pages-beside-the-api")
class PagesBesideTheApi(ReferenceGateway):
    """A home page, a health page and a description of the API are open to everybody."""

    async def serve(self, request: Request, reply: Reply) -> None:
        pages = {
            "/": "<h1>LLM gateway</h1>",
            "/health": '{"status": "ok", "providers": {"primary": "healthy"}}',
            "/openapi.json": '{"openapi": "3.1.0", "paths": {"/v1/messages": {}}}',
            "/metrics": 'requests_total{route="primary"} 12',
        }
        if request.method == "GET" and request.path in pages:
            await reply.answer(200, [], pages[request.path].encode())
            return
        await super().serve(request, reply)


@variant("tls-1.3-only")
class Tls13Only(ReferenceGateway):
    """The https address speaks nothing older than TLS 1.3."""

    def tls_context(self, shown: Certificates) -> ssl.SSLContext:
        context = super().tls_context(shown)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return context
