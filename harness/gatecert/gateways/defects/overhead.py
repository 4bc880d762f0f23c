"""Defects of speed. They are far beyond any budget, so that no machine's noise can hide them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx

from gatecert.gateways.defects.bending import is_stream, wants_stream
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.gateway import ReferenceGateway, Route
from gatecert.wire import Reply, Request

_DELAY_S = 0.15


@defect("slow", "OVER-01", "OVER-02")
class Slow(ReferenceGateway):
    """Every request waits for a policy service."""

    async def forward(self, request: Request, reply: Reply) -> None:
        await asyncio.sleep(_DELAY_S)
        await super().forward(request, reply)


@defect("slow-first-event", "OVER-02")
class SlowFirstEvent(ReferenceGateway):
    """The first event of a stream waits for a guardrail."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        if is_stream(response):
            await asyncio.sleep(_DELAY_S)
        async for piece in super().pieces(request, response):
            yield piece


@defect("slow-fallback", "OVER-03", "OVER-04")
class SlowFallback(ReferenceGateway):
    """Before the backup is asked, the gateway backs off."""

    @contextlib.asynccontextmanager
    async def open(self, request: Request, route: Route) -> AsyncIterator[httpx.Response]:
        if route.name == "backup":
            await asyncio.sleep(_DELAY_S)
        async with super().open(request, route) as response:
            yield response


@defect("slow-fallback-for-streams", "OVER-04")
class SlowFallbackForStreams(ReferenceGateway):
    """Before the backup is asked for a stream, its route is looked up anew."""

    @contextlib.asynccontextmanager
    async def open(self, request: Request, route: Route) -> AsyncIterator[httpx.Response]:
        if route.name == "backup" and wants_stream(request):
            await asyncio.sleep(_DELAY_S)
        async with super().open(request, route) as response:
            yield response
