"""No answer may last for ever: silence, drips, and connections that never come about."""

from __future__ import annotations

import socket

import pytest
from raw_server import (
    CHUNKED,
    LENGTH_9,
    OK,
    Answer,
    answered,
    drip_after,
    encoded,
    get,
    hang_after,
    kind,
    reset,
    serving,
)

from gatecert.desktop import Fault, HttpxTransport, OutgoingRequest


@pytest.mark.parametrize(
    ("said", "status", "body"),
    [
        (b"", None, b""),
        (b"HTTP/1.1 200 OK\r\nContent-", None, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n", None, b""),
        (CHUNKED + b"3\r\nabc\r\n", 200, b"abc"),
        (LENGTH_9 + b"abc", 200, b"abc"),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", 200, b"abc"),
    ],
)
def test_silence_is_a_timeout(said: bytes, status: int | None, body: bytes) -> None:
    exchange = answered(hang_after(said), silence_s=0.1)
    assert (exchange.status, exchange.body) == (status, body)
    assert exchange.fault == Fault("timeout", "nothing came for 0.1 s")


@pytest.mark.parametrize(
    ("said", "drop", "status"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Drip: ", b"d", None),
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n", None),
        (CHUNKED, b"1\r\nd\r\n", 200),
        (CHUNKED + b"1;", b"d", 200),
        (LENGTH_9.replace(b"9", b"9999"), b"d", 200),
        # bytes that decode to none
        (encoded("gzip", b"\x1f\x8b\x08\x08\0\0\0\0\0\3").replace(b": 10", b": 9999"), b"n", 200),
    ],
)
def test_an_answer_that_drips_ends_in_a_timeout(
    said: bytes, drop: bytes, status: int | None
) -> None:
    exchange = answered(drip_after(said, drop), total_s=0.2)
    assert exchange.status == status
    assert exchange.fault == Fault("timeout", "the answer was not complete after 0.2 s")


def test_a_request_that_is_not_taken_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        exchange = get(url, body=bytes(32 << 20), silence_s=0.1)
    assert (exchange.status, kind(exchange)) == (None, "timeout")


def reset_once_greeted(sock: socket.socket) -> None:
    """Reset in the midst of the handshake: before its first message it might be met earlier."""
    sock.recv(65_536)
    reset(sock)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (hang_after(b""), "timeout"),
        (reset_once_greeted, "closed"),
        (b"", "closed"),
        (b"no TLS", "unreachable"),
    ],
)
def test_a_tls_handshake_that_fails_is_told_apart(answer: Answer, wanted: str) -> None:
    with serving(answer, wait=False) as server:
        exchange = get(server.url.replace("http", "https"), total_s=0.5)
    assert exchange.status is None
    assert kind(exchange) == wanted


def test_the_limit_of_one_exchange_does_not_count_for_the_next() -> None:
    with serving(hang_after(b"")) as server:
        sender = HttpxTransport(total_s=0.1)
        request = OutgoingRequest("GET", server.url, [("Host", "h")])
        assert kind(sender.send("a test", request)) == "timeout"
        server.answer = OK
        assert sender.send("a test", request).status == 200
        sender.close()
