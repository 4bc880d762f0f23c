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
import pytest
import zstandard

from gatecert.desktop import (
    Exchange,
    Fault,
    HttpxTransport,
    OutgoingRequest,
    RequestCap,
    RequestNotSent,
    transport,
)
from gatecert.desktop.transport import OnChunk, RequestCapExceeded
from gatecert.upstream.__main__ import closed_port

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


def test_an_answer_is_reported_whole() -> None:
    exchange = answered(
        b"HTTP/1.1 299 So So\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 2\r\n\r\nok"
    )
    assert (exchange.status, exchange.reason, exchange.http_version) == (299, "So So", "HTTP/1.1")
    assert exchange.headers == [("X-One", "1"), ("x-one", "2"), ("Content-Length", "2")]
    assert (exchange.header("X-ONE"), exchange.body, exchange.fault) == ("1, 2", b"ok", None)
    assert 0 < exchange.headers_ms <= exchange.chunks[0].at_ms <= exchange.end_ms


def test_a_port_where_nobody_listens_refuses() -> None:
    holder, port = closed_port()
    with holder:
        exchange = get(f"http://127.0.0.1:{port}")
    assert (exchange.status, kind(exchange)) == (None, "refused")


@pytest.mark.parametrize("answer", [b"", reset], ids=["FIN", "RST"])
def test_a_connection_closed_before_headers_is_closed(answer: Answer) -> None:
    exchange = answered(answer)
    assert (exchange.status, kind(exchange)) == (None, "closed")


def test_a_chunked_body_that_is_cut_keeps_what_came() -> None:
    exchange = answered(CHUNKED + b"3\r\nabc\r\n5\r\nde")
    assert (exchange.status, exchange.body, kind(exchange)) == (200, b"abcde", "closed")


def test_a_body_shorter_than_its_length_keeps_what_came() -> None:
    exchange = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    assert (exchange.status, exchange.body, kind(exchange)) == (200, b"abc", "closed")


@pytest.mark.parametrize(
    "answer", [b"no HTTP\r\n\r\n", b"incomplete, peer closed\r\n\r\n", CHUNKED + b"zz\r\n"]
)
def test_what_is_no_http_is_a_protocol_fault(answer: bytes) -> None:
    assert kind(answered(answer)) == "protocol"


@pytest.mark.parametrize("coding", ENCODERS)
def test_a_compressed_body_is_decoded(coding: str) -> None:
    exchange = answered(encoded(coding, ENCODERS[coding](TEXT)))
    assert (exchange.body, exchange.fault) == (TEXT, None)
    assert exchange.header("content-encoding") == coding


@pytest.mark.parametrize("coding", ENCODERS)
def test_a_body_that_is_not_encoded_as_it_says_is_a_decoding_fault(coding: str) -> None:
    exchange = answered(encoded(coding, TEXT))
    assert (exchange.status, kind(exchange)) == (200, "decoding")


def test_a_redirect_is_not_followed() -> None:
    location = b"HTTP/1.1 307 Elsewhere\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    with serving(location) as server:
        exchange = get(server.url)
    assert (exchange.status, exchange.header("location")) == (307, "/elsewhere")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "target",
    ["//v1/messages", "/a/../b", "/a/./b//", "/a%2Fb%2f", "/v1?x=%20&y=a+b", "/?"],
)
def test_the_target_goes_out_as_it_stands(target: str) -> None:
    with serving(OK) as server:
        get(server.url + target)
    assert server.requests[0].split(b" ")[1] == target.encode()


def test_a_url_without_a_path_asks_for_the_root() -> None:
    with serving(OK) as server:
        get(server.url)
    assert server.requests[0].startswith(b"GET / HTTP/1.1\r\n")


def test_headers_go_out_as_they_stand_but_for_the_host_which_is_first() -> None:
    headers = [("x-b", "1"), ("X-A", "é"), ("x-B", "2"), ("Host", "h"), ("ACCEPT", "x")]
    with serving(OK) as server:
        sender = HttpxTransport()
        sender.send("a test", OutgoingRequest("GET", server.url, headers))
        sender.close()
    lines = server.requests[0].decode("latin-1").split("\r\n")
    assert lines[1:-2] == ["Host: h", "x-b: 1", "X-A: é", "x-B: 2", "ACCEPT: x"]


def test_no_cookie_is_kept() -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    with serving(head) as server:
        request = OutgoingRequest("GET", server.url, [("Host", "h")])
        sender = HttpxTransport()
        assert [sender.send("a test", request).status for _ in range(2)] == [200, 200]
        sender.close()
    assert server.requests == [b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"] * 2


def test_no_proxy_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    holder, port = closed_port()
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    with holder:
        assert answered(OK).status == 200


def test_leaving_closes_the_connection_at_once() -> None:
    left = threading.Event()

    def send_and_wait(sock: socket.socket) -> None:
        sock.sendall(CHUNKED + b"3\r\nabc\r\n")
        if sock.recv(1) == b"":
            left.set()

    with serving(send_and_wait) as server:
        exchange = get(server.url, on_chunk=lambda _: False)
        assert left.wait(5)
    assert exchange.fault == Fault("left", "the client closed the connection")
    assert exchange.body == b"abc"


def test_each_piece_is_seen_once() -> None:
    seen: list[bytes] = []

    def take(data: bytes) -> bool:
        seen.append(data)
        return True

    with serving(CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") as server:
        exchange = get(server.url, on_chunk=take)
    assert b"".join(seen) == exchange.body == b"abcde"
    assert seen == [chunk.data for chunk in exchange.chunks]


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


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (hang_after(b""), {"timeout"}),
        # a reset may come before the handshake has begun, and is told by where it was met
        (reset, {"closed", "unreachable"}),
        (b"", {"closed"}),
        (b"no TLS", {"unreachable"}),
    ],
)
def test_a_tls_handshake_that_fails_is_told_apart(answer: Answer, wanted: set[str]) -> None:
    with serving(answer, wait=False) as server:
        exchange = get(server.url.replace("http", "https"), total_s=0.5)
    assert exchange.status is None
    assert kind(exchange) in wanted


def test_the_limit_of_one_exchange_does_not_count_for_the_next() -> None:
    with serving(hang_after(b"")) as server:
        sender = HttpxTransport(total_s=0.1)
        request = OutgoingRequest("GET", server.url, [("Host", "h")])
        assert kind(sender.send("a test", request)) == "timeout"
        server.answer = OK
        assert sender.send("a test", request).status == 200
        sender.close()


@pytest.mark.parametrize("said", [CHUNKED + b"3\r\nabc\r\n", LENGTH_9 + b"abc"])
def test_a_reset_in_the_body_keeps_what_came(said: bytes) -> None:
    seen = threading.Barrier(2)

    def reset_once_seen(sock: socket.socket) -> None:
        sock.sendall(said)
        seen.wait(5)
        reset(sock)

    with serving(reset_once_seen) as server:
        exchange = get(server.url, on_chunk=lambda _: seen.wait(5) >= 0)
    assert (exchange.status, exchange.body, kind(exchange)) == (200, b"abc", "closed")


def test_a_redirect_to_nowhere_is_an_answer() -> None:
    for location in (b"http://[::1", b"https://xn--a", b"mailto:x"):
        head = b"HTTP/1.1 307 X\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
        assert (answered(head).status, answered(head).fault) == (307, None)


def test_an_error_of_the_reader_is_not_the_gateways() -> None:
    with serving(OK) as server, pytest.raises(ValueError, match="invalid literal"):
        get(server.url, on_chunk=lambda data: bool(int(data)))


def test_a_body_beyond_the_limit_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_MAX_BODY_BYTES", len(TEXT) - 1)
    assert kind(answered(encoded("gzip", gzip.compress(TEXT)))) == "too-large"


def test_the_cap_counts_every_transport_of_the_process() -> None:
    cap = RequestCap(2)
    with serving(OK) as server:
        assert [get(server.url, cap=cap).status for _ in range(2)] == [200, 200]
        with pytest.raises(RequestCapExceeded, match="limit of 2 requests"):
            get(server.url, cap=cap)
    assert (len(server.requests), cap.sent) == (2, 2)


@pytest.mark.parametrize(
    "url",
    [
        *("http://[::1", "http://127.0.0.1:1/漢", "http:///", "ftp://127.0.0.1/", "127.0.0.1"),
        *("https://a..b/", f"https://{'a' * 300}/", "http://127.0.0.1:x/"),
    ],
)
def test_a_url_that_cannot_be_sent_is_no_fault_of_the_gateway(url: str) -> None:
    with pytest.raises(RequestNotSent, match="the client could not make the request"):
        get(url)


def test_a_path_that_cannot_be_sent_is_no_fault_of_the_gateway() -> None:
    with serving(OK) as server, pytest.raises(RequestNotSent, match="Illegal target"):
        get(server.url + "/a b")


@pytest.mark.parametrize("value", ["k漢", "key\r\nx-evil: 1", "key ", "key\0"])
def test_a_header_that_cannot_be_sent_is_no_fault_of_the_gateway(value: str) -> None:
    with serving(OK) as server, pytest.raises(RequestNotSent) as caught:
        get(server.url, headers=[("Authorization", value)])
    assert not any(server.requests)
    assert "key" not in str(caught.value)
    assert caught.value.__cause__ is None
