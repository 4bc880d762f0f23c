"""Defects of routing by path."""

from __future__ import annotations

from dataclasses import replace

from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Reply, Request


class _CatchAll(ReferenceGateway):
    """Hands some wrong paths to a generic proxy that skips all care."""

    def mended(self, target: str) -> str:
        """The target as the generic proxy sends it, ``""`` for paths it leaves alone."""
        raise NotImplementedError

    def endpoint(self, request: Request) -> str | Refusal:
        return "messages" if self.mended(request.target) else super().endpoint(request)

    def forwarded_target(self, request: Request) -> str:
        return self.mended(request.target) or super().forwarded_target(request)

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        credential = request.header("authorization")
        if self.mended(request.target) and credential:
            headers.append(("Authorization", credential))
        return headers


@defect("double-slash-skips-care", "URL-02")
class DoubleSlashSkipsCare(_CatchAll):
    """//v1/messages goes through a generic proxy that passes the client's credential on."""

    def mended(self, target: str) -> str:
        return target.removeprefix("/") if target.startswith("//") else ""


@defect("double-v1-skips-care", "URL-03", "AUTH-32")
class DoubleV1SkipsCare(_CatchAll):
    """/v1/v1/messages goes through a generic proxy that passes the client's credential on."""

    def mended(self, target: str) -> str:
        return target.removeprefix("/v1") if target.startswith("/v1/v1/") else ""


@defect("doubled-endpoint-skips-care", "URL-04")
class DoubledEndpointSkipsCare(_CatchAll):
    """/v1/messages/v1/messages goes through a generic proxy that passes the credential on."""

    def mended(self, target: str) -> str:
        twice = "/v1/messages/v1/messages"
        return target.removeprefix("/v1/messages") if target.startswith(twice) else ""


@defect(
    "unknown-path-is-500",
    *"""
        URL-02 URL-03 URL-04 URL-05 URL-11 URL-12 URL-13 URL-14 URL-15 URL-16 URL-19
    """.split(),
)
class UnknownPathIs500(ReferenceGateway):
    """A path that is no route ends in a server error."""

    def endpoint(self, request: Request) -> str | Refusal:
        found = super().endpoint(request)
        if isinstance(found, Refusal) and found.status == 404:
            return Refusal(500, "api_error", "Something went wrong")
        return found


@defect("unknown-prefix-skips-care", "URL-05", "AUTH-32", "URL-12")
class UnknownPrefixSkipsCare(_CatchAll):
    """Paths below an unknown prefix go through a generic proxy that passes the credential on."""

    def mended(self, target: str) -> str:
        before, found, after = target.rpartition("/v1/messages")
        known = ("", "/", "/v1", "/v1/messages")
        return found + after if found and before not in known else ""


@defect("double-slash-skips-checks", "URL-02", "AUTH-40")
class DoubleSlashSkipsChecks(ReferenceGateway):
    """//v1/messages is mended after key and metadata were checked for the usual paths only."""

    def authenticate(self, request: Request) -> Refusal | None:
        return None if request.path.startswith("//") else super().authenticate(request)

    def check_metadata(self, request: Request) -> Refusal | None:
        return None if request.path.startswith("//") else super().check_metadata(request)

    def endpoint(self, request: Request) -> str | Refusal:
        return super().endpoint(replace(request, target=request.target.replace("//", "/", 1)))

    def forwarded_target(self, request: Request) -> str:
        return request.target.replace("//", "/", 1)


@defect("drops-query", "URL-07")
class DropsQuery(ReferenceGateway):
    """The query does not reach the provider."""

    def forwarded_target(self, request: Request) -> str:
        return request.path


@defect(
    "redirects-discovery",
    *"""
        URL-08 AUTH-16 AUTH-27 META-08 MODEL-01 MODEL-02 MODEL-03 MODEL-09 MODEL-13 MODEL-14
        MODEL-15 MODEL-17 MODEL-19 MODEL-20 PASS-04 SEC-04 META-28
    """.split(),
)
class RedirectsDiscovery(ReferenceGateway):
    """The model list is redirected to a path with a slash."""

    async def answer_models(self, request: Request, reply: Reply) -> None:
        await reply.answer(307, [("location", "/v1/models/")], b"")


@defect("plain-404", "URL-09")
class Plain404(ReferenceGateway):
    """A wrong path earns an HTML page without a word on what is wrong."""

    def refusal_body(self, refusal: Refusal, request_id: str) -> bytes:
        if refusal.message.startswith("no route"):
            return b"<html><body><h1>404 Not Found</h1></body></html>"
        return super().refusal_body(refusal, request_id)


@defect("answers-get", "URL-10", "URL-17")
class AnswersGet(ReferenceGateway):
    """A GET on /v1/messages is answered as if it were a health check."""

    async def refuse(self, reply: Reply, refusal: Refusal) -> None:
        if refusal.status == 405:
            await reply.answer(200, [("content-type", "text/plain")], b"ok")
            return
        await super().refuse(reply, refusal)


@defect(
    "matches-full-url",
    *"""
        URL-06 CONN-03 CONN-04 CONN-05 CONN-07 CONN-08 CONN-09 CONN-11 CONN-12 CONN-13
        AUTH-12 AUTH-13 AUTH-14 AUTH-21 AUTH-22 AUTH-26 AUTH-28 AUTH-29 AUTH-30 AUTH-34
        URL-01 URL-07 URL-17 URL-18 META-02 META-09 META-10 MODEL-04 MODEL-05 MODEL-07
        MODEL-08 MODEL-10 MODEL-16 MODEL-18 MODEL-19 MSG-01 MSG-02 MSG-03 MSG-04 MSG-05
        MSG-06 MSG-07 MSG-08 MSG-09 MSG-10 MSG-11 MSG-12 MSG-13 MSG-14 MSG-15 MSG-16 MSG-17
        MSG-18 MSG-19 MSG-20 MSG-21 MSG-22 MSG-23 MSG-24 MSG-25 MSG-26 MSG-27 MSG-28 MSG-29
        MSG-30 MSG-31 MSG-32 MSG-33 MSG-34 MSG-35 MSG-36 MSG-37 MSG-41 MSG-42 MSG-43 MSG-44
        MSG-45 MSG-46 MSG-47 MSG-48 MSG-49 MSG-50 MSG-52 MSG-53 MSG-54 MSG-55 MSG-57 MSG-58
        MSG-59 MSG-60 MSG-61 MSG-65 MSG-66 MSG-67 MSG-68 STREAM-01 STREAM-02 STREAM-03
        STREAM-04 STREAM-05 STREAM-06 STREAM-07 STREAM-08 STREAM-09 STREAM-20 STREAM-21
        STREAM-22 STREAM-23 STREAM-24 STREAM-25 STREAM-26 STREAM-27 STREAM-30 STREAM-31
        STREAM-32 STREAM-33 STREAM-34 STREAM-35 STREAM-36 STREAM-37 STREAM-40 STREAM-41
        STREAM-42 STREAM-43 STREAM-44 STREAM-45 STREAM-46 STREAM-47 STREAM-50 STREAM-51
        STREAM-52 STREAM-53 STREAM-54 STREAM-71 STREAM-73 STREAM-74 STREAM-75 STREAM-80
        STREAM-81 STREAM-82 STREAM-83 STREAM-85 STREAM-86 ERR-01 ERR-02 ERR-03 ERR-04 ERR-05
        ERR-06 ERR-07 ERR-08 ERR-09 ERR-10 ERR-11 ERR-12 ERR-13 ERR-14 ERR-15 ERR-16 ERR-17
        ERR-18 ERR-19 ERR-20 ERR-21 ERR-22 ERR-23 ERR-24 ERR-25 ERR-26 ERR-27 ERR-28 ERR-29
        ERR-30 ERR-31 ERR-32 ERR-33 ERR-34 ERR-35 ERR-36 ERR-37 ERR-42 ERR-45 PASS-01 PASS-02
        PASS-03 PASS-04 PASS-05 PASS-06 PASS-07 PASS-08 PASS-09 PASS-10 PASS-11 PASS-12
        PASS-13 PASS-14 PASS-15 PASS-16 PASS-17 PASS-18 PASS-19 PASS-20 PASS-21 PASS-22
        PASS-23 FALL-01 FALL-02 FALL-03 FALL-04 FALL-05 FALL-06 FALL-07 FALL-08 FALL-09
        FALL-10 FALL-11 FALL-12 SEC-01 SEC-02 SEC-03 SEC-04 SEC-05 SEC-06 SEC-07 SEC-08
        SEC-09 SEC-23 SEC-26 SEC-30 SEC-36 SEC-65 SEC-31 SEC-32 SEC-41 FALL-13 FALL-14
        FALL-15 MSG-69 MSG-70 MSG-71 STREAM-87 STREAM-88 STREAM-89 STREAM-38 AUTH-41 AUTH-42
        AUTH-43 FALL-16 FALL-18 FALL-19 FALL-20 FALL-24 FALL-28 FALL-29 FALL-30 META-12
        META-22 META-23 META-24 META-25 META-26 META-27 META-28 META-29 META-30
    """.split(),
)
class MatchesFullUrl(ReferenceGateway):
    """The route matches the whole URL, so ?beta=true earns a 404."""

    def endpoint(self, request: Request) -> str | Refusal:
        if request.query == "beta=true":
            return Refusal(404, "not_found_error", self.not_found_message(request.target))
        return super().endpoint(request)
