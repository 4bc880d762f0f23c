"""Defects of errors on their way back."""

from __future__ import annotations

from typing import Any, ClassVar

import httpx

from gatecert.gateways.defects.bending import BentAnswer, BentStatus, LosesHeader, wants_stream
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway, Route
from gatecert.wire import Reply, Request


@defect(
    "prefixes-errors",
    *"""
        ERR-07 ERR-01 ERR-02 ERR-04 ERR-12 ERR-17 ERR-18 ERR-19 ERR-20 ERR-25 ERR-26 ERR-27
        ERR-28
    """.split(),
)
class PrefixesErrors(BentAnswer):
    """The provider's messages get the gateway's prefix."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        if isinstance(body.get("error"), dict):
            body["error"]["message"] = f"anthropic error: {body['error'].get('message')}"


@defect("rewords-long-prompt", "ERR-01", "ERR-31")
class RewordsLongPrompt(BentAnswer):
    """The one message that recovery depends on is reworded."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        error = body.get("error")
        if isinstance(error, dict) and "too long" in str(error.get("message")):
            error["message"] = "ContextWindowExceededError: reduce the length of the messages"


@defect("loses-retry-after", "ERR-02", "ERR-34", "ERR-35")
class LosesRetryAfter(LosesHeader):
    """retry-after does not reach the client."""

    lost = "retry-after"


@defect("overload-is-500", "ERR-03")
class OverloadIs500(BentStatus):
    """A 529 becomes a 500."""

    statuses: ClassVar[dict[int, int]] = {529: 500}


@defect("server-errors-are-502", "ERR-03", "ERR-04", "ERR-13", "ERR-20")
class ServerErrorsAre502(BentStatus):
    """Every server error of the provider becomes a 502."""

    statuses: ClassVar[dict[int, int]] = {500: 502, 503: 502, 529: 502}


@defect("loses-should-retry", "ERR-05", "ERR-36")
class LosesShouldRetry(LosesHeader):
    """x-should-retry of the provider does not reach the client."""

    lost = "x-should-retry"


@defect("loses-request-id", "ERR-06", "PASS-15")
class LosesRequestId(LosesHeader):
    """request-id of the provider does not reach the client."""

    lost = "request-id"


@defect("translates-errors", "ERR-07", "ERR-28")
class TranslatesErrors(BentAnswer):
    """The error envelope is translated into another vendor's."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        if body.get("type") == "error":
            error = {**body["error"], "param": None, "code": None}
            body.clear()
            body.update({"error": error, "provider": "anthropic"})


@defect("broken-json-is-500", "ERR-08", "ERR-38", "ERR-41")
class BrokenJsonIs500(ReferenceGateway):
    """A body that is no JSON ends in a server error."""

    def check_body(self, request: Request) -> Refusal | None:
        refusal = super().check_body(request)
        if refusal and "not a JSON object" in refusal.message:
            return Refusal(500, "api_error", "Something went wrong")
        return refusal


@defect("hangs-up-without-provider", "ERR-09", "ERR-15", "FALL-26")
class HangsUpWithoutProvider(ReferenceGateway):
    """When no provider answers, the client's connection is closed without a word."""

    async def refuse(self, reply: Reply, refusal: Refusal) -> None:
        if refusal.status == 502:
            reply.abort()
            return
        await super().refuse(reply, refusal)


@defect("leaks-provider-address", "SEC-52", "ERR-10")
class LeaksProviderAddress(ReferenceGateway):
    """When no provider answers, the client is told its internal address."""

    def provider_failure(self, exc: httpx.HTTPError) -> Refusal:
        address = self.config.providers["primary"]
        return Refusal(502, "api_error", f"fetch failed: {address}/v1/messages: {exc}")


@defect("too-large-is-400", "ERR-11", "FALL-24")
class TooLargeIs400(BentStatus):
    """A 413 becomes a 400."""

    statuses: ClassVar[dict[int, int]] = {413: 400}


@defect("forbidden-is-401", "ERR-12", "ERR-29", "ERR-33")
class ForbiddenIs401(BentStatus):
    """A 403 becomes a 401."""

    statuses: ClassVar[dict[int, int]] = {403: 401}


@defect("error-page-is-200", "ERR-13")
class ErrorPageIs200(ReferenceGateway):
    """An error page in HTML is passed on as a success."""

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        if response.headers.get("content-type") != "text/html":
            await super().relay(request, response, reply)
            return
        await reply.answer(200, [("content-type", "text/html")], await response.aread())


@defect("hammers-provider", "ERR-14")
class HammersProvider(ReferenceGateway):
    """A failing provider is tried six times."""

    def routes(self, request: Request) -> list[Route]:
        routes = super().routes(request)
        return [*[routes[0]] * 5, *routes] if not wants_stream(request) else routes


@defect(
    "stream-errors-are-502",
    *"""
        STREAM-24 ERR-01 ERR-02 ERR-03 ERR-04 ERR-05 ERR-06 ERR-07 ERR-11 ERR-12 ERR-13
        ERR-17 ERR-18 ERR-19 ERR-20 ERR-21 ERR-22 ERR-25 ERR-26 ERR-27 ERR-28 ERR-29 ERR-30
        ERR-31 ERR-33 ERR-34 ERR-35 ERR-36 PASS-16 PASS-17 PASS-18 PASS-19 PASS-20 FALL-24
        FALL-26
    """.split(),
)
class StreamErrorsAre502(ReferenceGateway):
    """Whatever the provider says to a streaming request that it refuses becomes a bare 502."""

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        if response.status_code < 400 or not wants_stream(request):
            await super().relay(request, response, reply)
            return
        await reply.answer(502, [("content-type", "text/plain")], b"Bad Gateway")


@defect("html-for-dead-provider", "FALL-26", "ERR-15")
class HtmlForDeadProvider(ReferenceGateway):
    """When no provider answers, the client gets a page of markup."""

    def refusal_body(self, refusal: Refusal, request_id: str) -> bytes:
        if refusal.status == 502:
            return b"<html><head><title>502 Bad Gateway</title></head></html>"
        return super().refusal_body(refusal, request_id)


@defect("names-its-exceptions", "SEC-52", "ERR-10")
class NamesItsExceptions(ReferenceGateway):
    """When no provider answers, the client reads the gateway's own exception."""

    def provider_failure(self, exc: httpx.HTTPError) -> Refusal:
        return Refusal(502, "api_error", f"RemoteProtocolError: dial tcp 10.4.7.21:9100: {exc}")
