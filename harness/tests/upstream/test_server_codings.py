from __future__ import annotations

import base64

import pytest
from provider_bench import Bench, events, script

from gatecert.desktop import assemble
from gatecert.upstream import (
    Plan,
)
from gatecert.upstream.compression import CODINGS, offered


def test_compression_is_used_where_it_is_offered(bench: Bench) -> None:
    wanted = script(Plan(compress=True), stream=False)
    assert bench.post(wanted).headers["content-encoding"] == "gzip"
    bare = bench.http.post(
        "/v1/messages", json=wanted.body, headers={"accept-encoding": "identity"}
    )
    assert "content-encoding" not in bare.headers
    assert bare.json()["content"] == bench.post(wanted).json()["content"]


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("stream", [True, False])
def test_every_coding_can_be_read(bench: Bench, coding: str, stream: bool) -> None:
    wanted = script(Plan(compress=True, coding=coding), stream=stream)
    response = bench.post(wanted, headers={"accept-encoding": f"identity, {coding}"})
    assert response.headers["content-encoding"] == coding
    if stream:
        assert assemble(events(response.content)).text.startswith("Answer for")
    else:
        assert response.json()["content"][0]["text"].startswith("Answer for")


def test_an_error_is_compressed_like_an_answer(bench: Bench) -> None:
    wanted = script(Plan(status=400, error={"message": "No"}, compress=True))
    response = bench.post(wanted)
    assert response.headers["content-encoding"] == "gzip"
    assert response.json()["error"]["message"] == "No"


def test_a_coding_that_is_refused_is_not_offered() -> None:
    assert offered("gzip", "br, GZIP;q=0.5")
    assert not offered("gzip", "br, gzip;q=0")
    assert not offered("br", "gzip, deflate")


def test_a_body_may_be_no_text_and_very_long(bench: Bench) -> None:
    wanted = script(
        Plan(status=400, body_base64=base64.b64encode(b"\xff\x00").decode(), body_times=9)
    )
    assert bench.post(wanted).content == b"\xff\x00" * 9


def test_a_header_may_have_several_lines(bench: Bench) -> None:
    wanted = script(Plan(headers={"X-Twice": ["one", "two"], "Request-Id": "mine"}))
    headers = bench.post(wanted).headers
    assert headers.get_list("x-twice") == ["one", "two"]
    assert headers.get_list("request-id") == ["mine"]


def test_an_answer_is_held_before_its_head(bench: Bench) -> None:
    wanted = script(Plan(hold_after=-1, hold_ms=5), stream=False)
    assert bench.post(wanted).status_code == 200
    assert bench.receipt(wanted).hold == "expired"
