"""A front that reads the bytes of a connection before the gateway's HTTP server does.

Real servers are strict, so a gateway that reads requests wrongly needs a reader of its own. A
defect changes, answers or takes over what begins a connection; everything else passes as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import re

from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Server

_READ_BYTES = 65_536
_HEAD_END = b"\r\n\r\n"


class RawFront(ReferenceGateway):
    """The reference gateway behind a front that sees every connection's first request."""

    async def listen(self, host: str, port: int) -> tuple[str, int]:
        inner = Server(self.serve, max_body_bytes=self.config.max_body_bytes)
        self._inner = await inner.listen("127.0.0.1", 0)
        self._front = await asyncio.start_server(
            self._connection, host, port, limit=2**20, backlog=512
        )
        name = self._front.sockets[0].getsockname()
        return str(name[0]), int(name[1])

    def concerns(self, head: bytes) -> bool:
        """Whether this is a request that the front reads wrongly."""
        raise NotImplementedError

    async def take_over(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """What becomes of such a request: as :meth:`mended`, it goes to the gateway."""
        rest = await self.rest_of(head, reader)
        await self.pass_on(self.mended(head, rest), reader, writer)

    def mended(self, head: bytes, body: bytes) -> bytes:
        """The request as the front understands it."""
        raise NotImplementedError

    async def rest_of(self, head: bytes, reader: asyncio.StreamReader) -> bytes:
        """What has come of the body."""
        return b""

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            head = await self.head(reader)
            if head.endswith(_HEAD_END) and self.concerns(head):
                await self.take_over(head, reader, writer)
            else:
                await self.pass_on(head, reader, writer)
        with contextlib.suppress(Exception):
            writer.close()

    async def head(self, reader: asyncio.StreamReader) -> bytes:
        """The head of the first request, or what came of it."""
        try:
            return await reader.readuntil(_HEAD_END)
        except asyncio.IncompleteReadError as exc:
            return exc.partial

    async def pass_on(
        self, begin: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Give these bytes and all that follow to the gateway, and its answers to the client."""
        inside, inwards = await asyncio.open_connection(*self._inner)
        inwards.write(begin)
        both = [
            asyncio.ensure_future(copied(reader, inwards)),
            asyncio.ensure_future(self.answers(inside, writer)),
        ]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for one in both:
            one.cancel()
        inwards.close()

    async def answers(self, inside: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Give the gateway's answers to the client."""
        await copied(inside, writer)


async def copied(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Give all that comes from a connection to another one."""
    with contextlib.suppress(OSError):
        while data := await source.read(_READ_BYTES):
            target.write(data)
            await target.drain()


def values(head: bytes, name: bytes) -> list[bytes]:
    """The values of a header, its name in any case, with or without a blank before the colon."""
    found = re.findall(rb"(?im)^" + re.escape(name) + rb"[ \t]*:([^\r\n]*)", head)
    return [value.strip() for value in found]


def without(head: bytes, name: bytes) -> bytes:
    """The head without a header."""
    return re.sub(rb"(?im)^" + re.escape(name) + rb"[ \t]*:[^\r\n]*\r\n", b"", head)


def with_line(head: bytes, line: bytes) -> bytes:
    """The head with a further line."""
    return head[:-2] + line + _HEAD_END
