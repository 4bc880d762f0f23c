from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gatecert.desktop import Assembled, ServerSentEvent, SseParser, assemble
from gatecert.upstream import Block, Plan, messages_api

Events = list[ServerSentEvent]

words = st.text(min_size=1, max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def pieces(draw: st.DrawFn) -> list[str]:
    """Deltas that differ from each other, so that none can be lost or moved unseen."""
    return [f"{number}:{word}" for number, word in enumerate(draw(st.lists(words, min_size=1)))]


@st.composite
def tools(draw: st.DrawFn) -> Block:
    text = json.dumps(draw(st.dictionaries(words, json_values, max_size=4)))
    size = draw(st.integers(min_value=1, max_value=9))
    parts = [text[i : i + size] for i in range(0, len(text), size)]
    return Block("tool_use", parts, name=draw(words), id=draw(words))


blocks = (
    st.builds(Block, st.just("text"), pieces())
    | st.builds(Block, st.just("thinking"), pieces(), signature=words)
    | tools()
)
plans = st.builds(
    Plan,
    blocks=st.lists(blocks, min_size=1, max_size=4).map(tuple),
    stop_reason=st.sampled_from(["end_turn", "tool_use", "max_tokens", "refusal"]),
    input_tokens=st.integers(min_value=0),
    output_tokens=st.integers(min_value=0),
    ping=st.booleans(),
)


def events_of(plan: Plan) -> Events:
    script = messages_api.events(plan, "gc-token", "some-model")
    return SseParser().feed(b"".join(map(messages_api.encode, script)))


def message(assembled: Assembled) -> tuple[Any, ...]:
    """What the client makes of a stream, without the order in which it came."""
    return (
        assembled.blocks,
        assembled.model,
        assembled.stop_reason,
        assembled.usage_at_start,
        assembled.usage,
        assembled.ended,
    )


def seen_through(events: Events, changed: Events) -> bool:
    """Whether a changed stream earns problems or another message."""
    found = assemble(changed)
    return bool(found.problems) or message(found) != message(assemble(events))


def expected(block: Block) -> dict[str, Any]:
    if block.type == "text":
        return {"type": "text", "text": block.joined}
    if block.type == "thinking":
        return {"type": "thinking", "thinking": block.joined, "signature": block.signature}
    head = {"type": "tool_use", "id": block.id, "name": block.name}
    return {**head, "partial_json": block.joined, "input": json.loads(block.joined)}


def which(data: st.DataObject, events: Sequence[ServerSentEvent]) -> int:
    return data.draw(st.integers(min_value=0, max_value=len(events) - 1))


def commute(first: ServerSentEvent, second: ServerSentEvent) -> bool:
    """Whether two events mean the same in either order, as deltas ``}`` and ``}}`` do."""
    one, two = (event.json().get("delta", {}).get("partial_json", "") for event in (first, second))
    return first == second or (one + two == two + one != "" and "" not in (one, two))


@given(plans)
def test_a_canonical_stream_makes_exactly_the_plans_message(plan: Plan) -> None:
    found = assemble(events_of(plan))
    assert found.problems == []
    assert found.blocks == [expected(block) for block in plan.blocks]
    assert found.text == "".join(b.joined for b in plan.blocks if b.type == "text")
    assert (found.model, found.stop_reason) == ("some-model", plan.stop_reason)
    counts = {
        "input_tokens": plan.input_tokens,
        "cache_creation_input_tokens": plan.cache_creation_input_tokens,
        "cache_read_input_tokens": plan.cache_read_input_tokens,
    }
    assert found.usage_at_start == {**counts, "output_tokens": 1}
    assert found.usage == {**counts, "output_tokens": plan.output_tokens}
    assert (found.ended, found.error, found.pings) == (True, None, int(plan.ping))


@given(plans, st.data())
def test_a_lost_event_shows(plan: Plan, data: st.DataObject) -> None:
    events = events_of(plan)
    lost = which(data, events)
    assume(events[lost].name != "ping")
    assert seen_through(events, [*events[:lost], *events[lost + 1 :]])


@given(plans, st.data())
def test_a_doubled_event_shows(plan: Plan, data: st.DataObject) -> None:
    events = events_of(plan)
    twice = which(data, events)
    # a second message_delta is allowed, and of two signatures the last one counts
    harmless = events[twice].name in ("ping", "message_delta")
    assume(not harmless and "signature_delta" not in events[twice].data)
    assert seen_through(events, [*events[: twice + 1], *events[twice:]])


@given(plans, st.data())
def test_two_swapped_events_show(plan: Plan, data: st.DataObject) -> None:
    events = events_of(plan)
    first = which(data, events[:-1])
    before, after = events[first : first + 2]
    assume("ping" not in (before.name, after.name) and not commute(before, after))
    assert seen_through(events, [*events[:first], after, before, *events[first + 2 :]])


@given(plans, st.data())
def test_a_lost_event_line_shows_as_a_problem(plan: Plan, data: st.DataObject) -> None:
    events = events_of(plan)
    bare = which(data, events)
    events[bare] = ServerSentEvent(None, events[bare].data)
    assert "has no event: line" in assemble(events).problems[0]


@given(
    st.lists(
        st.builds(
            lambda name, data: ServerSentEvent(name, json.dumps({"type": name, **data})),
            st.sampled_from(["message_start", "message_delta", "message_stop", "error", "finish"])
            | st.sampled_from([f"content_block_{word}" for word in ("start", "delta", "stop")]),
            st.fixed_dictionaries(
                {},
                optional={
                    "index": st.integers(-1, 2) | json_values,
                    "message": json_values | st.fixed_dictionaries({"usage": json_values}),
                    "delta": json_values
                    | st.fixed_dictionaries({"type": json_values, "text": json_values})
                    | st.fixed_dictionaries({"type": st.just("text_delta"), "text": json_values}),
                    "content_block": json_values
                    | st.fixed_dictionaries({"type": json_values, "text": json_values})
                    | st.just({"type": "text"}),
                    "usage": json_values,
                    "error": json_values,
                },
            ),
        ),
        max_size=8,
    )
)
def test_whatever_comes_is_judged_and_never_raises(events: Events) -> None:
    found = assemble(events)
    assert isinstance(found.text, str)
    assert found.names == [event.name for event in events]


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ([], "the stream had no message_start"),
        ([("message_stop", "{}")], "message_stop carries data of type None"),
        ([("message_start", "[]")], "the data of message_start is not a JSON object"),
        ([("ping", "pong")], "the data of ping is not a JSON object"),
    ],
)
def test_a_problem_says_what_is_wrong(events: list[tuple[str, str]], problem: str) -> None:
    assert problem in assemble(ServerSentEvent(*event) for event in events).problems


def test_input_that_is_no_json_counts_as_none_and_is_a_problem() -> None:
    for text in ('{"path": ', "[" * 100_000):
        found = assemble(events_of(Plan(blocks=[Block("tool_use", [text], "Read", "t1")])))
        assert [(b["input"], b["partial_json"]) for b in found.blocks] == [({}, text)]
        assert found.problems == ["the tool's input deltas do not make JSON"]


def test_a_tool_without_deltas_gets_an_empty_input() -> None:
    found = assemble(events_of(Plan(blocks=[Block("tool_use", [], "Read", "t1")])))
    assert (found.blocks[0]["input"], found.problems) == ({}, [])


def test_an_error_event_is_an_end() -> None:
    plan = Plan(error_event={"type": "overloaded_error", "message": "no"}, error_event_after=3)
    found = assemble(events_of(plan))
    assert found.error == {"type": "overloaded_error", "message": "no"}
    assert (found.ended, found.problems) == (False, [])


def test_unknown_events_and_deltas_are_passed_over() -> None:
    events = events_of(Plan())
    news = ServerSentEvent("news", '{"type": "news"}')
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta"}}
    later = ServerSentEvent("content_block_delta", json.dumps(delta))
    empty = ServerSentEvent("keepalive", "")
    found = assemble([*events[:4], news, empty, later, *events[4:]])
    assert found.problems == []
    assert message(found) == message(assemble(events))


def test_what_has_no_name_is_passed_over_after_the_end_only() -> None:
    events = events_of(Plan())
    done = ServerSentEvent(None, "[DONE]")
    assert assemble([*events, done]).problems == []
    assert assemble([*events[:-1], done]).problems == [
        "an event has no event: line ('[DONE]')",
        "the stream ended without message_stop",
    ]


def test_input_of_a_server_tool_comes_in_deltas_as_well() -> None:
    result = {"tool_use_id": "srvtoolu_1", "content": []}
    plan = Plan(
        blocks=[
            Block("server_tool_use", ('{"query":', '"x"}'), "web_search", "srvtoolu_1"),
            Block.of({"type": "web_search_tool_result", **result}),
        ]
    )
    message = assemble(events_of(plan))
    assert message.problems == []
    assert message.blocks[0]["input"] == {"query": "x"}
    assert message.blocks[1] == {"type": "web_search_tool_result", **result}
