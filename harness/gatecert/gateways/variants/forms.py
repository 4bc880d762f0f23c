"""Variants in bodies, streams, refusals and paths."""

from __future__ import annotations

import json
import posixpath
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import httpx

from gatecert.gateways.defects.bending import (
    BentAnswer,
    BentError,
    BentRequest,
    BentStream,
    is_plain_stream,
    is_stream,
)
from gatecert.gateways.defects.walking import mapped
from gatecert.gateways.reference.decisions import Refusal, parsed
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.variants.registry import variant
from gatecert.wire import Headers, Reply, Request

_ANSWERS = ("application/json", "text/event-stream")


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


@variant("asks-for-identity")
class AsksForIdentity(ReferenceGateway):
    """The provider is asked not to compress, whatever the client offers."""

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        kept = [(k, v) for k, v in headers if k.lower() != "accept-encoding"]
        return [*kept, ("accept-encoding", "identity")]


@variant("joins-header-lines")
class JoinsHeaderLines(ReferenceGateway):
    """Headers of several lines become one line, in both directions."""

    def forwarded_headers(self, request: Request) -> Headers:
        return _joined(super().forwarded_headers(request))

    def relayed_headers(self, response: httpx.Response) -> Headers:
        return _joined(super().relayed_headers(response))


@variant("wraps-unusual-errors")
class WrapsUnusualErrors(BentError):
    """Errors that are no JSON object come in the error envelope, their words as its message."""

    def instead(self, status: int, body: bytes) -> tuple[int, str, bytes] | None:
        if isinstance(parsed(body), dict):
            return None
        message = body.decode("utf-8", "replace").strip()[:8000] or "The provider gave no reason"
        error = {"type": "api_error", "message": message}
        return status, "application/json", json.dumps({"type": "error", "error": error}).encode()


@variant("provider-faults-are-502")
class ProviderFaultsAre502(ReferenceGateway):
    """A refused provider key, a redirect and a page with 200 are the gateway's own 502."""

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        typed = response.headers.get("content-type", "").split(";")[0]
        page = response.status_code == 200 and typed not in _ANSWERS
        if page or response.status_code == 401 or response.status_code // 100 == 3:
            text = "The provider answered in a way that this gateway cannot pass on"
            await self.refuse(reply, Refusal(502, "api_error", text))
            return
        await super().relay(request, response, reply)


@variant("retry-after-in-seconds")
class RetryAfterInSeconds(ReferenceGateway):
    """A retry-after that is a date is written in seconds."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        dated = [(k, k.lower() == "retry-after" and not v.isdecimal(), v) for k, v in headers]
        return [(k, "86400" if is_date else v) for k, is_date, v in dated]


@variant("422-for-bad-requests")
class UnprocessableBadRequests(ReferenceGateway):
    """Requests that cannot be read are refused with 422 and other words."""

    def check_body(self, request: Request) -> Refusal | None:
        refusal = super().check_body(request)
        if refusal and refusal.status == 400:
            return replace(refusal, status=422, message="body: Input should be a valid object")
        return refusal


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


def _joined(headers: Headers) -> Headers:
    lines: dict[str, list[tuple[str, str]]] = {}
    for name, value in headers:
        lines.setdefault(name.lower(), []).append((name, value))
    return [(pairs[0][0], ", ".join(value for _, value in pairs)) for pairs in lines.values()]
