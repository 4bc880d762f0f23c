"""The client of raw bytes: reads what libraries refuse to read, and never waits for ever."""

from __future__ import annotations

import pytest
from raw_server import OK, hang_after, serving

from gatecert.wire import RawAnswer, RawConnection, read_answers

CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n"


def only(data: bytes, *, closed: bool = True) -> RawAnswer:
    (answer,), rest = read_answers(data, closed=closed)
    assert rest == b""
    return answer


@pytest.mark.parametrize(
    ("data", "body", "complete"),
    [
        (OK, b"ok", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", b"ok", False),
        (CHUNKS + b"\r\n", b"abcde", True),
        (CHUNKS + b"X-Trailer: 1\r\n\r\n", b"abcde", True),
        (CHUNKS[:-5], b"abcde", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", b"to the end", True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok", True),
    ],
)
def test_an_answer_is_read_by_its_framing(data: bytes, body: bytes, complete: bool) -> None:
    answer = only(data)
    assert (answer.body, answer.complete) == (body, complete)


def test_an_answer_without_a_marked_end_lasts_as_long_as_the_connection() -> None:
    assert not only(b"HTTP/1.0 200 OK\r\n\r\nmore to co", closed=False).complete


def test_answers_on_a_connection_are_told_apart() -> None:
    found, rest = read_answers(OK + CHUNKS + b"\r\n" + OK + b"HTTP/1.1 2")
    assert [answer.text for answer in found] == ["ok", "abcde", "ok"]
    assert rest == b"HTTP/1.1 2"


@pytest.mark.parametrize("data", [b"", b"garbage", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_answer_is_left_over(data: bytes) -> None:
    assert read_answers(data) == ([], data)


def test_all_values_of_a_header_are_joined() -> None:
    answer = only(b"HTTP/1.1 204 x\r\nA: 1\r\na: 2\r\n\r\n")
    assert (answer.header("A"), answer.header("b"), answer.reason) == ("1, 2", None, "x")


def test_after_a_switch_of_protocols_nothing_is_read_as_http() -> None:
    found, rest = read_answers(b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n\x00\x00")
    assert ([answer.status for answer in found], rest) == ([101], b"\x00\x00")


def test_bytes_are_sent_as_they_are_and_the_answer_is_read() -> None:
    with serving(OK) as server, RawConnection(server.url) as connection:
        connection.send(b"ODD\x00 / X\r\n\r\n")
        assert [answer.text for answer in connection.read()] == ["ok"]
        assert connection.ended()
        assert (connection.state, server.requests) == ("closed", [b"ODD\x00 / X\r\n\r\n"])


def test_silence_is_waited_for_only_so_long() -> None:
    with serving(hang_after(b"")) as server, RawConnection(server.url) as connection:
        connection.send(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.read(wait_s=0.05) == []
        assert connection.state == "open"
        connection.half_close()
        assert connection.ended()


def test_an_address_that_nobody_listens_at_is_refused() -> None:
    with serving(OK) as server:
        url = server.url
    with RawConnection(url) as connection:
        connection.send(b"x")
        assert (connection.read(wait_s=0.1), connection.state) == ([], "refused")
