"""Defects of framing: where a request ends, and what stands in its head."""

from __future__ import annotations

import asyncio
import contextlib
import re
from urllib.parse import urlsplit

from gatecert.gateways.defects.rawfront import RawFront, values, with_line, without
from gatecert.gateways.defects.registry import defect

_LENGTH = b"content-length"
_CODING = b"transfer-encoding"


@defect("passes-both-lengths-on", "SEC-30")
class PassesBothLengthsOn(RawFront):
    """The body is read by its length and passed on with its chunked coding, header and all."""

    def concerns(self, head: bytes) -> bool:
        keys = (*self.config.keys,)
        known = any(key.encode() in head for key in keys)
        lengths = values(head, _LENGTH)
        return known and len(lengths) == 1 and values(head, _CODING) == [b"chunked"]

    async def take_over(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        body = await reader.readexactly(int(values(head, _LENGTH)[0]))
        outwards = without(without(head, b"authorization"), b"host")
        key = f"x-api-key: {self.config.provider_key}\r\nHost: provider".encode()
        parts = urlsplit(self.config.providers["primary"])
        inside, inwards = await asyncio.open_connection(parts.hostname, parts.port)
        inwards.write(with_line(outwards, key) + body)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                while data := await inside.read(65_536):
                    writer.write(data)
        inwards.close()


class _Mends(RawFront):
    """Reads an odd length with good will, and hands the request on with a right one."""

    def size(self, head: bytes) -> bytes | None:
        """The length as the front understands it, None if the request is not its concern."""
        raise NotImplementedError

    def concerns(self, head: bytes) -> bool:
        return self.size(head) is not None

    def mended(self, head: bytes, body: bytes) -> bytes:
        plain = without(without(head, _LENGTH), _CODING)
        return with_line(plain, b"Content-Length: " + (self.size(head) or b"0"))


@defect("takes-the-first-of-two-lengths", "SEC-31")
class TakesTheFirstOfTwoLengths(_Mends):
    """Of two Content-Length headers the first one counts."""

    def size(self, head: bytes) -> bytes | None:
        lengths = values(head, _LENGTH)
        return lengths[0] if len(lengths) > 1 and not values(head, _CODING) else None


@defect("reads-lengths-with-int", "SEC-31")
class ReadsLengthsWithInt(_Mends):
    """A length may have a plus sign or underscores, since the language's own parser takes them."""

    def size(self, head: bytes) -> bytes | None:
        lengths = values(head, _LENGTH)
        if len(lengths) != 1 or lengths[0].isdigit() or values(head, _CODING):
            return None
        with contextlib.suppress(ValueError):
            return str(int(lengths[0])).encode()
        return None


@defect("ignores-unknown-codings", "SEC-31")
class IgnoresUnknownCodings(_Mends):
    """A transfer coding that the gateway does not know is ignored, and the length counts."""

    def size(self, head: bytes) -> bytes | None:
        lengths, codings = values(head, _LENGTH), values(head, _CODING)
        return lengths[0] if codings == [b"xchunked"] and len(lengths) == 1 else None


@defect("allows-blanks-before-the-colon", "SEC-31")
class AllowsBlanksBeforeTheColon(RawFront):
    """A header's name may be followed by a blank."""

    def concerns(self, head: bytes) -> bool:
        return b" :" in head.partition(b"\r\n")[2] and not values(head, _LENGTH)

    def mended(self, head: bytes, body: bytes) -> bytes:
        return re.sub(rb"(?m)^([\w-]+) +:", rb"\1:", head)


@defect("lenient-chunk-sizes", "SEC-32")
class LenientChunkSizes(RawFront):
    """Chunk sizes are read by the language's own parser, which takes 0x and signs."""

    def concerns(self, head: bytes) -> bool:
        return values(head, _CODING) == [b"chunked"] and not values(head, _LENGTH)

    async def take_over(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        line = await reader.readline()
        try:
            begin = b"%x\r\n" % abs(int(line, 16))
        except ValueError:
            begin = line
        await self.pass_on(head + begin, reader, writer)


@defect("forgets-pipelined-requests", "SEC-37")
class ForgetsPipelinedRequests(RawFront):
    """What was read beyond the end of a request is thrown away with its buffer."""

    def concerns(self, head: bytes) -> bool:
        return values(head, _LENGTH) != [] and not values(head, _CODING)

    async def take_over(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ValueError):
            body = await reader.readexactly(int(values(head, _LENGTH)[0]))
            quiet_s = 0.002
            with contextlib.suppress(TimeoutError):
                while await asyncio.wait_for(reader.read(1_000_000), quiet_s):
                    quiet_s = 0.05  # the rest of what was begun
            await self.pass_on(head + body, reader, writer)


@defect("sends-length-with-chunks", "PASS-24")
class SendsLengthWithChunks(RawFront):
    """An answer in chunks carries a Content-Length as well."""

    def concerns(self, head: bytes) -> bool:
        return head.startswith(b"POST")

    async def take_over(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await self.pass_on(head, reader, _WithLength(writer))


class _WithLength:
    """A writer that puts a length beside chunks."""

    _CHUNKED = re.compile(rb"(?i)(transfer-encoding: chunked\r\n)")

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        self._writer.write(self._CHUNKED.sub(rb"\1Content-Length: 4096\r\n", data))

    async def drain(self) -> None:
        await self._writer.drain()


@defect("chunks-for-http-1.0", "SEC-38")
class ChunksForHttp10(RawFront):
    """Streams are chunked whatever version of HTTP the peer speaks."""

    def concerns(self, head: bytes) -> bool:
        return head.partition(b"\r\n")[0].endswith(b" HTTP/1.0")

    def mended(self, head: bytes, body: bytes) -> bytes:
        return with_line(head.replace(b" HTTP/1.0", b" HTTP/1.1", 1), b"Connection: close")
