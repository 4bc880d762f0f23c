"""Defects of streams."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx

from gatecert.gateways.defects.bending import (
    BentStream,
    event,
    event_data,
    event_name,
    is_stream,
    wants_stream,
)
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Reply, Request


@defect(
    "loses-a-delta",
    *"""
        STREAM-01 MSG-32 STREAM-02 STREAM-04 STREAM-08 STREAM-22 STREAM-31 STREAM-32 STREAM-33
        STREAM-36 STREAM-70 STREAM-74 STREAM-38
    """.split(),
)
class LosesADelta(BentStream):
    """The thirteenth event of a stream is lost."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [] if number == 12 and event_name(frame) == "content_block_delta" else [frame]


@defect(
    "doubles-a-delta",
    *"""
        STREAM-01 MSG-32 STREAM-02 STREAM-04 STREAM-08 STREAM-22 STREAM-31 STREAM-32 STREAM-33
        STREAM-36 STREAM-70 STREAM-74 STREAM-38
    """.split(),
)
class DoublesADelta(BentStream):
    """The thirteenth event of a stream is sent twice."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        twice = number == 12 and event_name(frame) == "content_block_delta"
        return [frame, frame] if twice else [frame]


@defect(
    "splits-characters",
    *"""
        STREAM-01 MSG-50 STREAM-71 STREAM-74 STREAM-82 STREAM-84
    """.split(),
)
class SplitsCharacters(BentStream):
    """Text outside ASCII is decoded piece by piece, and characters break."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [frame.replace("é".encode(), "\ufffd".encode())]


@defect(
    "drops-event-lines",
    *"""
        STREAM-02 CONN-03 CONN-04 CONN-09 CONN-11 AUTH-13 URL-01 URL-06 MODEL-05 MODEL-07
        MODEL-10 MSG-19 MSG-25 MSG-30 MSG-31 MSG-32 MSG-50 MSG-53 MSG-54 STREAM-01 STREAM-03
        STREAM-04 STREAM-05 STREAM-06 STREAM-08 STREAM-09 STREAM-22 STREAM-23 STREAM-26
        STREAM-30 STREAM-31 STREAM-32 STREAM-33 STREAM-34 STREAM-35 STREAM-36 STREAM-37
        STREAM-40 STREAM-41 STREAM-42 STREAM-43 STREAM-44 STREAM-45 STREAM-47 STREAM-50
        STREAM-54 STREAM-55 STREAM-70 STREAM-71 STREAM-72 STREAM-74 STREAM-75 STREAM-82
        STREAM-85 STREAM-86 ERR-16 ERR-24 PASS-22 FALL-03 FALL-04 FALL-06 SEC-30 SEC-36
        SEC-65 MSG-65 MSG-67 MSG-68 FALL-13 FALL-14 STREAM-87 STREAM-88 STREAM-89 STREAM-38
        FALL-16 FALL-18 FALL-20 FALL-28
    """.split(),
)
class DropsEventLines(BentStream):
    """Events come as bare data, as another vendor's streams do."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [frame.partition(b"\n")[2]]


@defect(
    "appends-done",
    *"STREAM-02 STREAM-08 STREAM-82 SEC-38 FALL-16 FALL-18 FALL-20".split(),
)
class AppendsDone(BentStream):
    """A [DONE] of another vendor's protocol takes the place of message_stop."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [b"data: [DONE]"] if event_name(frame) == "message_stop" else [frame]


@defect("numbers-blocks-anew", "STREAM-02", "STREAM-30")
class NumbersBlocksAnew(BentStream):
    """Every content block gets the index 0."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        name = event_name(frame)
        if not name.startswith("content_block"):
            return [frame]
        return [event(name, {**event_data(frame), "index": 0})]


@defect(
    "loses-block-stops",
    *"""
        STREAM-02 CONN-03 CONN-04 CONN-09 CONN-11 AUTH-13 URL-01 URL-06 MODEL-05 MODEL-10
        MSG-19 MSG-25 MSG-30 MSG-31 MSG-32 MSG-50 MSG-53 MSG-54 STREAM-01 STREAM-04 STREAM-05
        STREAM-08 STREAM-26 STREAM-30 STREAM-31 STREAM-32 STREAM-33 STREAM-34 STREAM-35
        STREAM-36 STREAM-37 STREAM-45 STREAM-50 STREAM-54 STREAM-55 STREAM-70 STREAM-71
        STREAM-72 STREAM-74 STREAM-75 STREAM-82 ERR-16 ERR-24 PASS-22 FALL-03 FALL-04 FALL-06
        SEC-30 SEC-36 SEC-65 MSG-65 MSG-67 MSG-68 FALL-13 FALL-14 STREAM-87 STREAM-88
        STREAM-38 FALL-16 FALL-18 FALL-20 FALL-28
    """.split(),
)
class LosesBlockStops(BentStream):
    """Content blocks are never closed."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [] if event_name(frame) == "content_block_stop" else [frame]


@defect(
    "buffers-streams",
    *"""
        STREAM-03 STREAM-22 STREAM-50 STREAM-51 STREAM-52 STREAM-53 STREAM-54
        STREAM-74 STREAM-82
    """.split(),
)
class BuffersStreams(ReferenceGateway):
    """A stream is passed on when it is complete."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        yield b"".join([piece async for piece in super().pieces(request, response)])


@defect(
    "holds-one-event-back",
    *"""
        STREAM-03 STREAM-22 STREAM-50 STREAM-51 STREAM-52 STREAM-53 STREAM-54
        STREAM-82
    """.split(),
)
class HoldsOneEventBack(BentStream):
    """Each event waits for the next one."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        waiting = b""
        async for piece in super().pieces(request, response):
            yield waiting
            waiting = piece
        yield waiting

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [frame]


@defect(
    "arguments-in-start",
    *"""
        STREAM-04 MSG-32 MSG-50 MSG-53 MSG-54 STREAM-30 STREAM-31 STREAM-32 STREAM-33 STREAM-37
        STREAM-52 STREAM-72 STREAM-74 MSG-65 MSG-67 STREAM-38
    """.split(),
)
class ArgumentsInStart(BentStream):
    """Tool arguments come in content_block_start, and their deltas are dropped."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [] if b'"input_json_delta"' in frame else [frame]


@defect("drops-stream-signatures", "STREAM-05", "STREAM-36", "STREAM-88")
class DropsStreamSignatures(BentStream):
    """Thinking comes without its signature."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [] if b'"signature_delta"' in frame else [frame]


@defect("counts-tokens-itself", "STREAM-06", "STREAM-40")
class CountsTokensItself(BentStream):
    """Input tokens are the gateway's own, inflated count."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        if event_name(frame) != "message_start":
            return [frame]
        data = event_data(frame)
        data["message"]["usage"]["input_tokens"] *= 3
        return [event("message_start", data)]


@defect("no-final-usage", "STREAM-02", "STREAM-06", "STREAM-40", "STREAM-41")
class NoFinalUsage(BentStream):
    """message_delta comes without usage."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        if event_name(frame) != "message_delta":
            return [frame]
        data = event_data(frame)
        del data["usage"]
        return [event("message_delta", data)]


@defect("types-streams-as-text", "STREAM-07")
class TypesStreamsAsText(ReferenceGateway):
    """Streams are sent as text/plain."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        if not is_stream(response):
            return headers
        return [(k, "text/plain" if k == "content-type" else v) for k, v in headers]


@defect("cuts-long-streams", "STREAM-08", "STREAM-70")
class CutsLongStreams(BentStream):
    """Events beyond a thousand are dropped."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [frame] if number < 1000 else []


@defect("drops-pings", "STREAM-09", "STREAM-54")
class DropsPings(BentStream):
    """Ping events are dropped."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [] if event_name(frame) == "ping" else [frame]


@defect("completes-cut-streams", "STREAM-20", "STREAM-21", "STREAM-80", "STREAM-81")
class CompletesCutStreams(ReferenceGateway):
    """A stream that the provider broke off is ended as if it were whole."""

    async def broken_off(self, request: Request, reply: Reply) -> None:
        await reply.end()


@defect("swallows-error-events", "STREAM-23", "STREAM-85", "STREAM-86")
class SwallowsErrorEvents(BentStream):
    """Error events in the middle of a stream are dropped."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [] if event_name(frame) == "error" else [frame]


@defect(
    "streams-early-errors",
    *"""
        STREAM-24 ERR-01 ERR-02 ERR-03 ERR-04 ERR-05 ERR-06 ERR-07 ERR-11 ERR-12 ERR-13
        ERR-17 ERR-18 ERR-19 ERR-20 ERR-21 ERR-22 ERR-25 ERR-26 ERR-27 ERR-28 ERR-29 ERR-31
        ERR-32 ERR-33 ERR-34 ERR-35 ERR-36 PASS-15 PASS-16 PASS-17 PASS-18 PASS-19 PASS-20
        FALL-09 FALL-24
    """.split(),
)
class StreamsEarlyErrors(ReferenceGateway):
    """A provider's refusal of a streaming request comes as HTTP 200 with an error event."""

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        if response.status_code < 400 or not wants_stream(request):
            await super().relay(request, response, reply)
            return
        body = self.without_key(await response.aread()).decode()
        await reply.start(200, [("content-type", "text/event-stream")])
        await reply.send(f"event: error\ndata: {body}\n\n".encode())
        await reply.end()


@defect("reads-on-for-nobody", "STREAM-25", "ERR-45")
class ReadsOnForNobody(ReferenceGateway):
    """The provider is read to the end after the client has left."""

    def stops_when_client_leaves(self) -> bool:
        return False


@defect("keeps-broken-connections", "STREAM-26")
class KeepsBrokenConnections(ReferenceGateway):
    """After a broken stream the user's next request meets a dead connection."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._broken: set[str] = set()

    async def broken_off(self, request: Request, reply: Reply) -> None:
        self._broken.add(request.header("x-claude-code-session-id") or "")
        await super().broken_off(request, reply)

    async def forward(self, request: Request, reply: Reply) -> None:
        session = request.header("x-claude-code-session-id") or ""
        if session in self._broken:
            self._broken.discard(session)
            await self.refuse(reply, Refusal(502, "api_error", "The provider hung up"))
            return
        await super().forward(request, reply)


@defect(
    "hangs-on-cut",
    *"STREAM-20 MSG-26 STREAM-21 STREAM-80 STREAM-81 STREAM-83".split(),
)
class HangsOnCut(ReferenceGateway):
    """After the provider has broken off, the client's connection stays open without a byte."""

    async def broken_off(self, request: Request, reply: Reply) -> None:
        await reply.client_gone.wait()


@defect(
    "ends-cut-streams-itself",
    *"STREAM-20 STREAM-21 STREAM-80 STREAM-81 STREAM-83".split(),
)
class EndsCutStreamsItself(ReferenceGateway):
    """A stream that was cut gets a made-up end, and then the connection is dropped."""

    async def broken_off(self, request: Request, reply: Reply) -> None:
        stop = {"type": "content_block_stop", "index": 0}
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        end = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 1}}
        for name, data in (("content_block_stop", stop), ("message_delta", end)):
            await reply.send(b"\n\n" + event(name, data) + b"\n\n")
        await reply.send(event("message_stop", {"type": "message_stop"}) + b"\n\n")
        reply.abort()


@defect("completes-reset-streams", "STREAM-21")
class CompletesResetStreams(ReferenceGateway):
    """A stream that the provider ends by a reset is ended as if it were whole."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        with contextlib.suppress(httpx.ReadError):
            async for piece in super().pieces(request, response):
                yield piece


@defect("loses-cache-usage", "STREAM-06", "STREAM-40")
class LosesCacheUsage(BentStream):
    """The counts of cached tokens are missing in streams."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [re.sub(rb'"cache_\w+_tokens":\d+,', b"", frame)]


@defect("streams-by-http-1.0", "STREAM-27")
class StreamsByHttp10(ReferenceGateway):
    """Answers are neither chunked nor measured; the connection's end is theirs."""

    async def serve(self, request: Request, reply: Reply) -> None:
        reply.speak_http_1_0()
        await super().serve(request, reply)
