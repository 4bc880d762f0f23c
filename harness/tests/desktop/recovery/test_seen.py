from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recovery_cases import draft, fault, no_answer, request, status

from gatecert.desktop import ENGINE_DESKTOP, Exchange
from gatecert.desktop.diagnosis import diagnose_probe
from gatecert.desktop.exchange import Chunk, Fault, OutgoingRequest
from gatecert.desktop.profiles import find_engine
from gatecert.desktop.quoting import quoted
from gatecert.desktop.recovery import SeenLine, seen


def line(exchange: Exchange) -> SeenLine:
    found = seen(exchange, ENGINE_DESKTOP)
    assert found is not None
    return found


def test_three_minutes_and_then_the_gateways_words() -> None:
    found = line(status(500, message="no capacity"))
    assert found.text == (
        "The user waits about 3 minutes (11 requests), then reads: “API Error: 500 no capacity. "
        "This is a server-side issue, usually temporary — try again in a moment. If it persists, "
        "check your inference gateway (127.0.0.1:8787).”"
    )
    assert (found.requests, found.sureness) == (11, "observed")
    assert 160 <= found.waits_s <= 200


@pytest.mark.parametrize(
    ("name", "text", "requests", "sureness"),
    [
        ("text", "The user notices nothing: the answer looks complete.", 1, "observed"),
        (
            "err:401:x",
            "The user reads: “Failed to authenticate. API Error: 401 fake x”.",
            1,
            "observed",
        ),
        (
            "s_rst_mid",
            "The user waits about 3 minutes (12 requests), then gets the answer in one piece "
            "instead of a stream, if the gateway serves the repeated request with stream: false; "
            "the text that appeared before (“Hello fr”) is no part of it.",
            12,
            "inferred",
        ),
        (
            "s_noevent",
            "The client asks twice, then the user gets the answer in one piece instead of a "
            "stream, if the gateway serves the repeated request with stream: false.",
            2,
            "inferred",
        ),
        (
            "s_nocbstop",
            "The client asks twice, then the user sees text appear (“Hello from fake é€😀 end”) "
            "and vanish: no block was finished, so the answer counts as empty, without an error.",
            2,
            "observed",
        ),
        (
            "s_toolnoargs",
            "The user gets an answer with losses: the tool Bash is called with {} as its "
            "arguments.",
            1,
            "observed",
        ),
        (
            "emptycontent",
            "The client asks twice, then the user sees an empty answer, without an error.",
            2,
            "observed",
        ),
    ],
)
def test_the_line_for_an_answer(name: str, text: str, requests: int, sureness: str) -> None:
    found = line(fault(name))
    assert (found.text, found.requests, found.sureness) == (text, requests, sureness)


def test_silence_lasts_as_long_as_the_clients_patience_and_not_ours() -> None:
    quiet = replace(fault("s_rst_mid"), fault=Fault("timeout", "nothing came for 15 s"))
    assert line(replace(quiet, end_ms=15_000)).waits_s == 300
    assert line(no_answer("timeout", 15)).waits_s > 11 * 360


def test_a_command_line_waits_where_the_desktop_does_not() -> None:
    profile = find_engine("engine-print-2.1.330")
    assert profile is not None
    refused = seen(status(401), profile)
    assert refused is not None
    assert (refused.requests, refused.sureness) == (11, "observed")


def test_a_circle_of_redirects_is_counted_as_it_is_followed() -> None:
    assert line(fault("redirect:307")).requests == 11 * 127
    assert line(fault("redirect:301")).requests == 2


def test_a_refusal_that_looks_like_a_stream_is_none_without_one() -> None:
    refused = replace(status(404), chunks=[Chunk(0.0, b"data: no such route")])
    assert "There's an issue with the selected model" in line(refused).text


def test_a_lost_block_beside_a_whole_one_is_told() -> None:
    stop = b'event: content_block_stop\ndata: {"type": "content_block_stop", "index": 1}\n\n'
    whole = fault("s_toolnoargs").body
    found = line(replace(fault("text"), chunks=[Chunk(0.0, whole.replace(stop, b""))]))
    assert "notices nothing" in found.text  # a tool without arguments that never stopped is no loss
    tool = fault("endturntool").body.replace(stop, b"")
    lost = line(replace(fault("text"), chunks=[Chunk(0.0, tool)]))
    assert lost.text.endswith("losses: a block that never stopped is missing.")


@pytest.mark.parametrize(
    ("method", "path", "code", "start"),
    [
        ("HEAD", "/api/hello", 500, "The user notices nothing: any answer"),
        ("GET", "/v1/models?limit=1000", 404, "The user finds only the models"),
        (
            "POST",
            "/v1/messages/count_tokens?beta=true",
            404,
            "The user notices nothing: the client",
        ),
    ],
)
def test_what_is_no_turn_has_its_own_line(method: str, path: str, code: int, start: str) -> None:
    asked = OutgoingRequest(method, "http://127.0.0.1:8787" + path, [])
    found = line(replace(status(code), request=asked))
    assert found.text.startswith(start)
    assert found.sureness == "inferred"


@pytest.mark.parametrize(
    ("body", "start"),
    [
        ({"data": [{"id": "claude-opus-4-6"}]}, "The user notices nothing: the picker offers"),
        ({"data": [{"id": "gpt-5"}]}, "The user finds only the models"),
        ({"models": [{"id": "claude-opus-4-6"}]}, "The user finds only the models"),
        ({"data": {"id": "claude-opus-4-6"}}, "The user finds only the models"),
        ([], "The user finds only the models"),
    ],
)
def test_a_list_of_models_counts_in_the_form_the_client_reads(body: object, start: str) -> None:
    asked = OutgoingRequest("GET", "http://127.0.0.1:8787/v1/models?limit=1000", [])
    listed = Exchange("model discovery", asked, 200, chunks=[Chunk(0.0, json.dumps(body).encode())])
    assert line(listed).text.startswith(start)


def test_the_connection_test_speaks_for_itself() -> None:
    refused = replace(status(403), purpose="connection test")
    assert line(refused).text == (
        "Whoever tests the connection reads: “Gateway rejected the configured credential (HTTP "
        "403)”."
    )


@pytest.mark.parametrize(
    ("code", "body", "says"),
    [
        (400, {}, "reads: “Gateway rejected model "),
        (404, {}, "reads: “Configured model not available”."),
        (402, {}, "reads: “Your connection works, but the provider rejected a test request"),
        (502, {}, "reads: “Gateway returned HTTP 502”."),
        (200, {"data": []}, "reads: “Gateway /v1/messages returned an unexpected body.”"),
        (200, {"content": []}, "sees it succeed."),
    ],
)
def test_the_connection_test_reads_as_its_window_does(code: int, body: object, says: str) -> None:
    asked = OutgoingRequest("POST", "http://127.0.0.1:8787/v1/messages", [], b'{"model": "m-1"}')
    chunks = [Chunk(0.0, json.dumps(body).encode())]
    tested = Exchange("connection test", asked, code, chunks=chunks)
    text = line(tested).text
    assert text.startswith(f"Whoever tests the connection {says}")
    assert diagnose_probe(tested, "m-1").message in text or code == 200


def test_a_title_that_cannot_be_had_is_missed_and_no_more() -> None:
    lost = replace(status(500), purpose="title request")
    assert line(lost).text == "The user finds the conversation without a title."


def test_what_we_left_ourselves_says_nothing() -> None:
    assert seen(no_answer("left"), ENGINE_DESKTOP) is None


def test_a_gateways_words_are_bounded_and_bare() -> None:
    hostile = "\x1b[31m" + "red\u202e\u200b\x00\n" * 500
    text = line(status(403, message=hostile)).text
    assert len(text) < 400
    assert text.endswith("…”")
    assert not set(text) & {"\x1b", "\x00", "\n", "\u202e", "\u200b", "\r", "\u2028"}


@pytest.mark.parametrize(
    "body",
    [
        b"<title" * 200_000,
        b"<title>" + b" " * 1_000_000,
        json.dumps({"error": {"message": "1" * 1_000_000}}).encode(),
        json.dumps({"error": {"message": "prompt is too long: " + "1" * 1_000_000}}).encode(),
    ],
    ids=["open tags", "blanks", "digits", "tokens"],
)
def test_a_body_made_to_keep_us_busy_does_not(body: bytes) -> None:
    began = time.monotonic()
    assert line(replace(status(400), chunks=[Chunk(0.0, body)])).text
    assert time.monotonic() - began < 2


def test_a_key_in_the_url_or_the_request_is_not_in_the_line() -> None:
    asked = request()
    secret = replace(
        asked,
        url="http://user:sk-secret@127.0.0.1:1/v1/messages",
        headers=[("authorization", "Bearer sk-secret")],
    )
    for found in (status(500), fault("s_gzip_mislabel"), no_answer("refused")):
        assert "sk-secret" not in line(replace(found, request=secret)).text


@given(
    st.sampled_from([200, 200, 200, 307, 400, 401, 404, 429, 500, 529, None]),
    st.binary(max_size=80)
    | st.text(max_size=40).map(lambda t: json.dumps({"error": {"message": t}}).encode()),
    st.sampled_from([None, "closed", "timeout", "decoding", "protocol", "too-large"]),
    st.booleans(),
)
def test_whatever_comes_has_a_line(
    code: int | None, body: bytes, kind: str | None, stream: bool
) -> None:
    broken = Fault(kind, "x") if kind else None
    chunks = [Chunk(0.0, body)] if code else []
    exchange = Exchange("turn", request(draft(stream=stream)), code, chunks=chunks, fault=broken)
    found = line(exchange)
    assert 0 < len(found.text) < 600
    assert "\n" not in found.text
    assert found.requests >= 1


@given(st.binary(max_size=60))
def test_any_request_has_a_line(body: bytes) -> None:
    asked = OutgoingRequest("POST", "http://127.0.0.1:1/v1/messages", [], body)
    assert line(replace(status(400), request=asked)).text


@given(st.text())
def test_quoted_words_are_one_visible_line(text: str) -> None:
    found = quoted(text)
    assert len(found) <= 260
    assert "\n" not in found
    assert not any(ord(character) < 32 for character in found)
