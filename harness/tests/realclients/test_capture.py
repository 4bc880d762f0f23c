from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from gatecert.realclients import capture
from gatecert.realclients.recorder import Seen
from gatecert.realclients.start import Start, prompt
from gatecert.upstream import Plan
from gatecert.wire import Request

SECRET = "a sentence that somebody wrote"


START = Start(["claude"], {}, [], 9)


def seen(path: str, text: str = SECRET, status: int = 200) -> Seen:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    headers = [("Authorization", "Bearer gk-fake-token"), ("x-app", "cli")]
    return Seen(Request("POST", path, headers, body), 0, 1.0, status)


def test_a_flow_is_written_without_what_was_said() -> None:
    shape = capture.flow_shape([seen("/v1/messages")], 1, 0, START)
    (request,) = shape["requests"]
    assert request["headers_in_order"] == [["Authorization", "Bearer <token>"], ["x-app", "cli"]]
    assert request["body_shape"]["messages"] == [{"role": "user", "content": f"str({len(SECRET)})"}]
    assert request["server_answered"] == "text"
    assert SECRET not in json.dumps(shape)
    assert "gk-fake" not in json.dumps(shape)


def test_a_burst_is_cut_and_the_cut_is_said() -> None:
    burst = [seen("/v1/messages/count_tokens") for _ in range(25)]
    shape = capture.flow_shape([seen("/v1/messages"), *burst], 9, 0, replace(START, most=4))
    assert len(shape["requests"]) == 5
    assert shape["note"] == "cut after 5 of 26 requests"


def test_a_document_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    document = capture.document(
        "claude-code", "9.9", "flows", {"a": {"requests": ["é" * 90, {"b": ["c"] * 40}]}}
    )
    place = capture.write(tmp_path / "new", "x.json", document)
    assert json.loads(place.read_text("utf-8")) == document
    assert list(document) == ["client", "version", "note", "flows"]


def test_answers_are_told_in_the_captures_names() -> None:
    loop = prompt("hi", (Plan(), Plan()))
    came = [
        seen("/v1/messages", loop),
        seen("/v1/messages/count_tokens", loop),
        seen("/v1/messages", "of a subagent"),
        seen("/v1/messages", loop),
        seen("/v1/messages", loop),
    ]
    told = capture.answers_given(came, ("thinkbash", "text"))
    assert told == ["thinkbash", "", "text", "text", "text"]


def test_the_method_of_a_call_is_told() -> None:
    start = replace(START, call="stream")
    assert capture.flow_shape([], 0, 1, start)["call"] == "stream"


def test_a_prompt_is_written_as_if_it_steered_nobody() -> None:
    shape = capture.flow_shape([seen("/v1/messages", prompt("hi", (Plan(),)))], 1, 0, START)
    (request,) = shape["requests"]
    assert request["body_shape"]["messages"] == [{"role": "user", "content": "str=hi"}]
    assert request["body_bytes"] > 100
