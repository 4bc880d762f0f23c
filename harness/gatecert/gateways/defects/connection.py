"""Defects of connections and of requests side by side."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentAnswer
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal, parsed
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Reply, Request


@defect("probe-needs-key", "CONN-01", "CONN-06")
class ProbeNeedsKey(ReferenceGateway):
    """The start-up probe is asked for a credential it never carries."""

    async def answer_probe(self, request: Request, reply: Reply) -> None:
        await reply.answer(401, [], b"")


@defect("no-usage", "CONN-02", "MSG-20", "MSG-58")
class NoUsage(BentAnswer):
    """Whole answers come without usage."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        body.pop("usage", None)


@defect(
    "refuses-one-token",
    *"""
        CONN-02 CONN-08 CONN-10 AUTH-01 AUTH-02 META-01 MODEL-13 ERR-42 PASS-08 PASS-13
    """.split(),
)
class RefusesOneToken(ReferenceGateway):
    """The connection test is refused, because its one token is below a minimum."""

    def check_body(self, request: Request) -> Refusal | None:
        body = parsed(request.body)
        if isinstance(body, dict) and body.get("max_tokens") == 1:
            return Refusal(400, "invalid_request_error", "max_tokens: must be at least 16")
        return super().check_body(request)


@defect(
    "cools-down-after-error",
    *"CONN-03 ERR-24 ERR-27 ERR-31 ERR-39 PASS-23 FALL-24".split(),
)
class CoolsDownAfterError(ReferenceGateway):
    """After the provider has refused a request, the user's next one is answered with 429."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._cooling: set[str] = set()

    async def forward(self, request: Request, reply: Reply) -> None:
        session = request.header("x-claude-code-session-id") or ""
        if session in self._cooling:
            self._cooling.discard(session)
            await self.refuse(reply, Refusal(429, "rate_limit_error", "no deployment available"))
            return
        await super().forward(request, reply)

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        if 400 <= response.status_code < 500:
            self._cooling.add(request.header("x-claude-code-session-id") or "")
        await super().relay(request, response, reply)


@defect("mixes-parallel-answers", "CONN-04", "CONN-05", "STREAM-74")
class MixesParallelAnswers(ReferenceGateway):
    """While several requests are under way, one gets what was kept of another."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._under_way = 0
        self._kept = b""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        self._under_way += 1
        whole = bytearray()
        try:
            if self._under_way > 1 and self._kept:
                yield self._kept
                return
            async for piece in super().pieces(request, response):
                whole += piece
                yield piece
            self._kept = bytes(whole)
        finally:
            self._under_way -= 1


@defect("one-at-a-time", "CONN-05", "STREAM-74", "SEC-08")
class OneAtATime(ReferenceGateway):
    """A single worker serves one request after the other."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._free = asyncio.Lock()

    async def forward(self, request: Request, reply: Reply) -> None:
        async with self._free:
            await super().forward(request, reply)


@defect("cools-down-for-all", "FALL-28", "ERR-16")
class CoolsDownForAll(ReferenceGateway):
    """After a failure of the provider nobody is served for a second."""

    _shut_until = 0.0

    async def forward(self, request: Request, reply: Reply) -> None:
        if time.monotonic() < self._shut_until:
            await self.refuse(reply, Refusal(429, "rate_limit_error", "no deployment available"))
            return
        await super().forward(request, reply)

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        if response.status_code >= 500:
            self._shut_until = time.monotonic() + 1
        await super().relay(request, response, reply)
