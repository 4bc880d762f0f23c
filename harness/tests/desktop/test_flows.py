"""Whole flows: how many requests, in which order, and what each replays."""

from __future__ import annotations

import json

import pytest
from scripted import TEXT, ScriptedWire, app, call

from gatecert.desktop.flows import (
    MOST_ROUNDS,
    Session,
    ToolOutcome,
    context_burst,
    message_id,
    read_image,
)
from gatecert.desktop.profiles import (
    ENGINE_CLI,
    ENGINE_DESKTOP,
    ENGINE_DESKTOP_197,
    ENGINE_PRINT,
    ENGINES,
    EngineProfile,
)
from gatecert.upstream import Block

TITLED = "say hello please"
MESSAGES, COUNT = "POST /v1/messages?beta=true", "POST /v1/messages/count_tokens?beta=true"
SIGNATURE = "EqQBCkYIBRgCKkA=="
THINKING = Block("thinking", ("I ", "wonder"), signature=SIGNATURE)


def session(profile: EngineProfile, wire: ScriptedWire, *, quiet: bool = False) -> Session:
    return Session(app(profile, wire).engine, quiet=quiet)


@pytest.mark.parametrize("profile", ENGINES, ids=lambda p: p.name)
def test_a_desktop_can_run_every_engine_profile(profile: EngineProfile) -> None:
    wire = ScriptedWire()
    one = session(profile, wire)
    one.start(discover=True)
    assert one.say("hi").text == "Done."
    agent = [r.header("user-agent") for r in wire.sent if r.url.endswith("messages?beta=true")]
    assert set(agent) == {profile.user_agent}
    assert f"HEAD {profile.release.probe_path}" in wire.lines
    assert "GET /v1/models?limit=1000" in wire.lines


def test_a_session_starts_with_a_probe_then_a_title_then_the_turn() -> None:
    wire = ScriptedWire()
    one = session(ENGINE_DESKTOP, wire)
    one.start()
    one.say(TITLED)
    assert wire.lines == ["HEAD /api/hello", MESSAGES, MESSAGES]
    title, turn = wire.bodies
    assert (title["tools"], len(turn["tools"])) == ([], 27)
    assert title["messages"][0]["content"][0]["text"].endswith(TITLED)


@pytest.mark.parametrize(
    ("profile", "quiet", "lines"),
    [
        (ENGINE_DESKTOP, True, [MESSAGES]),
        (ENGINE_PRINT, False, ["HEAD /api/hello", MESSAGES]),
        (ENGINE_DESKTOP_197, True, ["HEAD /", MESSAGES, MESSAGES]),
    ],
)
def test_background_traffic_depends_on_switch_mode_and_release(
    profile: EngineProfile, quiet: bool, lines: list[str]
) -> None:
    wire = ScriptedWire()
    one = session(profile, wire, quiet=quiet)
    one.start()
    one.say(TITLED)
    assert wire.lines == lines


@pytest.mark.parametrize(
    "profile", [ENGINE_DESKTOP, ENGINE_DESKTOP.in_mode("print"), ENGINE_DESKTOP_197]
)
@pytest.mark.parametrize(
    ("text", "titled"),
    [
        *(("say hello", False), ("say hellox", True), ("   say hello   ", False)),
        *(("é" * 9, False), ("é" * 10, True), ("😀" * 4, False), ("😀" * 5, True)),
    ],
)
def test_only_words_of_some_length_get_a_title(
    profile: EngineProfile, text: str, titled: bool
) -> None:
    wire = ScriptedWire()
    session(profile, wire).say(text)
    assert [bool(body["tools"]) for body in wire.bodies] == [*([False] if titled else []), True]


def test_what_was_typed_decides_where_the_text_holds_more() -> None:
    wire = ScriptedWire()
    session(ENGINE_DESKTOP, wire).say(TITLED, typed="hi")
    assert wire.lines == [MESSAGES]


@pytest.mark.parametrize(
    ("profile", "asked", "kept"),
    [
        (ENGINE_DESKTOP, "another-model", True),
        (ENGINE_DESKTOP_197, "another-model", False),
        (ENGINE_DESKTOP_197, "m", True),
    ],
)
def test_an_older_engine_drops_the_thoughts_of_another_model(
    profile: EngineProfile, asked: str, kept: bool
) -> None:
    wire = ScriptedWire((THINKING, call("Bash", command="ls")), TEXT)
    one = Session(app(profile, wire).engine, model=asked, quiet=True)
    one.use_tools(one.say("hi"))
    replayed = wire.bodies[-1]["messages"][-2]["content"]
    assert [block["type"] for block in replayed] == [*(["thinking"] if kept else []), "tool_use"]


def test_a_title_is_asked_for_until_there_is_one() -> None:
    found = (Block("text", ('{"title": "Greeting"}',)),)
    wire = ScriptedWire(TEXT, TEXT, found, TEXT)
    one = session(ENGINE_CLI, wire)
    for _ in range(3):
        one.say(TITLED)
    assert [bool(body["tools"]) for body in wire.bodies] == [False, True, False, True, True]


@pytest.mark.parametrize("profile", [ENGINE_DESKTOP, ENGINE_DESKTOP_197])
def test_probe_and_discovery_do_not_share_a_connection(profile: EngineProfile) -> None:
    wires: list[ScriptedWire] = []

    def make() -> ScriptedWire:
        wires.append(ScriptedWire())
        return wires[-1]

    desktop = app(profile, ScriptedWire())
    desktop.quit()
    desktop._make_transport = make
    Session(desktop.launch().engine).start(discover=True)
    assert [len(wire.sent) for wire in wires] == [1, 1]
    desktop.quit()
    assert all(wire.closed for wire in wires)


def test_a_tool_loop_replays_thinking_byte_for_byte_over_several_turns() -> None:
    first = (THINKING, call("Bash", 1, command="ls"))
    wire = ScriptedWire(first, (call("Read", 2, file_path="/x"),), TEXT)
    one = session(ENGINE_DESKTOP, wire, quiet=True)
    assert one.use_tools(one.say("hi")).text == "Done."
    last = wire.bodies[-1]["messages"]
    assert [m["role"] for m in last] == ["user", "assistant", "user", "assistant", "user"]
    thinking, used = last[1]["content"]
    assert thinking == {"type": "thinking", "thinking": "I wonder", "signature": SIGNATURE}
    assert list(used) == ["type", "id", "name", "input"]
    assert list(last[2]["content"][0]) == ["tool_use_id", "type", "content", "is_error"]
    assert list(last[4]["content"][0]) == ["tool_use_id", "type", "content", "cache_control"]
    assert wire.sent[-1].body.count(b'"cache_control"') == 3


def test_results_of_parallel_calls_come_in_the_order_in_which_they_ended() -> None:
    wire = ScriptedWire((call("Read", 1), call("Bash", 2)), TEXT)
    one = session(ENGINE_DESKTOP, wire, quiet=True)
    one.use_tools(one.say("hi"))
    results = wire.bodies[-1]["messages"][-1]["content"]
    assert [result["tool_use_id"] for result in results] == ["toolu_2", "toolu_1"]


def test_an_image_comes_back_inside_a_tool_result() -> None:
    wire = ScriptedWire((call("Read", 1, file_path="/x.png"),), TEXT)
    one = session(ENGINE_DESKTOP, wire, quiet=True)
    one.use_tools(one.say("hi"), read_image)
    image, reminder = wire.bodies[-1]["messages"][-1]["content"][0]["content"]
    assert list(image["source"]) == ["type", "data", "media_type"]
    assert reminder["text"].startswith("<system-reminder>")


def test_a_loop_without_end_is_ended() -> None:
    wire = ScriptedWire((call("Bash"),))
    one = session(ENGINE_DESKTOP, wire, quiet=True)
    one.use_tools(one.say("hi"), lambda block: ToolOutcome("again"))
    assert len(wire.sent) == MOST_ROUNDS + 1


def test_a_subagent_works_beside_the_next_turn_and_is_told_of_after_it() -> None:
    wire = ScriptedWire((call("Agent", 1, prompt="look around"),), TEXT)
    one = session(ENGINE_DESKTOP, wire, quiet=True)
    one.use_tools(one.say("hi"))
    agents = [request.header("x-claude-code-agent-id") for request in wire.sent]
    assert [agent is not None for agent in agents] == [False, False, True, False]
    assert "cc_is_subagent=true;" in wire.bodies[2]["system"][0]["text"]
    assert wire.bodies[2]["messages"][0]["content"][-1]["text"] == "look around"
    assert wire.bodies[3]["messages"][-1]["content"][-1]["text"].startswith("<system-reminder>")


def test_an_older_engine_waits_for_a_subagent_on_a_dated_haiku() -> None:
    wire = ScriptedWire((call("Agent", 1, prompt="look around"),), TEXT)
    one = session(ENGINE_DESKTOP_197.in_mode("print"), wire)
    one.use_tools(one.say("hi"))
    agents = [request.header("x-claude-code-agent-id") for request in wire.sent]
    assert [agent is not None for agent in agents] == [False, True, False]
    assert wire.bodies[1]["model"] == "claude-haiku-4-5-20251001"
    assert wire.bodies[1]["thinking"] == {"type": "disabled"}
    assert "context_management" not in wire.bodies[1]


@pytest.mark.parametrize(
    ("profile", "quiet", "asked"),
    [(ENGINE_DESKTOP, True, 1), (ENGINE_DESKTOP_197, True, 0), (ENGINE_DESKTOP_197, False, 1)],
)
def test_discovery_without_nonessential_traffic(
    profile: EngineProfile, quiet: bool, asked: int
) -> None:
    wire = ScriptedWire()
    session(profile, wire, quiet=quiet).start(discover=True)
    assert wire.lines.count("GET /v1/models?limit=1000") == asked


def test_a_subagent_by_itself_uses_the_dated_haiku() -> None:
    wire = ScriptedWire()
    engine = app(ENGINE_DESKTOP, wire).engine
    engine.send_draft(engine.subagent_draft("find it"))
    assert wire.bodies[0]["model"] == "claude-haiku-4-5-20251001"
    names = [name for name, _ in wire.sent[0].headers]
    assert names[names.index("x-claude-code-agent-id") - 1] == "x-app"


def test_searching_the_web_is_a_request_of_its_own() -> None:
    wire = ScriptedWire((call("WebSearch", 1, query="gateways"),), TEXT)
    one = session(ENGINE_DESKTOP, wire, quiet=True)
    one.use_tools(one.say("hi"))
    search = wire.bodies[1]
    assert search["tools"] == [{"type": "web_search_20250305", "name": "web_search", "max_uses": 8}]
    assert search["tool_choice"] == {"type": "tool", "name": "web_search"}
    assert search["messages"][0]["content"][0]["text"].endswith("gateways")
    assert b"cache_control" not in wire.sent[1].body
    assert len(wire.sent) == 3


def test_compacting_asks_again_until_there_is_a_summary() -> None:
    wire = ScriptedWire(TEXT, TEXT, (Block("text", ("<summary>All.</summary>",)),))
    one = session(ENGINE_CLI, wire, quiet=True)
    one.say("hi")
    assert len(one.compact()) == 2
    assert isinstance(wire.bodies[-1]["messages"][-1]["content"], str)
    assert "fallback-credit-2026-06-01" in (wire.sent[-1].header("anthropic-beta") or "")


@pytest.mark.parametrize(
    ("profile", "status", "counts", "messages"),
    [(ENGINE_PRINT, 200, 25, 0), (ENGINE_PRINT, 404, 25, 0), (ENGINE_DESKTOP_197, 404, 14, 14)],
)
def test_the_context_command_counts_in_a_burst(
    profile: EngineProfile, status: int, counts: int, messages: int
) -> None:
    wire = ScriptedWire(count_status=status)
    sent = context_burst(app(profile, wire).engine)
    assert (wire.lines.count(COUNT), wire.lines.count(MESSAGES)) == (counts, messages)
    assert len(sent) == counts + messages
    assert json.loads(wire.sent[0].body)["messages"][0]["content"] == "foo"


def test_an_alias_stands_for_a_full_name() -> None:
    wire = ScriptedWire()
    one = Session(app(ENGINE_PRINT, wire).engine, model="fable")
    one.say("hi")
    assert wire.bodies[0]["model"] == "claude-fable-5-2"


def test_an_answer_without_an_id_has_none() -> None:
    turn = app(ENGINE_DESKTOP, ScriptedWire()).engine.turn("hi", stream=False)
    assert message_id(turn) == ""


def test_an_empty_answer_leaves_no_empty_message() -> None:
    one = session(ENGINE_PRINT, ScriptedWire(()))
    one.say("hi")
    assert [m["role"] for m in one.messages] == ["user"]
