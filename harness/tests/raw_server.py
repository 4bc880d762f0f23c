"""A server that says exactly the bytes of a test, and a client that asks it."""

from __future__ import annotations

import gzip
import socket
import socketserver
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import sleep
from typing import Any

import brotli  # type: ignore[import-untyped]
import zstandard

from gatecert.desktop import Exchange, HttpxTransport, OutgoingRequest
from gatecert.desktop.transport import OnChunk

Answer = bytes | Callable[[socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LENGTH_9 = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
TEXT = b"The quick brown fox. " * 40
ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


class Server(socketserver.ThreadingTCPServer):
    """Takes one request a connection, gives the answer of the test, and hangs up."""

    answer: Answer = b""
    wait = True
    requests: list[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Connection(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        sock: socket.socket = self.request
        sock.settimeout(5)
        data = b""
        while self.server.wait and b"\r\n\r\n" not in data and (more := sock.recv(65_536)):
            data += more
        self.server.requests.append(data)
        answer = self.server.answer
        if isinstance(answer, bytes):
            sock.sendall(answer)
        else:
            answer(sock)


@contextmanager
def serving(answer: Answer, *, wait: bool = True) -> Iterator[Server]:
    """With ``wait`` the request is read before anything is said."""
    with Server(("127.0.0.1", 0), Connection) as server:
        server.answer, server.wait, server.requests = answer, wait, []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def get(url: str, on_chunk: OnChunk | None = None, **options: Any) -> Exchange:
    headers = [("Host", "127.0.0.1"), *options.pop("headers", [])]
    request = OutgoingRequest("GET", url, headers, options.pop("body", b""))
    sender = HttpxTransport(**options)
    try:
        return sender.send("a test", request, on_chunk)
    finally:
        sender.close()


def answered(answer: Answer, **options: Any) -> Exchange:
    with serving(answer) as server:
        return get(server.url, **options)


def kind(exchange: Exchange) -> str:
    return exchange.fault.kind if exchange.fault else ""


def encoded(coding: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def hang_after(data: bytes) -> Answer:
    """Say this much, then nothing until the client leaves."""

    def answer(sock: socket.socket) -> None:
        sock.sendall(data)
        while sock.recv(65_536):
            pass

    return answer


def drip_after(data: bytes, drop: bytes) -> Answer:
    """Never silent, never done: a drop again and again until the client leaves."""

    def answer(sock: socket.socket) -> None:
        with suppress(OSError):
            sock.sendall(data)
            for _ in range(1000):
                sock.sendall(drop)
                sleep(0.005)

    return answer
