"""Requests as bytes: what is sent, what of it becomes evidence, and the canary beside it."""

from __future__ import annotations

import socket

import pytest
from raw_server import OK, serving

from gatecert.desktop import OutgoingRequest, RequestCap
from gatecert.desktop.transport import RequestCapExceeded
from gatecert.record import Redactor
from gatecert.session.canary import Canary, within_earshot
from gatecert.session.raw import Heard, Raw, raw_request
from gatecert.session.spending import TokenCap, TokenCapExceeded
from gatecert.session.witness import Witness

REQUEST = OutgoingRequest(
    "POST",
    "http://127.0.0.1:1/base/v1/messages?beta=true",
    [("Host", "gw"), ("Authorization", "Bearer sk-1"), ("Content-Length", "2")],
    b"{}",
)


def test_a_request_is_written_as_the_client_has_it() -> None:
    assert raw_request(REQUEST) == (
        b"POST /base/v1/messages?beta=true HTTP/1.1\r\nHost: gw\r\n"
        b"Authorization: Bearer sk-1\r\nContent-Length: 2\r\n\r\n{}"
    )


def test_lines_are_dropped_added_and_left_as_they_are() -> None:
    written = raw_request(
        REQUEST,
        line="BREW {target} HTTP/1.0",
        drop=["authorization", "content-length"],
        extra=["Content-Length : 2", b"X: a\nY: b"],
        body=b"[]",
    )
    assert written == (
        b"BREW /base/v1/messages?beta=true HTTP/1.0\r\nHost: gw\r\n"
        b"Content-Length : 2\r\nX: a\nY: b\r\n\r\n[]"
    )


def test_what_was_sent_and_heard_is_witnessed_without_the_key_or_a_curl_line() -> None:
    witness = Witness()
    with serving(OK) as server:
        raw = Raw(server.url, witness, RequestCap(1))
        heard = raw.ask("an odd request", raw_request(REQUEST))
        with pytest.raises(RequestCapExceeded):
            raw.ask("one too many", b"")
    assert (heard.status, heard.summary()) == (200, "HTTP 200")
    redactor = Redactor([("key", "sk-1")])
    (kept,) = witness.evidence(None, redactor, None).exchanges
    assert kept.purpose == "an odd request"
    assert kept.request.first_line == "POST /base/v1/messages?beta=true HTTP/1.1"
    assert kept.response is not None
    assert kept.response.body == "ok"
    assert kept.curl == ""
    assert "sk-1" not in str(kept)


def test_no_answer_is_told_by_the_state_of_the_connection() -> None:
    assert Heard([], "closed").summary() == "no answer (connection closed)"
    assert Heard([], "open").unanswered
    assert not Heard([], "reset").unanswered


def test_a_canary_keeps_what_callers_say() -> None:
    with Canary() as canary:
        host, _, port = canary.authority.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=5) as caller:
            caller.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert caller.recv(12) == b"HTTP/1.1 403"
        assert canary.heard == [b"GET / HTTP/1.1\r\n\r\n"]


def test_what_a_raw_turn_may_cost_counts_against_the_cap_on_tokens() -> None:
    turn = raw_request(REQUEST, body=b'{"max_tokens": 50}')
    with serving(OK) as server:
        tokens = TokenCap(100)
        raw = Raw(server.url, Witness(), RequestCap(9), tokens)
        assert raw.ask("a turn", turn).status == 200
        assert tokens.spent == 55
        with pytest.raises(TokenCapExceeded):
            raw.ask("one too many", turn)
    assert len(raw.witness.exchanges) == 1


@pytest.mark.parametrize(
    ("url", "heard"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://localhost:1/v1", True),
        ("http://[::1]:9", True),
        ("https://gateway.example", False),
        ("http://10.0.0.7:80", False),
    ],
)
def test_only_who_is_on_this_machine_could_call_the_canary(url: str, heard: bool) -> None:
    assert within_earshot(url) is heard
