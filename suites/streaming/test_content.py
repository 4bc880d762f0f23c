"""Streams: content, order and form."""

import json
from typing import Any

from gatecert.suite import (
    HOLD_MS,
    MUST,
    SHOULD,
    Asking,
    Block,
    DesktopApp,
    Plan,
    ScriptedProvider,
    ServerSentEvent,
    Turn,
    answered,
    expect,
    hints,
    requirement,
    same,
)

_HOP = "provider → gateway → client"


@requirement(
    "STREAM-01",
    MUST,
    source="official: serve streaming; field: deltas lost, doubled or reordered by gateways",
    why="Users read garbled or incomplete answers.",
    fix="Relay the provider's bytes as they come; do not re-assemble events.",
)
def test_text_is_exact(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Every delta arrives once and in order, so that the text is exact."""
    pieces = [f"{number}:{chr(0x4E00 + number)}é\n" for number in range(120)]
    script = provider.script(Plan(blocks=[Block("text", pieces)]))
    turn = desktop.engine.turn(script.text)
    answered(turn, "a streamed turn")
    same("".join(pieces), turn.text, "the streamed text", hop=_HOP)


@requirement(
    "STREAM-38",
    MUST,
    source="field: gateways that skip deltas without visible text, or trim each one",
    why="Paragraphs run into one another, code loses its indentation, and tool arguments their blanks.",
    fix="Relay every delta unchanged; ask whether it is there, not whether anything is left when it is trimmed.",
    since="0.2",
)
def test_blank_deltas_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Deltas of nothing but blanks and line breaks arrive, in text and in tool arguments."""
    words = ["One.", "\n\n", "Two:", "\n", "    ", "three", " ", "four", "\t", "five.", "\n"]
    arguments = ['{"text":', " ", '"a', " ", "b", "  ", 'c"', "\n", "}"]
    tool = Block("tool_use", arguments, "Write", "toolu_01GcBlank")
    plan = Plan(blocks=[Block("text", words), tool], stop_reason="tool_use")
    turn = desktop.engine.turn(provider.script(plan).text)
    answered(turn, "a streamed turn")
    same("".join(words), turn.text, "the streamed text", hop=_HOP)
    inputs = [b.get("input") for b in turn.blocks if b.get("type") == "tool_use"]
    same([{"text": "a b  c"}], inputs, "the input of the tool call", hop=_HOP)


@requirement(
    "STREAM-02",
    MUST,
    source="observed: events without an event: line, or blocks without their stop, are ignored",
    why="The client drops content without a word, or asks again and again.",
    fix="Keep event: lines, block starts and stops, indices and message_stop as the provider sent them.",
)
def test_events_are_canonical(desktop: DesktopApp, asking: Asking) -> None:
    """The stream keeps the canonical order: every event named, every block opened and closed, a real end."""
    plan = Plan(
        blocks=[
            Block("thinking", ["Let me ", "see."], signature="EqQBCkYIAR+gA/wQ=="),
            Block("text", ["Here ", "it is."]),
            Block("tool_use", ['{"path":', '"/a"}'], "Read", "toolu_01GcOrder"),
        ],
        stop_reason="tool_use",
    )
    asked = asking.ask(plan)
    turn = desktop.engine.turn(asked.text)
    answered(turn, "a streamed turn")
    problems = turn.assembled.problems
    expect(not problems, "a canonical event stream", "; ".join(problems[:4]), hop=_HOP)
    if asked.answer is None:  # a live model thinks and calls what it likes
        return
    kinds = [block["type"] for block in turn.blocks]
    same(["thinking", "text", "tool_use"], kinds, "the finished blocks", hop=_HOP)
    same("tool_use", turn.assembled.stop_reason, "stop_reason", hop=_HOP)


@requirement(
    "STREAM-03",
    MUST,
    source="official: stream events as they arrive, never buffer a whole answer",
    why="Users stare at an empty window until the whole answer is there; long answers time out.",
    fix="Turn response buffering off and flush after each event.",
    hints=hints.NOT_BUFFERED,
)
def test_events_are_delivered_as_they_arrive(
    desktop: DesktopApp, provider: ScriptedProvider
) -> None:
    """The client sees the first events while the provider still holds the rest back."""
    script = provider.script(Plan(hold_after=4, hold_ms=HOLD_MS))

    def release_on_content(event: ServerSentEvent) -> bool:
        if event.name == "content_block_delta":
            provider.release(script)
        return True

    turn = desktop.engine.turn(script.text, on_event=release_on_content)
    answered(turn, "a streamed turn")
    receipts = provider.receipts(script)
    hold = receipts[0].hold if receipts else "nothing arrived"
    expect(
        hold == "released",
        "the first content event at the client while the provider held the rest back",
        f"nothing until the provider went on by itself after {HOLD_MS // 1000} s ({hold})",
        hop=_HOP,
        silent=True,
    )


@requirement(
    "STREAM-04",
    MUST,
    source="field: tools called with {} because argument deltas were lost",
    why="Tools run with empty or wrong arguments.",
    fix="Relay input_json_delta events unchanged; never move arguments into content_block_start.",
)
def test_tool_arguments_are_exact(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Tool arguments arrive as deltas that make exactly the provider's JSON."""
    text = json.dumps({"path": "/tmp/ü.txt", "lines": [1, 2, 3], "text": 'a "quoted" \\ word'})  # noqa: S108
    pieces = [text[i : i + 5] for i in range(0, len(text), 5)]
    tool = Block("tool_use", pieces, "Write", "toolu_01GcArgs")
    script = provider.script(Plan(blocks=[tool], stop_reason="tool_use"))
    turn = desktop.engine.turn(script.text)
    answered(turn, "a streamed turn")
    tools = [b for b in turn.blocks if b.get("type") == "tool_use"]
    expect(
        len(tools) == 1,
        "one finished tool_use block",
        f"{len(tools)} of them",
        hop=_HOP,
        silent=True,
    )
    same(text, tools[0]["partial_json"], "the joined argument deltas", hop=_HOP)
    came = (tools[0].get("id"), tools[0].get("name"))
    same(("toolu_01GcArgs", "Write"), came, "id and name of the tool call", hop=_HOP)


@requirement(
    "STREAM-05",
    MUST,
    source="official: a lost or altered thinking signature makes the next turn fail with 400",
    why="The second turn of every conversation with thinking fails.",
    fix="Relay thinking_delta and signature_delta unchanged.",
)
def test_thinking_signature_is_exact(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Thinking and its signature arrive exactly."""
    signature = "EqQBCkYIARgCKkBgatecert+/signature==" * 8
    thinking = Block("thinking", ["First this, ", "then that."], signature=signature)
    script = provider.script(Plan(blocks=[thinking, Block("text", ["Done."])]))
    turn = desktop.engine.turn(script.text)
    answered(turn, "a streamed turn")
    blocks = [b for b in turn.blocks if b.get("type") == "thinking"]
    expect(len(blocks) == 1, "one thinking block", f"{len(blocks)} of them", hop=_HOP, silent=True)
    same(thinking.joined, blocks[0].get("thinking"), "the thinking text", hop=_HOP)
    same(signature, blocks[0].get("signature"), "the signature", hop=_HOP)


@requirement(
    "STREAM-06",
    MUST,
    source="observed: compaction is triggered by the usage that the gateway reports",
    why="Conversations are compacted too early or too late; SDK clients crash without usage.",
    fix="Keep usage in message_start and message_delta as the provider sent it.",
)
def test_usage_is_exact(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Input, cached and output tokens arrive as the provider counted them."""
    counts: dict[str, Any] = {"input_tokens": 31_007, "cache_read_input_tokens": 7_531}
    script = provider.script(Plan(**counts, output_tokens=1_009))
    turn = desktop.engine.turn(script.text)
    answered(turn, "a streamed turn")
    for name, count in counts.items():
        came = turn.assembled.usage_at_start.get(name)
        same(count, came, f"usage.{name} in message_start", hop=_HOP)
        same(count, turn.assembled.usage.get(name), f"usage.{name} at the end", hop=_HOP)
    came = turn.assembled.usage.get("output_tokens")
    same(1_009, came, "usage.output_tokens in message_delta", hop=_HOP)


@requirement(
    "STREAM-07",
    SHOULD,
    source="standard: HTML, server-sent events; observed: the client itself ignores the type",
    why="Proxies on the way buffer or compress what does not call itself an event stream.",
    fix="Answer streams with content-type: text/event-stream.",
)
def test_stream_names_its_type(desktop: DesktopApp, asking: Asking) -> None:
    """A stream is answered as text/event-stream."""
    turn = desktop.engine.turn(asking.ask().text)
    exchange = answered(turn, "a streamed turn")
    expect(
        exchange.is_event_stream,
        "content-type text/event-stream",
        f"content-type {exchange.header('content-type') or 'missing'}",
    )


@requirement(
    "STREAM-08",
    MUST,
    source="field: gateways that cut or reorder long streams",
    why="Long answers break off or repeat.",
    fix="Set no limit on the number or the size of events; do not buffer a whole answer.",
    hints={
        "cloudflare": "a hundred seconds without a byte end in 524: let pings through",
        "envoy": "timeout: 0s on the route (15 s if it is not set)",
    },
)
def test_long_stream_is_complete(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A stream of 1,500 events arrives complete and in order."""
    pieces = [f"<{number}>" for number in range(1_500)]
    script = provider.script(Plan(blocks=[Block("text", pieces)]))
    turn = desktop.engine.turn(script.text)
    answered(turn, "a long stream")
    same("".join(pieces), turn.text, "the streamed text", hop=_HOP)
    _ended(turn)


@requirement(
    "STREAM-09",
    SHOULD,
    source="observed: pings keep a silent stream alive for 300 s; field: gateways that drop them",
    why="Long thinking is cut off by idle timers on the way.",
    fix="Relay ping events like all others.",
    hints={
        "nginx": "proxy_read_timeout 600s, should the provider fall silent (60 s if it is not set)",
        "apache": "ProxyTimeout 600",
        "envoy": "stream_idle_timeout of the connection manager (5 minutes if it is not set)",
        "haproxy": "timeout server 600s",
        "kong": "read_timeout: 600000 on the Service (60000 if it is not set)",
    },
)
def test_pings_pass(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Ping events (or comments in their place) reach the client."""
    turn = desktop.engine.turn(provider.script(Plan(ping=True)).text)
    answered(turn, "a streamed turn")
    alive = turn.assembled.pings + turn.comments
    expect(alive, "the provider's ping, or a comment in its place", "neither", hop=_HOP)


def _ended(turn: Turn) -> None:
    expect(
        turn.assembled.ended,
        "message_stop at the end",
        f"the last events were {turn.assembled.names[-3:]}",
        hop=_HOP,
    )
