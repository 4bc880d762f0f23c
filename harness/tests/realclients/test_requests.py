from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gatecert.realclients.requests import RequestReader
from gatecert.wire import Request

POST = (
    b"POST /v1/messages?beta=true HTTP/1.1\r\nAccept: application/json\r\nx-app: cli\r\n"
    b"Host: 127.0.0.1:1\r\nContent-Length: 9\r\n\r\n" + b'{"a": 1}\n'
)
CHUNKED = (
    b"POST /v1/x HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"
    b'4\r\n{"a"\r\n4\r\n: 2}\r\n0\r\n\r\n'
)
HEAD = b"HEAD /api/hello HTTP/1.1\r\nConnection: keep-alive\r\nHost: h\r\n\r\n"


def read(*pieces: bytes) -> list[Request]:
    reader = RequestReader()
    found = [request for piece in pieces for request in reader.feed(piece)]
    assert reader.broken == ""
    return found


def test_headers_keep_their_order_and_case() -> None:
    (request,) = read(POST)
    names = [name for name, _ in request.headers]
    assert names == ["Accept", "x-app", "Host", "Content-Length"]
    assert (request.method, request.target) == ("POST", "/v1/messages?beta=true")
    assert (request.body, request.http_version) == (b'{"a": 1}\n', "1.1")


def test_one_connection_carries_many_requests() -> None:
    requests = read(HEAD + POST + CHUNKED, HEAD)
    assert [r.method for r in requests] == ["HEAD", "POST", "POST", "HEAD"]
    assert requests[2].body == b'{"a": 2}'


@given(cuts=st.lists(st.integers(0, len(HEAD + POST + CHUNKED + POST)), max_size=12))
def test_however_the_bytes_are_split(cuts: list[int]) -> None:
    data = HEAD + POST + CHUNKED + POST
    edges = [0, *sorted(cuts), len(data)]
    pieces = [data[i:j] for i, j in pairwise(edges)]
    assert read(*pieces) == read(data)


def test_half_a_request_is_none_yet() -> None:
    assert read(POST[:-1]) == []


def test_what_is_no_http_ends_the_reading_and_is_said() -> None:
    reader = RequestReader()
    assert len(reader.feed(HEAD + b"\x16\x03\x01 TLS hello\r\n\r\n")) == 1
    assert reader.broken
    assert reader.feed(POST) == []


def test_headers_without_end_are_given_up() -> None:
    reader = RequestReader()
    reader.feed(b"GET / HTTP/1.1\r\nhost: h\r\nx: " + b"a" * 300_000)
    assert "too long" in reader.broken
