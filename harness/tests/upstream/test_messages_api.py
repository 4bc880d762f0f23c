from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop import SseParser, assemble
from gatecert.upstream import Block, Plan, default_text
from gatecert.upstream import messages_api as api

TOKEN = "gc-" + "a" * 32
TOOL = Block("tool_use", ['{"path":', '"/a"}'], "Read", "toolu_1")
ALL = Plan(blocks=[Block("thinking", ["Hm", "m"], signature="sig"), Block("text", ["Hi"]), TOOL])

pieces = st.lists(st.text(max_size=6), max_size=4)
blocks = (
    st.builds(Block, st.just("text"), pieces)
    | st.builds(Block, st.just("thinking"), pieces, signature=st.text(max_size=6))
    | st.builds(Block, st.just("tool_use"), st.just(TOOL.pieces), name=st.text(), id=st.text())
)


def names(plan: Plan) -> list[str]:
    return [name for name, _ in api.events(plan, TOKEN, "m")]


def test_a_stream_is_in_the_canonical_order() -> None:
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    assert names(Plan(blocks=[Block("text", ["a"]), Block("text", ["b"])])) == [
        "message_start",
        *block[:1],
        "ping",
        *block[1:],
        *block,
        "message_delta",
        "message_stop",
    ]
    assert "ping" not in names(Plan(ping=False))


def test_every_event_is_named_as_its_type() -> None:
    assert all(name == data["type"] for name, data in api.events(ALL, TOKEN, "m"))


def test_deltas_are_of_their_blocks_kind() -> None:
    deltas = [data["delta"] for name, data in api.events(ALL, TOKEN, "m") if "block_delta" in name]
    assert deltas == [
        {"type": "thinking_delta", "thinking": "Hm"},
        {"type": "thinking_delta", "thinking": "m"},
        {"type": "signature_delta", "signature": "sig"},
        {"type": "text_delta", "text": "Hi"},
        {"type": "input_json_delta", "partial_json": '{"path":'},
        {"type": "input_json_delta", "partial_json": '"/a"}'},
    ]


def test_a_whole_message_has_the_plans_content() -> None:
    message = api.message(ALL, TOKEN, "m")
    assert (message["type"], message["role"], message["model"]) == ("message", "assistant", "m")
    assert message["content"] == [
        {"type": "thinking", "thinking": "Hmm", "signature": "sig"},
        {"type": "text", "text": "Hi"},
        {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"path": "/a"}},
    ]
    assert message["usage"] == {
        "input_tokens": 2095,
        "cache_creation_input_tokens": 1180,
        "cache_read_input_tokens": 28_440,
        "output_tokens": 57,
    }
    assert (message["stop_reason"], message["stop_sequence"]) == ("end_turn", None)


@given(st.lists(blocks, min_size=1, max_size=4), st.integers(0), st.integers(0))
def test_a_stream_and_a_whole_message_say_the_same(
    content: list[Block], input_tokens: int, output_tokens: int
) -> None:
    plan = Plan(blocks=content, input_tokens=input_tokens, output_tokens=output_tokens)
    whole = api.message(plan, TOKEN, "m")
    script = b"".join(map(api.encode, api.events(plan, TOKEN, "m")))
    streamed = assemble(SseParser().feed(script))
    defaults = {"text": {"text": ""}, "thinking": {"thinking": ""}, "tool_use": {}}
    found = [{**defaults[block["type"]], **block} for block in streamed.blocks]
    for block in found:
        block.pop("partial_json", None)
    assert found == whole["content"]
    assert streamed.problems == []
    assert whole["usage"] == streamed.usage


def test_only_the_bearer_of_the_token_gets_its_default_text() -> None:
    (block,) = api.blocks(Plan(), TOKEN)
    assert block.joined == default_text(TOKEN)
    assert TOKEN in block.joined
    assert len(block.pieces) > 3


def test_a_script_of_its_own_replaces_all_events() -> None:
    plan = Plan(events=[["ping", {"type": "ping"}], ["odd", "no JSON"]])
    assert list(api.events(plan, TOKEN, "m")) == [("ping", {"type": "ping"}), ("odd", "no JSON")]


@pytest.mark.parametrize("after", [0, 1, 4])
def test_an_error_event_ends_the_stream(after: int) -> None:
    plan = Plan(error_event={"type": "overloaded_error", "message": "no"}, error_event_after=after)
    events = list(api.events(plan, TOKEN, "m"))
    assert [name for name, _ in events] == [*names(Plan())[:after], "error"]
    assert events[-1][1]["error"] == {"type": "overloaded_error", "message": "no"}


def test_an_event_is_encoded_on_two_lines() -> None:
    assert api.encode(("ping", {"a": "é\n"})) == 'event: ping\ndata: {"a":"é\\n"}\n\n'.encode()
    assert api.encode(("odd", "no JSON")) == b"event: odd\ndata: no JSON\n\n"


@pytest.mark.parametrize(
    ("status", "kind"),
    [*api.ERROR_TYPES.items(), (418, "api_error"), (503, "api_error")],
)
def test_each_status_has_its_type_of_error(status: int, kind: str) -> None:
    assert api.error(status, "no", "req_1") == {
        "type": "error",
        "error": {"type": kind, "message": "no"},
        "request_id": "req_1",
    }
    assert api.error(status, "no", "req_1", "mine")["error"]["type"] == "mine"


def test_the_model_list_is_one_page() -> None:
    listed = api.model_list()
    ids = [entry["id"] for entry in listed["data"]]
    assert (listed["first_id"], listed["last_id"], listed["has_more"]) == (ids[0], ids[-1], False)
    assert ids == [name for name, _, _ in api.MODELS]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({}, None),
        ({"model": None}, (400, "model: Field required")),
        ({"messages": None}, (400, "messages: Field required")),
        ({"max_tokens": None}, (400, "max_tokens: Field required")),
        ({"messages": "hi"}, (400, "messages: Input should be a valid list")),
        ({"messages": []}, (400, "messages: at least one message is required")),
        ({"max_tokens": "1"}, (400, "max_tokens: Input should be a valid integer")),
        ({"max_tokens": 1.5}, (400, "max_tokens: Input should be a valid integer")),
        ({"max_tokens": True}, (400, "max_tokens: Input should be a valid integer")),
        ({"max_tokens": 0}, (400, "max_tokens: Input should be greater than or equal to 1")),
        ({"model": "x-no-such-model"}, (404, "model: x-no-such-model")),
    ],
)
def test_a_request_is_complained_about_as_the_api_does(changes: Any, complaint: Any) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
    body = {key: value for key, value in {**body, **changes}.items() if value is not None}
    assert api.complaint(body) == complaint


@pytest.mark.parametrize("body", [None, [], "text", 5])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    assert (api.complaint(body) or (0, ""))[0] == 400


def test_ids_are_fresh() -> None:
    assert len({api.new_request_id() for _ in range(100)}) == 100
    assert len({json.dumps(api.message(Plan(), TOKEN, "m")["id"]) for _ in range(100)}) == 100


SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"q": "a"}}
RESULT = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"n": 1}]}
CITED = {"type": "text", "text": "It rained.", "citations": [{"url": "u"}]}
KNOWN: list[dict[str, Any]] = [SEARCH, RESULT, CITED, {"type": "gatecert_future", "x": None}]


def test_blocks_of_any_type_are_given_whole() -> None:
    plan = Plan(blocks=[Block.of(block) for block in KNOWN])
    assert api.message(plan, TOKEN, "m")["content"] == KNOWN


def test_a_stream_of_whole_blocks_has_deltas_where_the_api_has_them() -> None:
    plan = Plan(blocks=[Block.of(block) for block in KNOWN])
    data = [data for _, data in api.events(plan, TOKEN, "m")]
    starts = [one["content_block"] for one in data if one["type"] == "content_block_start"]
    assert starts == [
        {**SEARCH, "input": {}},
        RESULT,
        {**CITED, "text": "", "citations": []},
        KNOWN[3],
    ]
    assert [one["delta"] for one in data if one["type"] == "content_block_delta"] == [
        {"type": "input_json_delta", "partial_json": '{"q": "a"}'},
        {"type": "text_delta", "text": "It rained."},
        {"type": "citations_delta", "citation": {"url": "u"}},
    ]


def test_fields_and_counts_are_added_and_replaced() -> None:
    plan = Plan(message={"content": [], "container": None}, usage={"service_tier": "x"})
    message = api.message(plan, TOKEN, "m")
    assert (message["content"], message["container"]) == ([], None)
    assert message["usage"]["service_tier"] == "x"


def test_the_stop_sequence_is_told_streamed_and_not() -> None:
    plan = Plan(stop_reason="stop_sequence", stop_sequence="END")
    assert api.message(plan, TOKEN, "m")["stop_sequence"] == "END"
    deltas = [data["delta"] for name, data in api.events(plan, TOKEN, "m") if "message_d" in name]
    assert deltas == [{"stop_reason": "stop_sequence", "stop_sequence": "END"}]


def test_half_an_emoji_stays_an_escape() -> None:
    assert api.written({"a": "\ud83e"}) == b'{"a": "\\ud83e"}'
    assert b"\\ud83e" in api.encode(("x", {"a": "\ud83e"}))
