from __future__ import annotations

import json
from typing import Any

import pytest

from gatecert.desktop import Exchange, Fault, OutgoingRequest
from gatecert.desktop.diagnosis import diagnose_discovery, diagnose_probe, probe_model
from gatecert.desktop.exchange import Chunk

URL = "https://gw.example/v1/models?limit=1000"
LISTED = {"data": [{"id": "claude-sonnet-4-5"}, {"id": "gpt-5"}]}
MESSAGE = {"type": "message", "content": [{"type": "text", "text": "."}], "usage": {}}


def exchange(status: int | None, body: Any = None, fault: Fault | None = None) -> Exchange:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = OutgoingRequest("GET", URL, ())
    return Exchange("x", request, status, chunks=[Chunk(0, data)] if status else [], fault=fault)


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, LISTED, "found 1 models"),
        (200, {"data": []}, "Gateway /v1/models: found 0 models"),
        (200, {"data": [{"id": "gpt-5"}]}, "Gateway returned no usable models."),
        (200, {"models": []}, "Gateway /v1/models returned an unexpected body."),
        (200, {"data": {}}, "Gateway /v1/models returned an unexpected body."),
        (200, b"<html>", "Gateway /v1/models returned an unexpected body."),
        (401, {}, "Gateway /v1/models returned HTTP 401."),
        (404, {}, "Gateway /v1/models returned HTTP 404."),
        (301, b"", "Gateway /v1/models returned HTTP 301."),
        (204, LISTED, "Gateway /v1/models returned HTTP 204."),
        (None, None, "Gateway was unreachable"),
    ],
)
def test_discovery_is_told_in_the_clients_words(
    status: int | None, body: Any, message: str
) -> None:
    told = diagnose_discovery(exchange(status, body))
    assert told.message == message
    assert told.ok is (body == LISTED and status == 200)
    assert (told.http_status, told.request_url, told.endpoint) == (status, URL, "/v1/models")
    assert told.probed_model == ""


def test_a_list_without_a_usable_name_is_logged_with_its_size() -> None:
    body = {"data": [{"id": f"gpt-{n}"} for n in range(39)]}
    log = diagnose_discovery(exchange(200, body)).log
    assert log == "[custom-3p] Gateway /v1/models returned 0 usable models { rawCount: 39 }"


def test_an_answer_that_was_cut_short_is_unexpected() -> None:
    cut = Fault("closed", "peer closed connection")
    assert not diagnose_discovery(exchange(200, LISTED, cut)).ok
    assert not diagnose_probe(exchange(200, MESSAGE, cut), "m").ok


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, MESSAGE, "OK"),
        (200, {"type": "message"}, "Gateway /v1/messages returned an unexpected body."),
        (200, b"<html>", "Gateway /v1/messages returned an unexpected body."),
        (400, {}, 'Gateway rejected model "claude-x" (HTTP 400)'),
        (401, {}, "Gateway rejected the configured credential (HTTP 401)"),
        (403, {}, "Gateway rejected the configured credential (HTTP 403)"),
        (404, {}, "Configured model not available"),
        (
            402,
            {},
            "Your connection works, but the provider rejected a test request (HTTP 402)",
        ),
        (429, {}, "Gateway returned HTTP 429"),
        (502, b"", "Gateway returned HTTP 502"),
        (None, None, "Gateway was unreachable"),
    ],
)
def test_a_connection_test_is_told_in_the_clients_words(
    status: int | None, body: Any, message: str
) -> None:
    told = diagnose_probe(exchange(status, body), "claude-x")
    assert told.message == message
    assert told.ok is (body == MESSAGE)
    assert (told.http_status, told.probed_model) == (status, "claude-x")


def test_a_refused_credential_has_a_heading() -> None:
    for status, heading in ((401, "Couldn't sign in to gw.example"), (500, "")):
        assert diagnose_probe(exchange(status, {}), "m").heading == heading
    assert diagnose_discovery(exchange(401, {})).heading == ""


def test_what_the_gateway_said_is_kept_in_bounds_and_out_of_sight() -> None:
    told = diagnose_probe(exchange(500, b"word " * 9999), "m")
    assert told.response_body.startswith("word word")
    assert len(told.response_body) == 2000
    assert "word" not in repr(told)
    assert diagnose_probe(exchange(200, MESSAGE), "m").response_body == ""


@pytest.mark.parametrize(
    ("configured", "discovered", "probed"),
    [
        (["claude-a", "claude-haiku-b"], ["claude-haiku-c"], "claude-a"),
        ([], ["claude-a", "Claude-Haiku-b", "haiku-c"], "Claude-Haiku-b"),
        ([], ["claude-a"], "anthropic/claude-3-haiku"),
        ([], [], "anthropic/claude-3-haiku"),
    ],
)
def test_the_probed_model_is_the_first_configured_or_a_haiku(
    configured: list[str], discovered: list[str], probed: str
) -> None:
    assert probe_model(configured, discovered) == probed
