"""Streams: blocks of every kind, each with its own index, id and content."""

import json
from itertools import groupby
from typing import Any

from gatecert.suite import (
    MUST,
    Block,
    DesktopApp,
    Plan,
    ScriptedProvider,
    Turn,
    answered,
    at,
    expect,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
_RELAY = "Relay the provider's bytes; do not build events anew from the kinds of block you know."


@requirement(
    "STREAM-30",
    MUST,
    source="field: Portkey issue 1284, LiteLLM issues 13373 and 32357: indices mixed up",
    why="Content goes into the wrong block, or the client gives the stream up.",
    fix="Keep the index of every block event as the provider sent it.",
    since="0.2",
)
def test_blocks_keep_their_indices(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Seven blocks of three kinds come one after another, each under its own index."""
    blocks = [
        Block("thinking", ["First, "], signature="EqQBFirst=="),
        Block("text", ["I look ", "twice."]),
        _tool(1, ['{"path":', '"/a"}']),
        _tool(2, ['{"path":', '"/b"}']),
        Block("thinking", ["Then, "], signature="EqQBThen=="),
        Block("text", ["and once ", "more."]),
        _tool(3, ['{"path":', '"/c"}']),
    ]
    turn = _streamed(desktop, provider, blocks)
    steps = ("content_block_start", "content_block_delta", "content_block_stop")
    wanted = [f"{step} {index}" for index in range(len(blocks)) for step in steps]
    came = [
        f"{event.name} {at(event.json(), 'index')}" for event in turn.events if event.name in steps
    ]
    # neighbouring deltas may be joined: what they amount to is another requirement's matter
    same(wanted, [step for step, _ in groupby(came)], "starts, deltas and stops", hop=_HOP)


@requirement(
    "STREAM-31",
    MUST,
    source="field: Portkey issue 1284: parallel tool calls in one stream are merged",
    why="Of several tools that run at once some get the arguments of another, or never run.",
    fix="Keep index, id and name of each tool_use block.",
    since="0.2",
)
def test_parallel_tools_stay_apart(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Six tool calls in one answer, two of them alike, arrive as six, each with its arguments."""
    tools = [_tool(number, ['{"path": ', f'"/file-{number % 5}"', "}"]) for number in range(6)]
    turn = _streamed(desktop, provider, [Block("text", ["Six at once."]), *tools])
    wanted = [[tool.id, tool.name, json.loads(tool.joined)] for tool in tools]
    came = [[b.get("id"), b.get("name"), b.get("input")] for b in _of_type(turn, "tool_use")]
    same(wanted, came, "id, name and input of the tool calls", hop=_HOP)


@requirement(
    "STREAM-32",
    MUST,
    source="field: Portkey issue 1659: tool payloads of long streams are lost",
    why="The client writes a file that lacks its end, or the tool fails on broken JSON.",
    fix="Set no limit on a tool's arguments, and do not collect them.",
    since="0.2",
)
def test_large_tool_input_is_whole(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Tool arguments of 200 kB in many deltas arrive whole."""
    text = json.dumps({"path": "/a", "content": "".join(f"line {n:05}\n" for n in range(16_500))})
    pieces = [text[i : i + 1_000] for i in range(0, len(text), 1_000)]
    turn = _streamed(desktop, provider, [_tool(1, pieces)])
    same(json.loads(text), _only(turn, "tool_use").get("input"), "the tool's input", hop=_HOP)


@requirement(
    "STREAM-33",
    MUST,
    source="field: LiteLLM issues 25321 and 25561: argument deltas read one by one",
    why="Tools get broken text: wrong characters in a file, or JSON that cannot be read.",
    fix="Pass partial_json on as it is: a delta by itself is no JSON, and may end inside an escape.",
    since="0.2",
)
def test_tool_input_may_be_split_anywhere(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Arguments that are split inside escapes, names and numbers arrive as the same JSON."""
    arguments = {"é\u2028": '\\"\t😀\\u0041', "n": [-12.5e3, None, True], "blank": "  a   b  "}
    text = json.dumps(arguments, ensure_ascii=True)
    turn = _streamed(desktop, provider, [_tool(1, ["", *text])])
    same(arguments, _only(turn, "tool_use").get("input"), "the tool's input", hop=_HOP)


@requirement(
    "STREAM-34",
    MUST,
    source="field: a tool call without arguments is dropped while they are waited for",
    why="A tool that needs no arguments never runs, and the conversation stands still.",
    fix="Relay a tool_use block that has no argument deltas like any other.",
    since="0.2",
)
def test_tool_without_arguments_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A tool call without arguments, with an empty delta or with none, arrives with its id."""
    tools = [_tool(1, [""]), _tool(2, [])]
    turn = _streamed(desktop, provider, [Block("text", ["Now."]), *tools])
    came = [[b.get("id"), b.get("input")] for b in _of_type(turn, "tool_use")]
    same([[tool.id, {}] for tool in tools], came, "id and input of the tool calls", hop=_HOP)


@requirement(
    "STREAM-35",
    MUST,
    source="official: thinking blocks must come back unchanged, or the next turn fails with 400",
    why="The turn after a redacted thought fails.",
    fix=_RELAY,
    since="0.2",
)
def test_redacted_thinking_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A redacted_thinking block, which comes whole in its start, arrives with its data."""
    data = "EmwKAhgBEgyRedacted+/" * 60
    blocks = [
        Block("thinking", ["Let me see."], signature="EqQBSeen=="),
        Block.of({"type": "redacted_thinking", "data": data}),
        Block("text", ["Done."]),
    ]
    turn = _streamed(desktop, provider, blocks)
    same(data, _only(turn, "redacted_thinking").get("data"), "its data", hop=_HOP)


@requirement(
    "STREAM-36",
    MUST,
    source="field: codex2api PR 613, krouter PR 11: signatures dropped, cut or used again",
    why="The turn after interleaved thinking fails with 400, and thinking is switched off.",
    fix="Relay each signature_delta unchanged, of any length; keep none from one block to the next.",
    since="0.2",
)
def test_each_thought_keeps_its_signature(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Thoughts between tool calls arrive each with its own signature, a very long one as well."""
    signatures = [f"EqQB{number}" + "kLmN+/90" * size for number, size in ((1, 9), (2, 3_000))]
    first, second = (Block("thinking", ["Hm, ", s[:6]], signature=s) for s in signatures)
    turn = _streamed(desktop, provider, [first, _tool(1, ["{}"]), second, _tool(2, ["{}"])])
    came = [[b.get("thinking"), b.get("signature")] for b in _of_type(turn, "thinking")]
    wanted = [[block.joined, block.signature] for block in (first, second)]
    same(wanted, came, "thinking and signature of each thought", hop=_HOP)


@requirement(
    "STREAM-88",
    MUST,
    source="observed: engines ask for thinking with display omitted; the block's only delta is then its signature",
    why="The turn after a tool call ends in 400, or the model has forgotten what it thought.",
    fix="Relay a thinking block and its signature_delta also where no thinking_delta came.",
    since="0.2",
)
def test_wordless_thought_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A thought without words, whose only delta is its signature, arrives with that signature."""
    signature = "EqQBCkYIWordless/+A=="
    thought = Block("thinking", signature=signature)
    turn = _streamed(desktop, provider, [thought, Block("text", ["Well."]), _tool(1, ["{}"])])
    came = [[b.get("thinking") or "", b.get("signature")] for b in _of_type(turn, "thinking")]
    same([["", signature]], came, "thinking and signature of the thought", hop=_HOP)
    kinds = [block.get("type") for block in turn.blocks]
    same(["thinking", "text", "tool_use"], kinds, "the blocks", hop=_HOP)


@requirement(
    "STREAM-37",
    MUST,
    source="field: web search gives nothing; bifrost PR 4890: server tools break a stream",
    why="Web search finds nothing, or the conversation cannot be continued.",
    fix=_RELAY,
    since="0.2",
)
def test_server_tools_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A server tool's call and its result, which comes whole in its start, arrive as they are."""
    page = {"type": "web_search_result", "url": "https://example.com/a", "title": "A"}
    found = [{**page, "encrypted_content": "EqgfCioIARgB" * 40}]
    result = {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_01Gc",
        "content": found,
    }
    blocks = [
        Block("server_tool_use", ['{"query":', '"gatecert"}'], "web_search", "srvtoolu_01Gc"),
        Block.of(result),
        Block("text", ["Found it."]),
    ]
    turn = _streamed(desktop, provider, blocks, stop_reason="end_turn")
    call = _only(turn, "server_tool_use")
    came = [call.get("id"), call.get("name"), call.get("input")]
    wanted = ["srvtoolu_01Gc", "web_search", {"query": "gatecert"}]
    same(wanted, came, "the server tool's id, name and input", hop=_HOP)
    block = _only(turn, "web_search_tool_result")
    same(result, {key: block.get(key) for key in result}, "the result", hop=_HOP)
    same("Found it.", turn.text, "the text after it", hop=_HOP)


def _tool(number: int, pieces: list[str]) -> Block:
    return Block("tool_use", pieces, "Read", f"toolu_01Gc{number}")


def _streamed(
    desktop: DesktopApp,
    provider: ScriptedProvider,
    blocks: list[Block],
    stop_reason: str = "tool_use",
) -> Turn:
    turn = desktop.engine.turn(provider.script(Plan(blocks=blocks, stop_reason=stop_reason)).text)
    answered(turn, "a streamed turn")
    return turn


def _of_type(turn: Turn, kind: str) -> list[dict[str, Any]]:
    return [block for block in turn.blocks if block.get("type") == kind]


def _only(turn: Turn, kind: str) -> dict[str, Any]:
    found = _of_type(turn, kind)
    kinds = ", ".join(str(block.get("type")) for block in turn.blocks) or "none"
    expect(
        len(found) == 1,
        f"one finished {kind} block",
        f"the blocks {kinds}",
        hop=_HOP,
        silent=True,
    )
    return found[0]
