"""Defects about heads: values that become headers, sizes, unfinished requests, other protocols."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from urllib.parse import unquote

from gatecert.gateways.defects.rawfront import RawFront, values
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.config import GatewayConfig
from gatecert.gateways.reference.decisions import Refusal, parsed
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Reply, Request


def _lines(name: str, value: str) -> Headers:
    """A header written without care: what stands behind a line break is a header of its own."""
    first, *others = value.split("\r\n")
    further = [(k, v.strip()) for k, _, v in (line.partition(":") for line in others)]
    return [(name, first), *further]


@defect("decodes-the-query-into-a-header", "SEC-33")
class DecodesTheQueryIntoAHeader(ReferenceGateway):
    """The decoded query is copied into a header for the provider, line breaks and all."""

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        return [*headers, *_lines("x-original-query", unquote(request.query))]


@defect("decodes-the-path-into-a-header", "SEC-33")
class DecodesThePathIntoAHeader(ReferenceGateway):
    """The refusal of a path repeats the decoded path in a header."""

    def endpoint(self, request: Request) -> str | Refusal:
        found = super().endpoint(request)
        if isinstance(found, Refusal) and found.status == 404:
            return replace(found, headers=tuple(_lines("x-path", unquote(request.path))))
        return found


@defect("metadata-becomes-headers", "SEC-33")
class MetadataBecomesHeaders(ReferenceGateway):
    """Every member of the metadata is sent on as a header of its own, as it is."""

    def forwarded_headers(self, request: Request) -> Headers:
        metadata = self.metadata(request)
        members = metadata.items() if isinstance(metadata, dict) else ()
        tags = [line for k, v in members for line in _lines(f"x-tag-{k}", str(v))]
        return [*super().forwarded_headers(request), *tags]


@defect("model-becomes-a-header", "SEC-33")
class ModelBecomesAHeader(ReferenceGateway):
    """A model that is refused is named in a header of the answer, as it is."""

    def check_body(self, request: Request) -> Refusal | None:
        refusal = super().check_body(request)
        body = parsed(request.body)
        if refusal is None or not isinstance(body, dict):
            return refusal
        return replace(refusal, headers=tuple(_lines("x-model", str(body.get("model")))))


@defect("a-bare-cr-ends-a-header", "SEC-33")
class ABareCrEndsAHeader(RawFront):
    """A carriage return alone ends a header's line."""

    def concerns(self, head: bytes) -> bool:
        return re.search(rb"\r(?!\n)", head) is not None

    def mended(self, head: bytes, body: bytes) -> bytes:
        return re.sub(rb"\r(?!\n)", b"\r\n", head)


@defect("drops-large-heads", "SEC-35")
class DropsLargeHeads(RawFront):
    """A connection whose head is larger than 48 kB is closed without a word."""

    def concerns(self, head: bytes) -> bool:
        return len(head) > 49_152

    async def take_over(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.close()


@defect("500-on-many-headers", "SEC-35")
class ServerErrorOnManyHeaders(ReferenceGateway):
    """More than a hundred headers end in an exception of the HTTP library, and in a 500."""

    async def serve(self, request: Request, reply: Reply) -> None:
        if len(request.headers) > 100:
            await self.refuse(reply, Refusal(500, "api_error", "Internal server error"))
            return
        await super().serve(request, reply)


@defect("a-worker-for-each-connection", "SEC-36")
class AWorkerForEachConnection(RawFront):
    """Ten workers read requests, each waiting for its client to finish the head."""

    def __init__(self, config: GatewayConfig) -> None:
        super().__init__(config)
        self._workers = asyncio.Semaphore(10)

    def concerns(self, head: bytes) -> bool:
        return False

    async def head(self, reader: asyncio.StreamReader) -> bytes:
        async with self._workers:
            return await super().head(reader)


@defect("switches-to-h2c", "SEC-39")
class SwitchesToH2c(RawFront):
    """Upgrade: h2c is agreed to, whoever asks."""

    def concerns(self, head: bytes) -> bool:
        return values(head, b"upgrade") == [b"h2c"]

    async def take_over(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        )
        await writer.drain()


@defect("passes-upgrades-on", "SEC-39")
class PassesUpgradesOn(ReferenceGateway):
    """The client's Upgrade header is passed on to the provider."""

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        upgrade = request.header("upgrade")
        return [*headers, ("upgrade", upgrade)] if upgrade else headers


@defect("echoes-trace", "SEC-40")
class EchoesTrace(ReferenceGateway):
    """TRACE is answered with the request as it came."""

    async def serve(self, request: Request, reply: Reply) -> None:
        if request.method != "TRACE":
            await super().serve(request, reply)
            return
        lines = [f"TRACE {request.target} HTTP/1.1", *(f"{k}: {v}" for k, v in request.headers)]
        body = "\r\n".join(lines).encode("latin-1")
        await reply.answer(200, [("content-type", "message/http")], body)
