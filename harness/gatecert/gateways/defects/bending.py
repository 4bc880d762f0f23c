"""Ways to bend what passes through: request bodies, whole answers, single events."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar

import httpx

from gatecert.gateways.reference.decisions import parsed
from gatecert.gateways.reference.gateway import ReferenceGateway, Route
from gatecert.wire import Headers, Reply, Request


def edited(body: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A JSON object changed in place and written again; anything else stays as it is."""
    data = parsed(body)
    if not isinstance(data, dict):
        return body
    change(data)
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace")


def is_stream(response: httpx.Response) -> bool:
    """Whether an answer of the provider is an event stream."""
    return str(response.headers.get("content-type", "")).startswith("text/event-stream")


def is_plain_stream(response: httpx.Response) -> bool:
    """Whether an answer of the provider is an event stream that can be read as it is."""
    return is_stream(response) and "content-encoding" not in response.headers


def wants_stream(request: Request) -> bool:
    """Whether the client asked for a stream."""
    body = parsed(request.body)
    return isinstance(body, dict) and body.get("stream") is True


class BentStatus(ReferenceGateway):
    """Changes single statuses of the provider."""

    statuses: ClassVar[dict[int, int]]

    def relayed_status(self, status: int) -> int:
        """The other status."""
        return self.statuses.get(status, status)


class LosesHeader(ReferenceGateway):
    """Loses headers of the provider's answers, each by its name in lower case."""

    lost: str

    def relayed_headers(self, response: httpx.Response) -> Headers:
        """Without it."""
        return [(k, v) for k, v in super().relayed_headers(response) if k.lower() != self.lost]


class BentRequest(ReferenceGateway):
    """Changes the request body on its way to the provider."""

    def change_request(self, body: dict[str, Any]) -> None:
        """Change the body in place."""
        raise NotImplementedError

    def forwarded_body(self, request: Request) -> bytes:
        """The changed body."""
        return edited(request.body, self.change_request)


class BentForBackup(ReferenceGateway):
    """Sends the backup another request than the primary."""

    @contextlib.asynccontextmanager
    async def open(self, request: Request, route: Route) -> AsyncIterator[httpx.Response]:
        """The changed request, if it is the backup's."""
        if route.name == "backup":
            request = self.instead(request)
        async with super().open(request, route) as response:
            yield response

    def instead(self, request: Request) -> Request:
        """What the backup is sent."""
        raise NotImplementedError


class BentAnswer(ReferenceGateway):
    """Changes whole JSON answers of the provider; streams pass."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        """Change the body in place."""
        raise NotImplementedError

    def relayed_headers(self, response: httpx.Response) -> Headers:
        """Without a length and an encoding, which no longer fit."""
        headers = super().relayed_headers(response)
        if is_stream(response):
            return headers
        return [
            (k, v) for k, v in headers if k.lower() not in ("content-length", "content-encoding")
        ]

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        """The changed answer in one piece."""
        if is_stream(response):
            async for piece in super().pieces(request, response):
                yield piece
            return
        body = await response.aread()
        body = self.without_key(body) if response.status_code >= 400 else body
        yield edited(body, lambda data: self.change_answer(data, response))


class BentError(ReferenceGateway):
    """Answers some of the provider's errors in another way."""

    def instead(self, status: int, body: bytes) -> tuple[int, str, bytes] | None:
        """Status, content type and body to answer with, or None to pass the error on."""
        raise NotImplementedError

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        """The error, or what takes its place."""
        if response.status_code < 400:
            await super().relay(request, response, reply)
            return
        body = self.without_key(await response.aread())
        other = self.instead(response.status_code, body)
        status, kind, sent = other or (response.status_code, "", body)
        gone = {"content-length", "content-encoding", *(["content-type"] if kind else [])}
        headers = [(k, v) for k, v in self.relayed_headers(response) if k.lower() not in gone]
        await reply.answer(status, [*headers, *([("content-type", kind)] if kind else [])], sent)


class _Restreamed(ReferenceGateway):
    """Sends streams of another length than the provider's."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        """For streams without a length, which no longer fits."""
        headers = super().relayed_headers(response)
        if not is_stream(response):
            return headers
        return [(k, v) for k, v in headers if k.lower() != "content-length"]


class BentStream(_Restreamed):
    """Changes streams event by event, without holding anything back."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        """What takes the place of an event (its text up to the blank line)."""
        raise NotImplementedError

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        """The stream with its events changed."""
        source = super().pieces(request, response)
        if not is_plain_stream(response):
            async for piece in source:
                yield piece
            return
        rest, number = b"", 0
        async for piece in source:
            *frames, rest = (rest + piece).split(b"\n\n")
            for frame in frames:
                for changed in self.change_event(frame, number):
                    yield changed + b"\n\n"
                number += 1
        if rest:
            yield rest


class RewrittenStream(_Restreamed):
    """Changes streams event by event, with a memory for each stream."""

    def rewrite(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """What takes the place of a stream's events (their text up to the blank line)."""
        raise NotImplementedError

    def rest(self, left: bytes) -> bytes:
        """What takes the place of the end of a stream that no blank line completes."""
        return left

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        """The stream rewritten; what is no stream passes."""
        source = super().pieces(request, response)
        if not is_plain_stream(response):
            async for piece in source:
                yield piece
            return
        left = bytearray()
        async for frame in self.rewrite(_frames(source, left)):
            yield frame + b"\n\n"
        yield self.rest(bytes(left))


async def _frames(source: AsyncIterator[bytes], left: bytearray) -> AsyncIterator[bytes]:
    """The events that are complete; what comes after the last of them is ``left`` over."""
    async for piece in source:
        *frames, rest = bytes(left + piece).split(b"\n\n")
        left[:] = rest
        for frame in frames:
            yield frame


def event_name(frame: bytes) -> str:
    """The name of an event."""
    return frame.partition(b"\n")[0].removeprefix(b"event: ").decode()


def event_data(frame: bytes) -> dict[str, Any]:
    """The data of an event."""
    data: dict[str, Any] = json.loads(frame.partition(b"\ndata: ")[2])
    return data


def event(name: str, data: dict[str, Any]) -> bytes:
    """An event's text."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}".encode()
