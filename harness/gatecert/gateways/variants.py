"""Harmless variants of the reference gateway: they differ, and must pass everything."""

from __future__ import annotations

import inspect
import json
import posixpath
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

import httpx

from gatecert.gateways.defects.bending import BentAnswer, BentRequest, BentStream, is_stream
from gatecert.gateways.defects.walking import mapped
from gatecert.gateways.reference.decisions import Refusal, parsed
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.reference.tls import Certificates
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
        yield _anew(await response.aread())


def _anew(body: bytes) -> bytes:
    data = parsed(body)
    if not isinstance(data, dict):
        return body
    return json.dumps(mapped(data, _as_javascript), sort_keys=True, indent=1).encode()


def _as_javascript(value: Any) -> Any:
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e21
    return int(value) if whole else value


@variant("crlf-events")
class CrlfEvents(BentStream):
    """Event lines end in CRLF."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        async for piece in super().pieces(request, response):
            yield piece.replace(b"\n", b"\r\n") if is_stream(response) else piece

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


@variant("normalises-paths")
class NormalisesPaths(ReferenceGateway):
    """Paths are decoded, folded and cleaned of dots, slashes and ;parameters before all checks."""

    async def serve(self, request: Request, reply: Reply) -> None:
        path, mark, query = request.target.partition("?")
        plain = "/".join(part.partition(";")[0] for part in unquote(path).split("/"))
        plain = posixpath.normpath("/" + plain.lstrip("/")).lower()
        await super().serve(replace(request, target=plain + mark + query), reply)


@variant("keys-before-paths")
class KeysBeforePaths(ReferenceGateway):
    """The key is checked before the path, with a challenge; probes are answered with 405."""

    def endpoint(self, request: Request) -> str | Refusal:
        return self.authenticate(request) or super().endpoint(request)

    def key_refusal(self, message: str) -> Refusal:
        refusal = super().key_refusal(message)
        challenge = ("www-authenticate", 'Bearer realm="gateway", error="invalid_token"')
        return replace(refusal, headers=(*refusal.headers, challenge))

    async def answer_probe(self, request: Request, reply: Reply) -> None:
        await reply.answer(405, [("allow", "GET, POST")], b"")


@variant("serves-wide-names")
class ServesWideNames(BentRequest):
    """A [1m] at the end of a name is taken off, and the model served."""

    def check_body(self, request: Request) -> Refusal | None:
        bare = replace(request, body=self.forwarded_body(request))
        return super().check_body(bare)

    def change_request(self, body: dict[str, Any]) -> None:
        body["model"] = str(body.get("model")).removesuffix("[1m]")


@variant("mixed-model-list")
class MixedModelList(ReferenceGateway):
    """The list names other vendors' models too, has further fields, and no paging."""

    def model_list(self) -> dict[str, Any]:
        names = [*self.config.models, "gpt-5.2", "text-embedding-3-large"]
        capacity = {"max_input_tokens": 1_000_000, "supports_1m": True}
        return {"data": [{"id": n, "display_name": None, **capacity} for n in names]}


@variant("closes-after-refusals")
class ClosesAfterRefusals(ReferenceGateway):
    """A connection on which something was refused is closed."""

    async def refuse(self, reply: Reply, refusal: Refusal) -> None:
        headers = (*refusal.headers, ("connection", "close"))
        await super().refuse(reply, replace(refusal, headers=headers))


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


@variant("cookie-of-its-own")
class CookieOfItsOwn(ReferenceGateway):
    """Every answer sets a cookie for the load balancer, the same one for everybody."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        return [*super().relayed_headers(response), ("set-cookie", "route=a; Path=/; HttpOnly")]


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
