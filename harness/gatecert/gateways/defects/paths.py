"""Defects of paths that mean the endpoint, or only look like it."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from urllib.parse import unquote

from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Reply, Request

_MESSAGES = "/v1/messages"


class _ChecksBeforeMending(ReferenceGateway):
    """Mends a path only when it is routed; the checks stand before the plain path alone."""

    def mend(self, path: str) -> str:
        raise NotImplementedError

    def _differs(self, request: Request) -> bool:
        return request.path != _MESSAGES and self.mend(request.path) == _MESSAGES

    def authenticate(self, request: Request) -> Refusal | None:
        return None if self._differs(request) else super().authenticate(request)

    def check_metadata(self, request: Request) -> Refusal | None:
        return None if self._differs(request) else super().check_metadata(request)

    def endpoint(self, request: Request) -> str | Refusal:
        if self._differs(request):
            request = replace(request, target=_MESSAGES)
        return super().endpoint(request)

    def forwarded_target(self, request: Request) -> str:
        if self._differs(request):
            return f"{_MESSAGES}?{request.query}"
        return super().forwarded_target(request)


@defect("decodes-path-after-checks", "AUTH-40", "URL-11")
class DecodesPathAfterChecks(_ChecksBeforeMending):
    """Checks see the path as it was sent, the router sees it decoded."""

    def mend(self, path: str) -> str:
        return unquote(path)


@defect("removes-dots-after-checks", "URL-12")
class RemovesDotsAfterChecks(_ChecksBeforeMending):
    """Checks see the path as it was sent, the router sees it without dot segments."""

    def mend(self, path: str) -> str:
        dotted = "/./" in path or "/../" in path
        return posixpath.normpath(path) if dotted else path


@defect("cuts-slash-after-checks", "AUTH-40", "URL-13")
class CutsSlashAfterChecks(_ChecksBeforeMending):
    """Checks see the path as it was sent, the router sees it without the slash at its end."""

    def mend(self, path: str) -> str:
        return path.removesuffix("/")


@defect("ignores-case-after-checks", "AUTH-40", "URL-14")
class IgnoresCaseAfterChecks(_ChecksBeforeMending):
    """Checks compare the path by case, the router does not."""

    def mend(self, path: str) -> str:
        return path.lower()


@defect("cuts-parameters-after-checks", "AUTH-40", "URL-15")
class CutsParametersAfterChecks(_ChecksBeforeMending):
    """Checks see ;parameters, the router cuts them off."""

    def mend(self, path: str) -> str:
        return "/".join(part.partition(";")[0] for part in path.split("/"))


@defect("matches-beginning-of-path", "AUTH-40", "URL-16")
class MatchesBeginningOfPath(_ChecksBeforeMending):
    """Whatever begins like the endpoint is routed there, past the checks of the exact path."""

    def mend(self, path: str) -> str:
        rest = path.removeprefix(_MESSAGES)
        longer = rest != path and not rest.startswith(("/count_tokens", "/v1", "%", ";"))
        return _MESSAGES if longer and rest.strip("/") else path


@defect("empty-200-for-slash", "URL-13")
class Empty200ForSlash(ReferenceGateway):
    """A path outside the handlers is answered 200 with nothing."""

    async def serve(self, request: Request, reply: Reply) -> None:
        if request.path.endswith(("/messages/", "/messages//")):
            await reply.answer(200, [], b"")
            return
        await super().serve(request, reply)


@defect("any-method-is-a-turn", "URL-17")
class AnyMethodIsATurn(ReferenceGateway):
    """Whatever has a body is taken for a POST."""

    async def serve(self, request: Request, reply: Reply) -> None:
        if request.body:
            request = replace(request, method="POST")
        await super().serve(request, reply)


@defect("counts-with-query-only", "URL-18")
class CountsWithQueryOnly(ReferenceGateway):
    """The route of token counts matches the whole URL, with ?beta=true."""

    def endpoint(self, request: Request) -> str | Refusal:
        if request.path.endswith("/count_tokens") and not request.query:
            return Refusal(404, "not_found_error", self.not_found_message(request.target))
        return super().endpoint(request)


@defect("lists-below-any-prefix", "URL-19")
class ListsBelowAnyPrefix(ReferenceGateway):
    """The model list is served below any prefix, turns are not."""

    def endpoint(self, request: Request) -> str | Refusal:
        if request.method == "GET" and request.path.endswith("/v1/models"):
            return "models"
        return super().endpoint(request)


@defect("console-for-every-get", "URL-19")
class ConsoleForEveryGet(ReferenceGateway):
    """Unknown paths that are asked for by GET show the console's page."""

    async def refuse(self, reply: Reply, refusal: Refusal) -> None:
        if self._asked_by_get and refusal.status == 404:
            page = b"<!doctype html><title>Console</title><div id=root></div>"
            await reply.answer(200, [("content-type", "text/html")], page)
            return
        await super().refuse(reply, refusal)

    _asked_by_get = False

    def endpoint(self, request: Request) -> str | Refusal:
        self._asked_by_get = request.method == "GET"
        return super().endpoint(request)
