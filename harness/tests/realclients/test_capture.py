from __future__ import annotations

import json
from pathlib import Path

from gatecert.realclients import capture
from gatecert.realclients.recorder import Seen
from gatecert.wire import Request

SECRET = "a sentence that somebody wrote"


def seen(path: str, text: str = SECRET, status: int = 200) -> Seen:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    headers = [("Authorization", "Bearer gk-fake-token"), ("x-app", "cli")]
    return Seen(Request("POST", path, headers, body), 0, 1.0, status)


def test_a_flow_is_written_without_what_was_said() -> None:
    shape = capture.flow_shape([seen("/v1/messages")], 1, 0, 8)
    (request,) = shape["requests"]
    assert request["headers_in_order"] == [["Authorization", "Bearer <token>"], ["x-app", "cli"]]
    assert request["body_shape"]["messages"] == [{"role": "user", "content": f"str({len(SECRET)})"}]
    assert request["server_answered"] == "200"
    assert SECRET not in json.dumps(shape)
    assert "gk-fake" not in json.dumps(shape)


def test_a_burst_is_cut_and_the_cut_is_said() -> None:
    burst = [seen("/v1/messages/count_tokens") for _ in range(25)]
    shape = capture.flow_shape([seen("/v1/messages"), *burst], 9, 0, 4)
    assert len(shape["requests"]) == 5
    assert shape["note"] == "cut after 5 of 26 requests"


def test_a_document_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    document = capture.document("claude-code", "9.9", "flows", {"a": {"requests": []}})
    place = capture.write(tmp_path / "new", "x.json", document)
    assert json.loads(place.read_text("utf-8")) == document
    assert list(document) == ["client", "version", "note", "flows"]
