"""A small HTTP/1.1 server on asyncio and h11.

Web frameworks hide what a gateway test has to see and do: the case and order of header names, the
raw request target, a connection that is dropped before or in the middle of an answer. This server
shows all of it and leaves the protocol itself to h11.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import h11

from gatecert.wire.sendqueue import undelivered_bytes

Headers = list[tuple[str, str]]

_READ_BYTES = 65_536
_HEADER_LIMIT_BYTES = 64 * 1024
_DELIVERY_S, _DELIVERY_LOOKS = 1.0, 500


class ClientGone(Exception):
    """The peer closed the connection before the answer was complete."""


@dataclass(frozen=True)
class Request:
    """One request as it arrived.

    ``target`` is the raw request target (path and query, undecoded); ``headers`` keep order and
    case; ``body`` is empty when ``too_large`` is set. ``connection`` numbers the server's
    connections from 1.
    """

    method: str
    target: str
    headers: Headers
    body: bytes
    too_large: bool = False
    http_version: str = "1.1"
    connection: int = 0

    @property
    def path(self) -> str:
        """The target without its query, undecoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query without its question mark, undecoded."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str | None:
        """The first value of a header, its name in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


class Reply:
    """The answer to one request, sent piece by piece.

    Each :meth:`send` is one write (and one chunk, if the answer is chunked). Every method raises
    :class:`ClientGone` once the peer has left.
    """

    def __init__(self, conn: h11.Connection, writer: asyncio.StreamWriter) -> None:
        self.chunked = True
        self._conn = conn
        self._writer = writer
        self.client_gone = asyncio.Event()
        self.started = False

    async def start(self, status: int, headers: Headers, reason: str = "") -> None:
        """Send the status line and headers; without Content-Length the body will be chunked."""
        self.chunked = all(name.lower() != "content-length" for name, _ in headers)
        self.started = True
        await self._write(
            h11.Response(
                status_code=status,
                headers=[(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers],
                reason=reason.encode("latin-1"),
            )
        )

    async def send(self, data: bytes) -> None:
        """Send a piece of the body."""
        if data:
            await self._write(h11.Data(data=data))

    async def end(self) -> None:
        """Finish the body."""
        await self._write(h11.EndOfMessage())

    async def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a whole answer with its Content-Length."""
        length = ("Content-Length", str(len(body)))
        await self.start(status, [*headers, length])
        await self.send(body)
        await self.end()

    async def answer_and_overrun(self, status: int, headers: Headers, surplus: bytes) -> None:
        """Send an answer without a body, and in the same write bytes that do not belong to it."""
        raw = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers]
        head = self._conn.send(h11.Response(status_code=status, headers=raw)) or b""
        self._conn.send(h11.EndOfMessage())
        self.started = True
        self._writer.write(head + surplus)
        await self._writer.drain()

    def speak_http_1_0(self) -> None:
        """Answer as to a peer of HTTP/1.0: no chunks, the connection's end is the body's."""
        self._conn.their_http_version = b"1.0"

    async def delivered(self) -> None:
        """Return when the peer's system has all that was sent, or after a second.

        Where the system does not tell, this returns at once.
        """
        sock = self._writer.get_extra_info("socket")
        for _ in range(_DELIVERY_LOOKS):
            if not undelivered_bytes(sock.fileno()):
                return
            await asyncio.sleep(_DELIVERY_S / _DELIVERY_LOOKS)

    def abort(self, *, reset: bool = False) -> None:
        """Drop the connection without finishing the answer, by FIN or by RST."""
        if reset:
            sock = self._writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()
        else:
            self._writer.close()
        self.client_gone.set()

    async def _write(self, event: h11.Event) -> None:
        if self.client_gone.is_set():
            raise ClientGone
        data = self._conn.send(event)
        if not data:
            return
        try:
            self._writer.write(data)
            await self._writer.drain()
        except (ConnectionError, OSError) as exc:
            self.client_gone.set()
            raise ClientGone from exc


Handler = Callable[[Request, Reply], Awaitable[None]]


class Server:
    """Serves ``handler`` on one address until closed.

    A handler that raises :class:`ClientGone` is done; one that returns without having finished its
    answer has its connection closed.
    """

    def __init__(self, handler: Handler, *, max_body_bytes: int = 64 * 1024 * 1024) -> None:
        self._handler = handler
        self._max_body = max_body_bytes
        self._server: asyncio.Server | None = None
        self._connections = 0

    async def listen(
        self, host: str, port: int, tls: ssl.SSLContext | None = None
    ) -> tuple[str, int]:
        """Start to listen; port 0 picks a free one. Returns the address in use.

        Raises OSError if the address cannot be had.
        """
        self._server = await asyncio.start_server(
            self._connection, host, port, backlog=512, ssl=tls
        )
        name = self._server.sockets[0].getsockname()
        return str(name[0]), int(name[1])

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, OSError, ClientGone, asyncio.CancelledError):
            await self._cycles(reader, writer)
        with contextlib.suppress(Exception):
            writer.close()

    async def _cycles(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conn = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEADER_LIMIT_BYTES)
        self._connections += 1
        number = self._connections
        while True:
            try:
                request = await self._next_request(conn, reader, writer)
            except h11.RemoteProtocolError as exc:
                await _refuse(conn, writer, exc.error_status_hint)
                return
            if request is None:
                return
            reply = Reply(conn, writer)
            await self._run(replace(request, connection=number), reply, conn, reader)
            if conn.our_state is not h11.DONE or conn.their_state is not h11.DONE:
                return
            conn.start_next_cycle()

    async def _run(
        self, request: Request, reply: Reply, conn: h11.Connection, reader: asyncio.StreamReader
    ) -> None:
        """Run the handler while watching whether the peer leaves."""
        watcher = asyncio.create_task(_watch(reader, conn, reply.client_gone))
        try:
            await self._handler(request, reply)
        finally:
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher

    async def _next_request(
        self, conn: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Request | None:
        head: h11.Request | None = None
        pieces: list[bytes] = []
        size = 0
        while True:
            event = conn.next_event()
            if event is h11.NEED_DATA:
                if conn.they_are_waiting_for_100_continue:
                    writer.write(conn.send(h11.InformationalResponse(status_code=100, headers=[])))
                conn.receive_data(await reader.read(_READ_BYTES))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                size += len(event.data)
                if size <= self._max_body:
                    pieces.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                too_large = size > self._max_body
                return _request(head, b"" if too_large else b"".join(pieces), too_large)
            else:  # ConnectionClosed or PAUSED
                return None


def _request(head: h11.Request, body: bytes, too_large: bool) -> Request:
    return Request(
        method=head.method.decode("ascii"),
        target=head.target.decode("latin-1"),
        headers=[
            (key.decode("latin-1"), value.decode("latin-1"))
            for key, value in head.headers.raw_items()
        ],
        body=body,
        too_large=too_large,
        http_version=head.http_version.decode("ascii"),
    )


async def _watch(reader: asyncio.StreamReader, conn: h11.Connection, gone: asyncio.Event) -> None:
    """Set ``gone`` when the peer closes; keep what it sends ahead for the next cycle."""
    try:
        while True:
            data = await reader.read(_READ_BYTES)
            if not data:
                break
            conn.receive_data(data)
    except (ConnectionError, OSError):
        pass
    gone.set()


async def _refuse(conn: h11.Connection, writer: asyncio.StreamWriter, status: int) -> None:
    """Answer bytes that are no HTTP request."""
    with contextlib.suppress(h11.LocalProtocolError):
        headers = [("Content-Length", "0"), ("Connection", "close")]
        writer.write(conn.send(h11.Response(status_code=status, headers=headers)))
        writer.write(conn.send(h11.EndOfMessage()))
        await writer.drain()
