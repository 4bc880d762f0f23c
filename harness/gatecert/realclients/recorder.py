"""A hop in front of the gateway: bytes pass unchanged both ways, and requests are kept.

What a client sends is told best by its own bytes: a gateway, however true, may order headers anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
import time
from dataclasses import dataclass, field

from gatecert.realclients.requests import RequestReader
from gatecert.wire import Request

_READ_BYTES = 65_536
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


@dataclass
class Seen:
    """One request of a client.

    ``connection`` counts from 0; ``at_s`` is the time of its last byte on the monotonic clock, in
    seconds; ``status`` is that of the answer, 0 while there is none.
    """

    request: Request
    connection: int
    at_s: float
    status: int = 0


@dataclass
class Recorder:
    """Listens on loopback, passes on to ``port``, and keeps what came in ``seen``."""

    port: int
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    broken: list[str] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> str:
        """Start to listen on a free port; returns the address as a URL."""
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Stop to listen and close what is open."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.close()
        await asyncio.sleep(0)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = self.connections
        self.connections += 1
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._open |= {writer, there_writer}
        up = self._upwards(reader, there_writer, number)
        down = self._downwards(there_reader, writer, number)
        try:
            await asyncio.gather(up, down)
        finally:
            self._open -= {writer, there_writer}

    async def _upwards(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        requests = RequestReader()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(_READ_BYTES):
                for request in requests.feed(data):
                    self.seen.append(Seen(request, number, time.monotonic()))
                writer.write(data)
                await writer.drain()
        if requests.broken:
            self.broken.append(requests.broken)
        writer.close()

    async def _downwards(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        try:
            while data := await reader.read(_READ_BYTES):
                self._answered(number, data)
                writer.write(data)
                await writer.drain()
            writer.close()
        except ConnectionError:
            # a reset stays a reset on the other side, unless that has left already
            sock = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def _answered(self, number: int, data: bytes) -> None:
        """Note the status of an answer whose head begins here."""
        waiting = [s for s in self.seen if s.connection == number and not s.status]
        match = _STATUS.match(data)
        if waiting and match:
            waiting[0].status = int(match.group(1))
