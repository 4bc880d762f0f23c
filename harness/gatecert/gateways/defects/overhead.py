"""Defects of speed. They are far beyond any budget, so that no machine's noise can hide them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx

from gatecert.gateways.defects.bending import is_stream
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.gateway import ReferenceGateway
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
