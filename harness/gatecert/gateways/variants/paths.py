"""Paths, methods and the start-up probe."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from urllib.parse import unquote

from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.variants.registry import variant
from gatecert.wire import Headers, Reply, Request


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


@variant("asks-by-the-public-name")
class AsksByThePublicName(ReferenceGateway):
    """The provider is asked by its public name, wherever the request really goes."""

    def forwarded_headers(self, request: Request) -> Headers:
        return [*super().forwarded_headers(request), ("host", "api.anthropic.com")]


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


@variant("forbids-unknown-paths")
class ForbidsUnknownPaths(ReferenceGateway):
    """Unknown paths are answered with 403."""

    def endpoint(self, request: Request) -> str | Refusal:
        found = super().endpoint(request)
        if isinstance(found, Refusal) and found.status == 404:
            return replace(found, status=403, kind="permission_error")
        return found


@variant("forbids-other-methods")
class ForbidsOtherMethods(ReferenceGateway):
    """Methods that an endpoint does not have are forbidden, as some servers say it."""

    async def refuse(self, reply: Reply, refusal: Refusal) -> None:
        status = 403 if refusal.status == 405 else refusal.status
        await super().refuse(reply, replace(refusal, status=status))
