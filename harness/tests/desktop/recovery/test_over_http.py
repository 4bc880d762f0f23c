"""Whole turns over a real connection; only the waits are not waited for."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from raw_server import CHUNKED, Answer, reset, serving
from recovery_cases import fault, play

from gatecert.desktop import ENGINE_DESKTOP, Engine, GatewaySettings, HttpxTransport
from gatecert.desktop.recovery import Clock, Persisted
from gatecert.desktop.recovery.policy import DESKTOP_330

LATER = Clock(sleep=lambda seconds: None, chance=lambda: 0.5)
# the server hangs up after each answer, and the next request may not go into that connection
CLOSE = "Connection: close\r\n"
WHOLE = {"type": "message", "content": [{"type": "text", "text": "whole"}], "usage": {}}


def status(code: int) -> bytes:
    return f"HTTP/1.1 {code} X\r\n{CLOSE}Content-Length: 0\r\n\r\n".encode()


def stream(name: str, *, ended: bool = True) -> bytes:
    body = fault(name).body
    piece = f"{len(body):x}\r\n".encode() + body + b"\r\n" if body else b""
    head = CHUNKED.removesuffix(b"\r\n") + CLOSE.encode() + b"\r\n"
    return head + piece + (b"0\r\n\r\n" if ended else b"")


def whole() -> bytes:
    body = json.dumps(WHOLE).encode()
    return f"HTTP/1.1 200 OK\r\n{CLOSE}Content-Length: {len(body)}\r\n\r\n".encode() + body


def read_on(sock: socket.socket, request: bytes) -> None:
    """Take the rest of a body: whoever answers and hangs up before resets the connection."""
    head, _, body = request.partition(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length:"))
    left = int(length.partition(b":")[2]) - len(body)
    while left > 0:
        left -= len(sock.recv(65_536)) or left


@contextmanager
def asked_of(*script: Answer) -> Iterator[tuple[Persisted, Sequence[bytes]]]:
    """A turn of the desktop's engine, each request answered by the next of the script."""
    served = iter(script)

    def answer(sock: socket.socket) -> None:
        read_on(sock, server.requests[-1])
        said = next(served)
        sock.sendall(said) if isinstance(said, bytes) else said(sock)

    with serving(answer) as server:
        transport = HttpxTransport(silence_s=5)
        engine = Engine(ENGINE_DESKTOP, GatewaySettings(server.url, "sk-1"), transport)
        draft = engine.draft([{"role": "user", "content": "hi"}])
        yield engine.persist(draft, clock=LATER), server.requests
        transport.close()


def test_two_errors_and_then_an_answer() -> None:
    with asked_of(status(500), status(503), stream("text")) as (turn, requests):
        assert [a.why for a in turn.attempts] == ["first", "retry", "retry"]
        assert (turn.end.result, len(requests)) == ("answered", 3)
        assert turn.waits_s == [0.5625, 1.125]
        assert all(b"X-Stainless-Retry-Count: 0\r\n" in request for request in requests)


def test_a_stream_without_names_is_asked_for_without_a_stream() -> None:
    with asked_of(stream("s_noevent"), whole()) as (turn, requests):
        assert (turn.end.result, turn.last.outcome.text) == ("answered", "whole")
        assert all(b"X-Stainless-Timeout: 900\r\n" in request for request in requests)


def test_a_reset_before_and_a_cut_after_the_first_word() -> None:
    script = (reset, stream("s_rst_mid", ended=False), stream("text"))
    with asked_of(*script) as (turn, requests):
        assert [a.outcome.kind for a in turn.attempts] == ["dropped", "reset", "answered"]
        assert (turn.end.result, len(requests)) == ("answered", 3)


def test_a_line_for_a_real_exchange_is_that_of_the_rehearsed_one() -> None:
    with asked_of(status(403)) as (turn, _):
        rehearsed = play(DESKTOP_330, "emptyerr:403")
        assert turn.end == rehearsed.end
