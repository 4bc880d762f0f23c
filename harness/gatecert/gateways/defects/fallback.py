"""Defects of the fallback route."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentForBackup, edited, wants_stream
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway, Route
from gatecert.wire import Headers, Reply, Request


@defect(
    "no-fallback-on-overload",
    *"FALL-01 FALL-03 FALL-19 FALL-20 FALL-31".split(),
)
class NoFallbackOnOverload(ReferenceGateway):
    """A 529 does not trigger the fallback."""

    def falls_back_on(self, status: int) -> bool:
        return status != 529 and super().falls_back_on(status)


@defect(
    "no-fallback-on-500",
    *"""
        FALL-02 FALL-04 FALL-11 FALL-12 FALL-15 FALL-19 FALL-20 FALL-29 META-27 FALL-27
        FALL-31
    """.split(),
)
class NoFallbackOn500(ReferenceGateway):
    """A 500 does not trigger the fallback."""

    def falls_back_on(self, status: int) -> bool:
        return status != 500 and super().falls_back_on(status)


@defect("falls-back-on-500-alone", "FALL-13", "FALL-16", "FALL-19", "FALL-20")
class FallsBackOn500Alone(ReferenceGateway):
    """Of the provider's failures 500 and 529 trigger the fallback, 502, 503 and 504 do not."""

    def falls_back_on(self, status: int) -> bool:
        return status in (500, 529)


@defect("no-fallback-when-dropped", "FALL-14", "FALL-19", "FALL-20", "FALL-31")
class NoFallbackWhenDropped(ReferenceGateway):
    """A primary that closes the connection before its answer ends the request."""

    @contextlib.asynccontextmanager
    async def open(self, request: Request, route: Route) -> AsyncIterator[httpx.Response]:
        try:
            async with super().open(request, route) as response:
                yield response
        except httpx.RemoteProtocolError as exc:
            if route.name != "primary":
                raise
            raise _Dropped(str(exc)) from exc

    async def forward(self, request: Request, reply: Reply) -> None:
        try:
            await super().forward(request, reply)
        except _Dropped:
            await self.refuse(reply, Refusal(502, "api_error", "The provider broke off"))


class _Dropped(Exception):
    """The primary closed the connection."""


@defect(
    "no-fallback-for-streams",
    *"""
        FALL-03 FALL-04 FALL-06 FALL-11 FALL-12 FALL-13 FALL-14 FALL-15 FALL-16 FALL-18
        FALL-20 FALL-29 FALL-17 FALL-27 FALL-31
    """.split(),
)
class NoFallbackForStreams(ReferenceGateway):
    """Streaming requests have no fallback."""

    def routes(self, request: Request) -> list[Route]:
        routes = super().routes(request)
        return routes[:1] if wants_stream(request) else routes


@defect("no-fallback-when-refused", "FALL-05", "FALL-06", "FALL-19", "FALL-20")
class NoFallbackWhenRefused(ReferenceGateway):
    """A primary that refuses connections ends the request."""

    def routes(self, request: Request) -> list[Route]:
        routes = super().routes(request)
        dead = routes[0].base_url == self.config.refused_url
        return routes[:1] if dead else routes


@defect(
    "calls-backup-as-well",
    *"""
        FALL-07 FALL-08 MSG-14 FALL-24 META-12 META-18 META-19 META-23 META-24 FALL-23
        FALL-27 FALL-31
    """.split(),
)
class CallsBackupAsWell(ReferenceGateway):
    """Each whole answer of the primary is checked against the backup's."""

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        if not wants_stream(request) and not response.url.path.startswith("/backup"):
            route = Route("backup", self.config.providers["backup"])
            async with self.open(request, route) as second:
                await second.aread()
        await super().relay(request, response, reply)


@defect(
    "tries-backup-twice",
    *"""
        FALL-01 FALL-02 FALL-03 FALL-04 FALL-05 FALL-06 FALL-13 FALL-14 FALL-30 FALL-23
        FALL-31
    """.split(),
)
class TriesBackupTwice(ReferenceGateway):
    """The backup is called twice for each fallback."""

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        if response.url.path.startswith("/backup"):
            route = Route("backup", self.config.providers["backup"])
            async with self.open(request, route) as second:
                await second.aread()
        await super().relay(request, response, reply)


@defect("replays-client-mistakes", "FALL-08", "FALL-24")
class ReplaysClientMistakes(ReferenceGateway):
    """A 400 is replayed at the backup."""

    def falls_back_on(self, status: int) -> bool:
        return status == 400 or super().falls_back_on(status)


@defect(
    "all-failed-is-200",
    *"""
        FALL-09 ERR-03 ERR-04 ERR-06 ERR-13 ERR-20 ERR-21 ERR-29 ERR-30 ERR-32 ERR-34 ERR-36
        FALL-26
    """.split(),
)
class AllFailedIs200(ReferenceGateway):
    """When the backup fails too, the client gets an empty success."""

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        if response.url.path.startswith("/backup") and response.status_code >= 500:
            await reply.answer(200, [("content-type", "application/json")], b"{}")
            return
        await super().relay(request, response, reply)


@defect(
    "splices-backup",
    *"FALL-10 STREAM-22 STREAM-81 STREAM-82 FALL-22 FALL-31".split(),
)
class SplicesBackup(ReferenceGateway):
    """A stream that breaks off is continued with the backup's from its beginning."""

    async def broken_off(self, request: Request, reply: Reply) -> None:
        route = Route("backup", self.config.providers["backup"])
        try:
            async with self.open(request, route) as response:
                async for piece in response.aiter_raw():
                    await reply.send(piece)
            await reply.end()
        except httpx.HTTPError:
            reply.abort()


@defect("passes-key-to-backup", "FALL-12")
class PassesKeyToBackup(ReferenceGateway):
    """The fallback route forwards the client's own credential."""

    @contextlib.asynccontextmanager
    async def open(self, request: Request, route: Route) -> AsyncIterator[httpx.Response]:
        self._to_backup = route.name == "backup"
        async with super().open(request, route) as response:
            yield response

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        credential = request.header("authorization")
        if self._to_backup and credential:
            headers.append(("Authorization", credential))
        return headers


@defect("backup-knows-fewer-headers", "FALL-15")
class BackupKnowsFewerHeaders(BentForBackup):
    """The fallback route forwards none of the client's x-* headers."""

    def instead(self, request: Request) -> Request:
        kept = [(k, v) for k, v in request.headers if not k.lower().startswith("x-")]
        return replace(request, headers=kept)


@defect("backup-has-fixed-path", "FALL-15")
class BackupHasFixedPath(BentForBackup):
    """The fallback route has a fixed path, without the query."""

    def instead(self, request: Request) -> Request:
        return replace(request, target=request.target.partition("?")[0])


@defect("backup-knows-fewer-fields", "FALL-11")
class BackupKnowsFewerFields(BentForBackup):
    """The fallback route drops tools and thinking."""

    def instead(self, request: Request) -> Request:
        return replace(request, body=edited(request.body, self._drop))

    def _drop(self, body: dict[str, Any]) -> None:
        for name in ("tools", "thinking"):
            body.pop(name, None)
