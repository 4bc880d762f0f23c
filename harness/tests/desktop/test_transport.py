from __future__ import annotations

import gzip
import socket
import threading

import pytest
from raw_server import (
    CHUNKED,
    ENCODERS,
    LENGTH_9,
    OK,
    TEXT,
    Answer,
    answered,
    encoded,
    get,
    kind,
    reset,
    serving,
)

from gatecert.desktop import (
    Fault,
    HttpxTransport,
    OutgoingRequest,
    RequestCap,
    RequestNotSent,
    transport,
)
from gatecert.desktop.transport import RequestCapExceeded
from gatecert.upstream.__main__ import closed_port


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


def test_headers_go_out_as_they_stand() -> None:
    headers = [("x-b", "1"), ("X-A", "é"), ("x-B", "2"), ("Host", "h"), ("ACCEPT", "x")]
    with serving(OK) as server:
        sender = HttpxTransport()
        sender.send("a test", OutgoingRequest("GET", server.url, headers))
        sender.close()
    lines = server.requests[0].decode("latin-1").split("\r\n")
    assert lines[1:-2] == ["x-b: 1", "X-A: é", "x-B: 2", "Host: h", "ACCEPT: x"]


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


def test_a_cap_that_is_a_share_says_so() -> None:
    with pytest.raises(RequestCapExceeded, match="limit of 0 requests for each of 3 workers is"):
        RequestCap(0, processes=3).take()


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
