"""Defects about secrets: keys, addresses and versions that show."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Reply, Request

_JSON = ("content-type", "application/json")


@defect("returns-the-providers-key", "SEC-50")
class ReturnsTheProvidersKey(ReferenceGateway):
    """A debug header of good answers shows the headers of the request to the provider."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        sent = {k.decode(): v.decode("latin-1") for k, v in response.request.headers.raw}
        debug = ("x-debug-request", json.dumps({"x-api-key": sent.get("x-api-key")}))
        shown = [debug] if response.status_code == 200 else []
        return [*super().relayed_headers(response), *shown]


@defect("errors-show-the-configuration", "SEC-50")
class ErrorsShowTheConfiguration(ReferenceGateway):
    """The error for a dead provider shows the route's configuration, key and all."""

    def provider_failure(self, exc: httpx.HTTPError) -> Refusal:
        route = {"route": "primary", "api_key": self.config.provider_key}
        return Refusal(502, "api_error", f"The provider of {json.dumps(route)} failed")


class _Pages(ReferenceGateway):
    """Serves pages beside the API to everybody."""

    def page(self, path: str) -> Any:
        """What a page shows, None if there is none."""
        raise NotImplementedError

    async def serve(self, request: Request, reply: Reply) -> None:
        shown = self.page(request.path)
        if request.method != "GET" or shown is None:
            await super().serve(request, reply)
            return
        await reply.answer(200, [_JSON], json.dumps(shown).encode())


@defect("open-config-page", "SEC-51")
class OpenConfigPage(_Pages):
    """The page /config shows the configuration without asking for a key."""

    def page(self, path: str) -> Any:
        return {"provider_key": self.config.provider_key} if path == "/config" else None


@defect("metrics-name-users-by-key", "SEC-51")
class MetricsNameUsersByKey(_Pages):
    """The page /metrics counts requests for each key, and names the keys."""

    def page(self, path: str) -> Any:
        return (
            {f'requests{{key="{k}"}}': 1 for k in self.config.keys} if "metrics" in path else None
        )


@defect("health-names-the-provider", "SEC-52")
class HealthNamesTheProvider(_Pages):
    """The page /health lists the providers with their addresses."""

    def page(self, path: str) -> Any:
        return {"providers": self.config.providers} if path == "/health" else None


@defect("404-with-a-trace", "SEC-52")
class NotFoundWithATrace(ReferenceGateway):
    """An unknown path ends in an exception, and its trace is the answer."""

    def not_found_message(self, path: str) -> str:
        return f'Traceback (most recent call last):\n  File "/app/router.py", line 12\n{path}'


@defect("tells-its-version", "SEC-53")
class TellsItsVersion(ReferenceGateway):
    """Refusals name the server and its version."""

    async def refuse(self, reply: Reply, refusal: Refusal) -> None:
        server = ("server", "nginx/1.22.1")
        await super().refuse(
            reply,
            Refusal(refusal.status, refusal.kind, refusal.message, (*refusal.headers, server)),
        )


@defect("passes-quoted-keys-on", "SEC-54")
class PassesQuotedKeysOn(ReferenceGateway):
    """An error of the provider reaches the client with the gateway's key that it quotes."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        async for piece in response.aiter_raw():
            yield piece
