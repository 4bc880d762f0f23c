"""Refusals and errors in other words and statuses."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx

from gatecert.gateways.defects.bending import (
    BentError,
)
from gatecert.gateways.reference.decisions import Refusal, parsed
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.variants.registry import variant
from gatecert.wire import Headers, Reply, Request

_ANSWERS = ("application/json", "text/event-stream")
_HTML = [("content-type", "text/html")]


@variant("403-for-keys")
class ForbiddenForKeys(ReferenceGateway):
    """Bad keys are refused with 403 and other words."""

    def key_refusal(self, message: str) -> Refusal:
        return Refusal(403, "permission_error", "Ask your administrator for access.")


@variant("other-words-for-bad-keys")
class OtherWordsForBadKeys(ReferenceGateway):
    """Bad keys are refused with 401 in other words, and with a challenge."""

    def key_refusal(self, message: str) -> Refusal:
        headers = (*self.do_not_retry(), ("www-authenticate", 'Bearer realm="gateway"'))
        return Refusal(401, "authentication_error", "Unauthorized", headers)


@variant("422-for-bad-requests")
class UnprocessableBadRequests(ReferenceGateway):
    """Requests that cannot be read are refused with 422 and other words."""

    def check_body(self, request: Request) -> Refusal | None:
        refusal = super().check_body(request)
        if refusal and refusal.status == 400:
            return replace(refusal, status=422, message="body: Input should be a valid object")
        return refusal


@variant("large-body-page")
class LargeBodyPage(ReferenceGateway):
    """A body that is too large is refused by a page; the client shows words of its own."""

    async def serve(self, request: Request, reply: Reply) -> None:
        if request.too_large:
            await reply.answer(413, _HTML, b"<h1>413 Request Entity Too Large</h1>")
            return
        await super().serve(request, reply)


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
