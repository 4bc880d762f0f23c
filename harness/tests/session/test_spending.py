"""What a live provider may cost: estimated before a request, counted after it, never exceeded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatecert.desktop import Exchange, Fault, OutgoingRequest
from gatecert.desktop.exchange import Chunk
from gatecert.session.options import DEFAULT_LIVE_TOKENS, RunOptions
from gatecert.session.spending import (
    Limits,
    TokenCap,
    TokenCapExceeded,
    counted_tokens,
    estimated_tokens,
)

USAGE = {"input_tokens": 70, "cache_read_input_tokens": 20, "output_tokens": 10}


def request(body: object, path: str = "/v1/messages?beta=true") -> OutgoingRequest:
    return OutgoingRequest("POST", f"http://gw{path}", [], json.dumps(body).encode())


def answer(body: bytes, kind: str = "application/json", **more: Any) -> Exchange:
    headers = [("content-type", kind)]
    chunks = [Chunk(1.0, body)]
    return Exchange("turn", TURN, **{"status": 200, "headers": headers, "chunks": chunks, **more})


TURN = request({"model": "m", "max_tokens": 16, "messages": ["x" * 400]})
WHOLE = json.dumps({"type": "message", "usage": USAGE}).encode()
STREAM = (
    b'event: message_start\ndata: {"type":"message_start","message":{"usage":'
    b'{"input_tokens":70,"cache_creation_input_tokens":5,"output_tokens":1}}}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":10}}\n\n'
)


def test_the_estimate_is_the_body_and_the_longest_answer() -> None:
    assert estimated_tokens(TURN) == len(TURN.body) // 4 + 1 + 16


@pytest.mark.parametrize(
    "free",
    [
        request({"max_tokens": 9}, "/v1/messages/count_tokens?beta=true"),
        OutgoingRequest("GET", "http://gw/v1/models?limit=1000", []),
        OutgoingRequest("HEAD", "http://gw/api/hello", []),
    ],
)
def test_what_calls_no_model_is_free(free: OutgoingRequest) -> None:
    assert estimated_tokens(free) == 0


@pytest.mark.parametrize("body", [b"", b"[1]", b"{broken", b'{"max_tokens": true}'])
def test_a_strange_body_is_estimated_by_its_size(body: bytes) -> None:
    assert (
        estimated_tokens(OutgoingRequest("POST", "http://gw/v1/messages", [], body))
        == len(body) // 4 + 1
    )


@pytest.mark.parametrize(
    ("exchange", "tokens"),
    [
        (answer(WHOLE), 100),
        (answer(STREAM, "text/event-stream; charset=utf-8"), 85),
        (answer(b'{"error":{}}', status=429), 0),
        (answer(b"<html>"), None),
        (answer(b'{"usage":{"input_tokens":3}}'), None),
        (answer(b'{"usage":7}'), None),
        (answer(STREAM, "text/event-stream", fault=Fault("closed", "early")), None),
        (Exchange("turn", TURN, fault=Fault("timeout", "nothing came")), None),
    ],
)
def test_the_count_is_the_providers(exchange: Exchange, tokens: int | None) -> None:
    assert counted_tokens(exchange) == tokens


def test_a_request_that_could_exceed_the_cap_is_not_sent() -> None:
    estimate = estimated_tokens(TURN)
    cap = TokenCap(estimate + 100)
    cap.settle(cap.reserve(TURN), answer(WHOLE))
    assert cap.spent == 100
    cap.settle(cap.reserve(TURN), answer(b"<html>"))  # no count: the estimate stands
    assert cap.spent == 100 + estimate
    with pytest.raises(TokenCapExceeded, match=f"{cap.spent} of {cap.limit} tokens are spent"):
        cap.reserve(TURN)
    assert cap.spent == 100 + estimate


def test_a_workers_share_is_told_as_such() -> None:
    words = "0 of 1 tokens of each of 2 workers are spent"
    with pytest.raises(TokenCapExceeded, match=words):
        TokenCap(1, processes=2).reserve(TURN)


def test_workers_share_what_a_run_may_ask_for() -> None:
    assert Limits(2000, 1001).each(2) == Limits(1000, 500)
    assert Limits(2000).each(3) == Limits(666)


def test_only_a_live_provider_has_a_cap_by_itself() -> None:
    assert RunOptions().token_limit(scripted=True) is None
    assert RunOptions().token_limit(scripted=False) == DEFAULT_LIVE_TOKENS
    assert RunOptions(max_tokens_total=7).token_limit(scripted=True) == 7
