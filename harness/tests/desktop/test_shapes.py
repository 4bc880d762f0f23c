from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop import ENGINE_DESKTOP, prompt, shapes

MODEL = "claude-sonnet-4-6"


@given(st.integers(min_value=0, max_value=40_000))
def test_filler_is_exactly_as_long_as_asked(size: int) -> None:
    assert len(prompt.filler(size)) == size


@given(st.integers(min_value=0, max_value=500), st.integers(min_value=0, max_value=500))
def test_filler_only_grows(shorter: int, longer: int) -> None:
    shorter, longer = sorted((shorter, longer))
    assert prompt.filler(longer).startswith(prompt.filler(shorter))


def test_filler_is_the_same_in_every_process() -> None:
    code = "from gatecert.desktop import prompt; print(prompt.filler(3000), end='')"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert said.stdout.decode() == prompt.filler(3000)


def test_encoding_keeps_non_ascii_text() -> None:
    assert shapes.encode({"text": "é漢😀"}) == '{"text":"é漢😀"}'.encode()
    assert shapes.encode({"text": "\ud83e"}) == b'{"text":"\\ud83e"}'


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.lists(st.text())))
def test_encoding_has_no_needless_blanks_and_loses_nothing(body: dict[str, object]) -> None:
    encoded = shapes.encode(body)
    assert json.loads(encoded) == body
    assert encoded == json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def test_encoding_keeps_the_order_of_keys() -> None:
    assert shapes.encode({"b": 1, "a": 2}) == b'{"b":1,"a":2}'


@pytest.mark.parametrize("text", ["hi", "", "é😀"])
def test_the_users_text_is_last_and_unchanged(text: str) -> None:
    message = shapes.first_message(text)
    assert message["role"] == "user"
    assert message["content"][-1]["text"] == text
    assert all("<system-reminder>" in block["text"] for block in message["content"][:-1])


def test_extra_fields_replace_and_add() -> None:
    body = shapes.turn_body(
        ENGINE_DESKTOP, MODEL, [], session_id="s", stream=True, extra={"max_tokens": 1, "new": 2}
    )
    assert (body["max_tokens"], body["new"]) == (1, 2)
    assert list(body)[-2:] == ["stream", "new"]


def test_the_title_request_is_small_and_has_no_tools_or_cache_marks() -> None:
    body = shapes.title_body(ENGINE_DESKTOP, MODEL, "a title, please", "s")
    keys = "model messages system tools metadata max_tokens thinking temperature output_config"
    assert list(body) == [*keys.split(), "stream"]
    assert (body["tools"], body["thinking"], body["stream"]) == ([], {"type": "disabled"}, True)
    assert len(shapes.encode(body)) < 5_000
    assert b"cache_control" not in shapes.encode(body)


def test_the_connection_test_asks_for_one_token() -> None:
    assert shapes.encode(shapes.probe_body("m")) == (
        b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"."}]}'
    )
