"""Defects of error bodies, of their headers, and of what a provider should not do."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentAnswer, BentError, LosesHeader, wants_stream
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal, parsed
from gatecert.gateways.reference.gateway import ReferenceGateway, Route
from gatecert.wire import Headers, Reply, Request

_BUFFER = 65_536
_JSON = ("content-type", "application/json")


def _own(message: str) -> bytes:
    error = {"type": "api_error", "message": message}
    return json.dumps({"type": "error", "error": error}).encode()


@defect("rebuilds-errors", "ERR-28")
class RebuildsErrors(BentAnswer):
    """Errors are built anew from their type and message."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        error = body.get("error")
        if isinstance(error, dict):
            kept = {k: v for k, v in error.items() if k in ("type", "message")}
            rest = {k: body[k] for k in ("request_id",) if k in body}
            body.clear()
            body.update({"type": "error", "error": kept, **rest})


@defect("empty-errors-are-500", "ERR-29")
class EmptyErrorsAre500(BentError):
    """An error of the provider without a body becomes a 500."""

    def instead(self, status: int, body: bytes) -> tuple[int, str, bytes] | None:
        return None if body else (500, "application/json", _own("No response from the provider"))


@defect("parses-errors-first", "ERR-13", "ERR-29", "ERR-30", "ERR-33")
class ParsesErrorsFirst(BentError):
    """An error of the provider that is no JSON object ends in the gateway's own 500."""

    def instead(self, status: int, body: bytes) -> tuple[int, str, bytes] | None:
        broken = (500, "application/json", _own("Something went wrong"))
        return None if isinstance(parsed(body), dict) else broken


@defect("own-error-pages", "ERR-30")
class OwnErrorPages(BentError):
    """Pages and texts of the provider are replaced by the gateway's own page."""

    def instead(self, status: int, body: bytes) -> tuple[int, str, bytes] | None:
        page = f"<html><head><title>Error {status}</title></head></html>".encode()
        text = bool(body) and parsed(body) is None
        return (status, "text/html", page) if text else None


@defect("garbles-compressed-errors", "ERR-31")
class GarblesCompressedErrors(ReferenceGateway):
    """Compressed errors lose the header that says so."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        if response.status_code < 400:
            return headers
        return [(k, v) for k, v in headers if k.lower() != "content-encoding"]


@defect("cuts-long-errors", "ERR-32")
class CutsLongErrors(BentError):
    """Of an error only what fits into a buffer reaches the client."""

    def instead(self, status: int, body: bytes) -> tuple[int, str, bytes] | None:
        return (status, "text/html", body[:_BUFFER]) if len(body) > _BUFFER else None


@defect("stumbles-over-charsets", "ERR-33")
class StumblesOverCharsets(BentError):
    """An error of the provider that is not UTF-8 ends in the gateway's own 500."""

    def instead(self, status: int, body: bytes) -> tuple[int, str, bytes] | None:
        try:
            body.decode()
        except UnicodeDecodeError:
            return 500, "application/json", _own("'utf-8' codec cannot decode the response")
        return None


@defect("retry-after-on-429-only", "ERR-34")
class RetryAfterOn429Only(ReferenceGateway):
    """retry-after reaches the client with a 429 only."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        kept = response.status_code == 429
        return [(k, v) for k, v in headers if kept or k.lower() != "retry-after"]


@defect("retry-after-of-a-minute", "ERR-34")
class RetryAfterOfAMinute(ReferenceGateway):
    """A short retry-after is raised to a minute."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        return [(k, "60" if k.lower() == "retry-after" and v < "60" else v) for k, v in headers]


@defect("loses-retry-after-dates", "ERR-35")
class LosesRetryAfterDates(ReferenceGateway):
    """A retry-after that is no number is dropped."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        return [(k, v) for k, v in headers if k.lower() != "retry-after" or v.isdecimal()]


@defect("loses-retry-after-ms", "ERR-35")
class LosesRetryAfterMs(LosesHeader):
    """retry-after-ms does not reach the client."""

    lost = "retry-after-ms"


@defect("should-retry-on-429-only", "ERR-36")
class ShouldRetryOn429Only(ReferenceGateway):
    """x-should-retry of the provider reaches the client with a 429 only."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        kept = response.status_code == 429
        return [(k, v) for k, v in headers if kept or k.lower() != "x-should-retry"]


@defect("request-id-of-its-own", "ERR-37")
class RequestIdOfItsOwn(ReferenceGateway):
    """request-id is the gateway's own, while the body keeps the provider's."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        return [(k, "req_edge_000001" if k.lower() == "request-id" else v) for k, v in headers]


@defect("no-object-is-500", "ERR-38")
class NoObjectIs500(ReferenceGateway):
    """A body that is JSON but no object ends in a server error."""

    def check_body(self, request: Request) -> Refusal | None:
        body = parsed(request.body)
        if body is not None and not isinstance(body, dict):
            return Refusal(500, "api_error", "'list' object has no attribute 'get'")
        return super().check_body(request)


@defect("missing-fields-are-500", "ERR-39")
class MissingFieldsAre500(ReferenceGateway):
    """A request without messages ends in a server error."""

    def check_body(self, request: Request) -> Refusal | None:
        body = parsed(request.body)
        if isinstance(body, dict) and "messages" not in body:
            return Refusal(500, "api_error", "'messages'")
        return super().check_body(request)


@defect("bare-words-for-bad-json", "ERR-40")
class BareWordsForBadJson(ReferenceGateway):
    """A body that cannot be read is refused in plain text."""

    def refusal_body(self, refusal: Refusal, request_id: str) -> bytes:
        unread = "not a JSON object" in refusal.message
        return b"Bad Request" if unread else super().refusal_body(refusal, request_id)


@defect("repairs-other-charsets", "ERR-41")
class RepairsOtherCharsets(ReferenceGateway):
    """What is not UTF-8 in a request is replaced, and the request goes on."""

    async def serve(self, request: Request, reply: Reply) -> None:
        body = request.body.decode("utf-8", "replace").encode()
        await super().serve(replace(request, body=body), reply)


@defect("compares-content-types", "ERR-42")
class ComparesContentTypes(ReferenceGateway):
    """A content type that is not written exactly as expected is refused."""

    def check_body(self, request: Request) -> Refusal | None:
        if request.header("content-type") != "application/json":
            return Refusal(415, "invalid_request_error", "Content-Type must be application/json")
        return super().check_body(request)


@defect("makes-a-message-of-anything", "FALL-21", "ERR-43")
class MakesAMessageOfAnything(ReferenceGateway):
    """A 200 of the provider that is no message becomes an empty one."""

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        streams = response.headers.get("content-type", "").startswith("text/event-stream")
        if streams or response.status_code != 200 or request.path != "/v1/messages":
            await super().relay(request, response, reply)
            return
        found = parsed(await response.aread())
        if isinstance(found, dict) and "content" in found:
            gone = ("content-length", "content-encoding")
            headers = [(k, v) for k, v in self.relayed_headers(response) if k not in gone]
            await reply.answer(200, headers, response.content)
        elif wants_stream(request):
            await reply.answer(200, [("content-type", "text/event-stream")], _empty_stream())
        else:
            await reply.answer(200, [_JSON], json.dumps(_empty_message()).encode())


def _empty_message() -> dict[str, Any]:
    usage = {"input_tokens": 0, "output_tokens": 0}
    head = {"id": "msg_0", "type": "message", "role": "assistant", "model": ""}
    return {**head, "content": [], "stop_reason": "end_turn", "usage": usage}


def _empty_stream() -> bytes:
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": _empty_message()},
        {"type": "message_stop"},
    ]
    return b"".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events)


@defect("follows-redirects", "ERR-44")
class FollowsRedirects(ReferenceGateway):
    """Redirects of the provider are followed wherever they lead, with prompt and key."""

    @contextlib.asynccontextmanager
    async def open(self, request: Request, route: Route) -> AsyncIterator[httpx.Response]:
        async with super().open(request, route) as response:
            place = response.headers.get("location", "")
            if response.status_code // 100 != 3 or not place:
                yield response
                return
        base, _, path = place.partition("/v1/")
        moved = replace(request, target=f"/v1/{path}")
        async with super().open(moved, Route(route.name, base)) as response:
            yield response
