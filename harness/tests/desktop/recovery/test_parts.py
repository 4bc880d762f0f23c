"""The small pure parts: what an answer is, what differs between requests, what is sent next."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace

import pytest
from recovery_cases import draft, fault, play, request, status

from gatecert.desktop.exchange import Chunk, Exchange
from gatecert.desktop.recovery import Attempt, End, Options, classify, decide
from gatecert.desktop.recovery.changes import changes
from gatecert.desktop.recovery.policy import DESKTOP_330, PRINT_330, PYTHON_NEW, TS_NEW
from gatecert.desktop.recovery.redraft import after_tools, continued, nudged

NOW = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)


def whole(*content: dict[str, str], **more: object) -> Exchange:
    body = {"type": "message", "content": content, "usage": {}, **more}
    return Exchange("t", request(), 200, chunks=[Chunk(0.0, json.dumps(body).encode())])


def kind(exchange: Exchange, *, stream: bool = False) -> str:
    return classify(exchange, stream=stream, mode=DESKTOP_330.reader).kind


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([{"type": "text", "text": "hi"}], "answered"),
        ([{"type": "text", "text": ""}], "empty"),
        ([{"type": "thinking", "thinking": "hm"}], "empty"),
        ([{"type": "tool_use", "name": "Bash"}], "answered"),
        ([], "empty"),
    ],
)
def test_what_has_content(content: list[dict[str, str]], expected: str) -> None:
    assert kind(whole(*content)) == expected


def test_a_whole_answer_needs_usage_and_content() -> None:
    text = {"type": "text", "text": "hi"}
    assert kind(whole(text, usage=None)) == "malformed"
    assert kind(whole(text, content="hi")) == "malformed"
    assert kind(whole(text, stop_reason=["odd"])) == "answered"


@pytest.mark.parametrize(
    ("code", "expected"), [(199, "http"), (204, "malformed"), (300, "http"), (302, "redirect")]
)
def test_only_a_success_is_read(code: int, expected: str) -> None:
    assert kind(status(code)) == expected


def test_a_stream_that_lacks_nothing_but_its_end_is_an_answer_however_it_ended() -> None:
    cut = replace(fault("s_nostop"), fault=fault("s_rst_mid").fault)
    assert kind(cut, stream=True) == "answered"


def test_headers_that_differ_are_named_without_their_value() -> None:
    before, after = draft(), replace(draft(), headers={"Authorization": "Bearer sk-secret"})
    assert changes(before, after) == ("hdr authorization",)
    assert changes(after, before) == ("hdr authorization",)
    assert changes(after, after) == ()


def test_fields_that_came_went_and_differ_are_told_apart() -> None:
    before = draft(thinking={"type": "adaptive", "display": "omitted"}, safeguards=[1])
    after = draft(thinking={"type": "enabled", "budget_tokens": 5}, betas=(), model="other")
    assert set(changes(before, after)) == {
        ".model: claude-sonnet-4-6 -> other",
        ".thinking.type: adaptive -> enabled",
        "- .thinking.display='omitted'",
        "+ .thinking.budget_tokens=5",
        "- .safeguards",
        "beta -['claude-code-20250219'] +[]",
    }


def test_a_conversation_without_cache_marks_gets_none() -> None:
    blocks = [{"type": "text", "text": "so far", "partial_json": ""}]
    longer = continued(draft(), blocks, "go on")
    assert "cache_control" not in json.dumps(longer.body)
    assert longer.body["messages"][1]["content"] == [{"type": "text", "text": "so far"}]
    assert "cache_control" not in json.dumps(nudged(draft()).body)


def test_a_failed_tool_is_told_to_the_model() -> None:
    call = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {}, "partial_json": ""}
    messages = after_tools(draft(), [{"type": "text", "text": "Running."}, call]).body["messages"]
    assert [m["role"] for m in messages] == ["user", "assistant", "user"]
    assert [(r["tool_use_id"], r["is_error"]) for r in messages[2]["content"]] == [("t1", True)]


def test_a_nudge_to_nobody_changes_nothing() -> None:
    alone = draft(messages=[])
    assert nudged(alone) == alone


def test_without_more_said_no_credential_can_be_renewed() -> None:
    asked = draft()
    refused = classify(status(401), stream=True, mode=DESKTOP_330.reader)
    found = decide(DESKTOP_330, [Attempt(asked, refused)], 0.5, now=NOW)
    assert isinstance(found, End)


def test_a_404_behind_a_redirect_is_asked_for_whatever_is_switched_off() -> None:
    turn = play(PRINT_330, "redirect:301", options=Options(fallback=False))
    assert [a.why for a in turn.attempts] == ["first", "fallback"]


def test_the_sdks_quote_a_body_as_their_language_writes_it() -> None:
    refused = status(403, message="nö")
    python, ts = (play(policy, refused).end.message for policy in (PYTHON_NEW, TS_NEW))
    assert python == "Error code: 403 - {'type': 'error', 'error': {'type': 'x', 'message': 'nö'}}"
    assert ts == '403 {"type":"error","error":{"type":"x","message":"nö"}}'
