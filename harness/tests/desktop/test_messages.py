from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop.messages import (
    marked,
    opening,
    seed_of,
    subagent_opening,
    tool_result,
    with_reply,
    with_user,
)
from gatecert.desktop.profiles import ENGINE_DESKTOP, ENGINE_PRINT, ENGINES, EngineProfile, Switches

NEWEST, CLASSIC, UNKNOWN = "claude-opus-5-5", "claude-sonnet-4-6", "my-gateway-model"
CALL = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {}}


def marks(messages: list[dict[str, Any]]) -> int:
    return json.dumps(messages).count('"cache_control"')


@pytest.mark.parametrize("profile", ENGINES, ids=lambda p: p.name)
@pytest.mark.parametrize("model", [NEWEST, CLASSIC, UNKNOWN, "claude-opus-4-8"])
def test_a_conversation_has_one_mark_wherever_it_stands(profile: EngineProfile, model: str) -> None:
    messages = opening(profile, model, "hi")
    for step in range(3):
        assert marks(marked(profile, model, messages)) == 1
        assert marks(messages) == 0
        messages = with_reply(messages, [{**CALL, "id": f"toolu_{step}"}])
        messages = with_user(messages, [tool_result(messages[-1]["content"][0], "done")])


def test_without_betas_the_users_text_is_marked_and_with_them_the_system_message() -> None:
    plain = marked(ENGINE_DESKTOP, NEWEST, opening(ENGINE_DESKTOP, NEWEST, "hi"))
    assert "cache_control" in plain[0]["content"][-1]
    assert list(plain[1]) == ["role", "content"]
    assert isinstance(plain[1]["content"], str)
    full = marked(ENGINE_PRINT, NEWEST, opening(ENGINE_PRINT, NEWEST, "hi"))
    assert "cache_control" not in full[0]["content"][-1]
    assert full[1]["content"][0]["cache_control"] == {"type": "ephemeral"}
    assert full[1]["output_config"] == {"effort": "medium"}


@pytest.mark.parametrize(
    ("model", "roles"),
    [(NEWEST, ["user", "system"]), (UNKNOWN, ["user", "system"]), (CLASSIC, ["user"])],
)
def test_some_models_get_a_message_of_role_system(model: str, roles: list[str]) -> None:
    assert [m["role"] for m in opening(ENGINE_DESKTOP, model, "hi")] == roles


def test_a_mark_can_live_for_an_hour() -> None:
    profile = replace(ENGINE_DESKTOP, switches=Switches(cache_ttl="1h"))
    messages = marked(profile, CLASSIC, opening(profile, CLASSIC, "hi"))
    assert messages[0]["content"][-1]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


def test_a_plain_text_leaves_the_mark_to_the_message_before() -> None:
    messages = [*opening(ENGINE_DESKTOP, CLASSIC, "hi"), {"role": "user", "content": "summarise"}]
    sent = marked(ENGINE_DESKTOP, CLASSIC, messages)
    assert sent[1] == {"role": "user", "content": "summarise"}
    assert "cache_control" in sent[0]["content"][-1]


def test_answers_of_one_message_are_merged_with_calls_last() -> None:
    messages = with_reply(opening(ENGINE_DESKTOP, CLASSIC, "hi"), [CALL])
    messages = with_user(messages, [tool_result(CALL, "ok")])
    text = {"type": "text", "text": "done"}
    merged = with_reply(messages, [text], same_message=True)
    assert [m["role"] for m in merged] == ["user", "assistant", "user"]
    assert merged[1]["content"] == [text, CALL]
    assert with_reply([], [text], same_message=True)[0]["content"] == [text]
    apart = with_reply(messages, [text])
    assert [m["role"] for m in apart] == ["user", "assistant", "user", "assistant"]


@given(st.lists(st.lists(st.integers(), min_size=1), min_size=1, max_size=4))
def test_user_messages_in_a_row_become_one_and_lose_nothing(groups: list[list[int]]) -> None:
    messages: list[dict[str, Any]] = []
    for group in groups:
        messages = with_user(messages, [{"n": n} for n in group])
    assert len(messages) == 1
    assert [b["n"] for b in messages[0]["content"]] == [n for group in groups for n in group]


def test_a_result_has_its_keys_in_the_engines_order() -> None:
    assert list(tool_result(CALL, "x")) == ["tool_use_id", "type", "content"]
    assert list(tool_result(CALL, "x", is_error=False))[-1] == "is_error"


@pytest.mark.parametrize(
    ("messages", "seed"),
    [
        ([], ""),
        ([{"role": "user", "content": "hi"}], "hi"),
        ([{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}], "b"),
        ([{"role": "user", "content": [{"type": "image"}, 3]}], ""),
        ([{"role": "user"}], ""),
        ([{"role": "user", "content": []}], ""),
    ],
)
def test_the_seed_is_what_the_user_said_first(messages: list[Any], seed: str) -> None:
    assert seed_of(messages) == seed


def test_a_subagent_that_searches_tools_is_reminded_of_them_first() -> None:
    plain = subagent_opening(ENGINE_DESKTOP, CLASSIC, "go")[0]["content"]
    searching = subagent_opening(ENGINE_PRINT, CLASSIC, "go")[0]["content"]
    assert (len(plain), len(searching)) == (6, 7)
    assert plain[-1]["text"] == searching[-1]["text"] == "go"
