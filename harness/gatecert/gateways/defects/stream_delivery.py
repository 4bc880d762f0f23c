"""Defects of how streams are delivered: late, limited, broken by their splits, or mixed."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx

from gatecert.gateways.defects.bending import (
    BentStream,
    RewrittenStream,
    event_name,
    is_plain_stream,
    is_stream,
    wants_stream,
)
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Reply, Request

_GZIP = 16 + zlib.MAX_WBITS


class _Collecting(RewrittenStream):
    """Keeps events back until another one comes."""

    def collects(self, frame: bytes) -> bool:
        """Whether an event is kept back."""
        raise NotImplementedError

    async def rewrite(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The stream, what was kept back before what follows it."""
        kept: list[bytes] = []
        async for frame in frames:
            kept.append(frame)
            if not self.collects(frame):
                for one in kept:
                    yield one
                kept = []


@defect("waits-for-content", "STREAM-50", "STREAM-54")
class WaitsForContent(_Collecting):
    """Nothing is sent before the first content of the answer."""

    def collects(self, frame: bytes) -> bool:
        return event_name(frame) in ("message_start", "content_block_start", "ping")


@defect("collects-thinking", "STREAM-51")
class CollectsThinking(_Collecting):
    """What the model thinks is sent when the thought is complete."""

    def collects(self, frame: bytes) -> bool:
        return b'"thinking_delta"' in frame


@defect("collects-arguments", "STREAM-52")
class CollectsArguments(_Collecting):
    """A tool's arguments are sent when they are complete."""

    def collects(self, frame: bytes) -> bool:
        return b'"input_json_delta"' in frame


@defect("saves-pings-up", "STREAM-54")
class SavesPingsUp(_Collecting):
    """Pings are sent with the next event that is none."""

    def collects(self, frame: bytes) -> bool:
        return event_name(frame) == "ping"


class _Unpacking(ReferenceGateway):
    """Passes compressed streams on without their content-encoding."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        """The provider's headers, for streams without content-encoding."""
        headers = super().relayed_headers(response)
        if not is_stream(response):
            return headers
        return [(k, v) for k, v in headers if k.lower() != "content-encoding"]


@defect("loses-stream-encoding", "STREAM-53", "PASS-21")
class LosesStreamEncoding(_Unpacking):
    """A compressed stream comes without its content-encoding."""


@defect("unpacks-whole-streams", "STREAM-53", "PASS-21")
class UnpacksWholeStreams(_Unpacking):
    """A compressed stream is decompressed when it is complete."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        packed = is_stream(response) and "content-encoding" in response.headers
        if packed:
            raw = b"".join([piece async for piece in super().pieces(request, response)])
            yield zlib.decompress(raw, _GZIP)
            return
        async for piece in super().pieces(request, response):
            yield piece


@defect(
    "compresses-without-flush",
    *"""
        STREAM-03 STREAM-22 STREAM-50 STREAM-51 STREAM-52 STREAM-54 STREAM-74 STREAM-82 PASS-22
        SEC-38
    """.split(),
)
class CompressesWithoutFlush(ReferenceGateway):
    """The gateway compresses streams itself, and flushes nothing before their end."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        return [*headers, ("content-encoding", "gzip")] if is_plain_stream(response) else headers

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        packer = zlib.compressobj(wbits=_GZIP)
        packs = is_plain_stream(response)
        async for piece in super().pieces(request, response):
            yield packer.compress(piece) if packs else piece
        yield packer.flush() if packs else b""


@defect("cuts-silent-streams", "STREAM-55")
class CutsSilentStreams(ReferenceGateway):
    """A provider that is silent for a second and a half is given up."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._client.timeout = httpx.Timeout(1.5, connect=5)


@defect("cuts-very-long-streams", "STREAM-70")
class CutsVeryLongStreams(BentStream):
    """Events beyond five thousand are dropped."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [frame] if number < 5_000 else []


@defect("drops-large-events", "STREAM-71")
class DropsLargeEvents(BentStream):
    """Events beyond 256 kB are dropped."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [frame] if len(frame) < 256 * 1024 else []


@defect("decodes-pieces-alone", "STREAM-72", "STREAM-73", "STREAM-74")
class DecodesPiecesAlone(ReferenceGateway):
    """Each piece that is read is decoded by itself, and characters between two of them break."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        plain = is_plain_stream(response)
        async for piece in super().pieces(request, response):
            yield piece.decode("utf-8", "replace").encode() if plain else piece


@defect("takes-reads-for-events", "STREAM-71", "STREAM-72", "STREAM-74")
class TakesReadsForEvents(ReferenceGateway):
    """Of each of the first pieces that are read, what is no whole event is lost."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        number = 0 if is_plain_stream(response) else 12
        async for piece in super().pieces(request, response):
            number += 1
            yield piece if number > 12 else b"".join(piece.rpartition(b"\n\n")[:2])


@defect("knows-lf-only", "STREAM-73")
class KnowsLfOnly(RewrittenStream):
    """Events whose lines do not end in LF are not found, and dropped."""

    def rewrite(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        return frames

    def rest(self, left: bytes) -> bytes:
        return b""


@defect("shares-a-buffer", "STREAM-74")
class SharesABuffer(ReferenceGateway):
    """What is left of an unfinished event waits in one place for all streams."""

    _rest = b""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        source = super().pieces(request, response)
        if not is_plain_stream(response):
            async for piece in source:
                yield piece
            return
        self._rest = b""
        async for piece in source:
            whole, mark, self._rest = (self._rest + piece).rpartition(b"\n\n")
            yield whole + mark
        yield self._rest


@defect("serves-eight-streams", "STREAM-74")
class ServesEightStreams(ReferenceGateway):
    """Only eight streams are open at a time; further ones wait."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._places = asyncio.Semaphore(8)

    async def forward(self, request: Request, reply: Reply) -> None:
        if not wants_stream(request):
            await super().forward(request, reply)
            return
        async with self._places:
            await super().forward(request, reply)


@defect("one-leaves-all-leave", "STREAM-75")
class OneLeavesAllLeave(ReferenceGateway):
    """When one client leaves, the connections of all others are closed too."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[Reply] = set()

    async def serve(self, request: Request, reply: Reply) -> None:
        self._open.add(reply)
        try:
            await super().serve(request, reply)
        finally:
            self._open.discard(reply)
            if reply.client_gone.is_set():
                for other in self._open:
                    other.abort()
