"""Defects of how streams break, and of what is made of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx

from gatecert.gateways.defects.bending import (
    BentStream,
    RewrittenStream,
    event,
    event_data,
    event_name,
    is_stream,
)
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway, Route
from gatecert.wire import ClientGone, Headers, Reply, Request

_STOP = event("message_stop", {"type": "message_stop"})


@defect("trusts-a-stop-reason", "STREAM-80")
class TrustsAStopReason(RewrittenStream):
    """A stream that breaks off after its stop_reason is ended as if it were whole."""

    async def rewrite(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        last = ""
        try:
            async for frame in frames:
                last = event_name(frame)
                yield frame
        except httpx.HTTPError:
            if last != "message_delta":
                raise
            yield _STOP


@defect("answers-nothing-with-nothing", "STREAM-80")
class AnswersNothingWithNothing(ReferenceGateway):
    """A stream that breaks off before its first event becomes an empty one that is whole."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        some = False
        try:
            async for piece in super().pieces(request, response):
                some = True
                yield piece
        except httpx.HTTPError:
            if some or not is_stream(response):
                raise


@defect("glues-errors-to-cut-lines", "STREAM-21", "STREAM-81")
class GluesErrorsToCutLines(ReferenceGateway):
    """The error event after a break is written straight behind what came of the cut line."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        try:
            async for piece in super().pieces(request, response):
                yield piece
        except httpx.HTTPError:
            if not is_stream(response):
                raise
            error = {"type": "api_error", "message": "The provider closed the connection"}
            yield event("error", {"type": "error", "error": error}) + b"\n\n"


@defect("mends-broken-events", "STREAM-81")
class MendsBrokenEvents(ReferenceGateway):
    """What came of an event before a break is closed, so that it can be read, and sent."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        last = b""
        try:
            async for piece in super().pieces(request, response):
                last = piece.rpartition(b"\n\n")[2]
                yield piece
        except httpx.HTTPError:
            if b'"text":"' in last:
                yield b'"}}\n\n'
            raise


@defect("keeps-the-end-back", "STREAM-82")
class KeepsTheEndBack(RewrittenStream):
    """message_stop is sent when the provider's connection has ended well."""

    async def rewrite(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        end = b""
        async for frame in frames:
            if event_name(frame) == "message_stop":
                end = frame
            else:
                yield frame
        if end:
            yield end


@defect("does-not-count-bytes", "STREAM-83")
class DoesNotCountBytes(ReferenceGateway):
    """A stream that ends before its Content-Length is taken for whole."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        if not is_stream(response):
            return headers
        return [(k, v) for k, v in headers if k.lower() != "content-length"]

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        measured = is_stream(response) and "content-length" in response.headers
        try:
            async for piece in super().pieces(request, response):
                yield piece
        except httpx.HTTPError:
            if not measured:
                raise


@defect("makes-up-an-end", "STREAM-84", "FALL-22")
class MakesUpAnEnd(RewrittenStream):
    """A stream that ended without message_stop gets one, with a stop_reason."""

    async def rewrite(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        last = ""
        async for frame in frames:
            last = event_name(frame)
            yield frame
        if last not in ("message_stop", "error"):
            delta = {"stop_reason": "end_turn", "stop_sequence": None}
            end = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 1}}
            yield event("message_delta", end)
            yield _STOP


@defect("swallows-first-errors", "STREAM-85")
class SwallowsFirstErrors(BentStream):
    """An error event before all others is dropped, and the answer is empty."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [] if number == 0 and event_name(frame) == "error" else [frame]


@defect("renames-stream-errors", "STREAM-23", "STREAM-85", "STREAM-86")
class RenamesStreamErrors(BentStream):
    """Every error event is of type api_error."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        if event_name(frame) != "error":
            return [frame]
        data = event_data(frame)
        data["error"]["type"] = "api_error"
        return [event("error", data)]


@defect("ends-after-errors", "STREAM-85", "STREAM-86")
class EndsAfterErrors(BentStream):
    """An error event is followed by message_stop, as if the answer were whole."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [frame, _STOP] if event_name(frame) == "error" else [frame]


@defect("waits-for-nobody", "ERR-45")
class WaitsForNobody(ReferenceGateway):
    """A client that leaves is noticed only when the provider's answer has begun."""

    @contextlib.asynccontextmanager
    async def open(self, request: Request, route: Route) -> AsyncIterator[httpx.Response]:
        opening = super().open(request, route)
        response = await asyncio.shield(asyncio.ensure_future(opening.__aenter__()))
        try:
            yield response
        finally:
            await response.aclose()


@defect("loses-stream-request-id", "PASS-15")
class LosesStreamRequestId(ReferenceGateway):
    """The provider's request-id is missing with streams."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        if not is_stream(response):
            return headers
        return [(k, v) for k, v in headers if k.lower() != "request-id"]


@defect("asks-the-backup-for-nobody", "ERR-45")
class AsksTheBackupForNobody(ReferenceGateway):
    """When a client leaves before its answer has begun, the backup is asked."""

    @contextlib.asynccontextmanager
    async def open(self, request: Request, route: Route) -> AsyncIterator[httpx.Response]:
        begun = False
        try:
            async with super().open(request, route) as response:
                begun = True
                yield response
        except asyncio.CancelledError:
            if not begun and route.name == "primary":
                backup = super().open(request, Route("backup", self.config.providers["backup"]))
                async with backup as response:
                    await response.aread()
            raise


@defect("never-frees-stopped-answers", "STREAM-87")
class NeverFreesStoppedAnswers(ReferenceGateway):
    """A user has five places for streams; one whose client leaves keeps its place for ever."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._taken: Counter[str] = Counter()

    async def forward(self, request: Request, reply: Reply) -> None:
        session = request.header("x-claude-code-session-id") or ""
        if self._taken[session] >= 5:
            await self.refuse(reply, Refusal(429, "rate_limit_error", "Too many open streams"))
            return
        try:
            await super().forward(request, reply)
        except (asyncio.CancelledError, ClientGone):
            self._taken[session] += 1
            raise
