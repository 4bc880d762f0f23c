"""Whole answers (stream: false) on their way back."""

from typing import Any

from gatecert.suite import (
    MUST,
    Asking,
    Block,
    DesktopApp,
    Exchange,
    Plan,
    ScriptedProvider,
    a_receipt,
    answered,
    at,
    expect,
    own_answer,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
_USAGE: dict[str, Any] = {
    "input_tokens": 4_242,
    "output_tokens": 99,
    "cache_read_input_tokens": 7_531,
}


@requirement(
    "MSG-20",
    MUST,
    source="observed: after a failed stream the engine repeats the request with stream: false",
    why="The client's last resort after a broken stream fails as well.",
    fix="Serve stream: false on the same path, with content, stop_reason and usage unchanged.",
)
def test_whole_answer_is_exact(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """An answer without stream arrives with exact text, stop reason and usage."""
    script = provider.script(Plan(**_USAGE, stop_reason="max_tokens"))
    turn = desktop.engine.turn(script.text, stream=False)
    body = answered(turn, "a turn without stream").json()
    a_receipt(provider.receipts(script))
    kind = turn.exchange.header("content-type")
    expect(
        isinstance(body, dict), "a JSON object", f"the body {turn.exchange.text[:120]!r}", hop=_HOP
    )
    came = f"content-type {kind or 'missing'}"
    expect("json" in (kind or ""), "content-type application/json", came, hop=_HOP)
    same(script.answer, turn.text, "the answer's text", hop=_HOP)
    same("max_tokens", body.get("stop_reason"), "stop_reason", hop=_HOP)
    for name, count in _USAGE.items():
        same(count, at(body, "usage", name), f"usage.{name}", hop=_HOP)


@requirement(
    "MSG-21",
    MUST,
    source="official: tool use is part of the required Messages API",
    why="Tools run with wrong arguments, text is garbled, or the next turn is refused.",
    fix="Pass content blocks on unchanged: order, signatures, ids and whole input objects.",
)
def test_content_is_exact(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Thinking, text and tool_use arrive without stream exactly as the provider wrote them."""
    signature = "EqQBCkYIAR+gA/wQ==" * 40
    blocks = [
        Block("thinking", ["First this. ", "Then that."], signature=signature),
        Block("text", [" Grüße,\r\n", "日本語 👩‍👩‍👧‍👦 "]),
        Block("text", ["long " * 20_000]),
        Block(
            "tool_use",
            ['{"path":"/a b","n":', '1.50,"on":true,"no":null,"l":[]}'],
            "Read",
            "toolu_01Gc",
        ),
    ]
    script = provider.script(Plan(blocks=blocks, stop_reason="tool_use"))
    turn = desktop.engine.turn(script.text, stream=False)
    answered(turn, "a turn without stream")
    a_receipt(provider.receipts(script))
    arguments = {"path": "/a b", "n": 1.5, "on": True, "no": None, "l": []}
    expected = [
        {"type": "thinking", "thinking": blocks[0].joined, "signature": signature},
        {"type": "text", "text": blocks[1].joined},
        {"type": "text", "text": blocks[2].joined},
        {"type": "tool_use", "id": "toolu_01Gc", "name": "Read", "input": arguments},
    ]
    same(expected, turn.blocks, "the content", hop=_HOP)
    same("tool_use", at(turn.exchange.json(), "stop_reason"), "stop_reason", hop=_HOP)


@requirement(
    "MSG-22",
    MUST,
    source="observed: Accept is application/json on every request, streaming or not",
    why="Streams come as one late block, or the fallback request fails as malformed.",
    fix="Decide on the body's stream field alone, never on the Accept header.",
)
def test_stream_field_decides(desktop: DesktopApp, asking: Asking) -> None:
    """Only the body's stream field decides between an event stream and a JSON answer."""
    streamed = desktop.engine.turn(asking.ask().text, stream=True)
    answered(streamed, "a turn with stream: true")
    expect(
        streamed.events,
        "server-sent events for stream: true (Accept: application/json)",
        _typed(streamed.exchange),
        hop=_HOP,
    )
    headers = {"Accept": "text/event-stream"}
    whole = desktop.engine.turn(asking.ask().text, stream=False, headers=headers)
    body = answered(whole, "a turn with stream: false").json()
    expect(
        isinstance(body, dict) and body.get("type") == "message",
        "a JSON Message for stream: false (Accept: text/event-stream)",
        _typed(whole.exchange),
        hop=_HOP,
    )


@requirement(
    "MSG-23",
    MUST,
    source="observed: the client decodes what Content-Encoding names, and fails when it lies",
    why="Answers arrive as garbage or not at all.",
    fix="Keep Content-Encoding and the body together: pass both on, or decompress and drop both.",
    hints={
        "nginx": 'gzip off; gunzip on, or proxy_set_header Accept-Encoding ""',
        "apache": "RequestHeader unset Accept-Encoding",
        "haproxy": "compression offload",
    },
)
def test_answer_is_readable_when_compressed(desktop: DesktopApp, asking: Asking) -> None:
    """An answer arrives readable whatever compression the client offers."""
    for offered in ("gzip, deflate, br, zstd", "identity"):
        script = asking.ask(Plan(compress=True))
        headers = {"Accept-Encoding": offered}
        turn = desktop.engine.turn(script.text, stream=False, headers=headers)
        exchange = answered(turn, f"a turn offering {offered}")
        expect(
            not exchange.body.startswith(b"\x1f\x8b"),
            "a body that fits its Content-Encoding",
            "gzip bytes that no Content-Encoding names (or compressed twice)",
            hop=_HOP,
        )
        coding = exchange.header("content-encoding") or "identity"
        expect(
            coding == "identity" or coding in offered,
            f"a coding among those offered ({offered})",
            f"content-encoding {coding}",
        )
        own_answer(script.answer, turn)


@requirement(
    "MSG-26",
    MUST,
    source="field: an answer cut by the provider passed on as whole",
    why="Half an answer, or broken JSON, is taken for the whole.",
    fix="When the provider breaks off, answer 502, or close the connection short of its Content-Length.",
)
def test_cut_answer_does_not_look_complete(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """An answer without stream that the provider cuts in the middle is not passed on as whole."""
    plan = Plan(blocks=[Block("text", ["word " * 400])], cut_bytes=900)
    script = provider.everywhere(plan)
    exchange = desktop.engine.turn(script.text, stream=False).exchange
    cut = [receipt for receipt in provider.receipts(script) if receipt.outcome == "cut"]
    expect(cut, "the turn to reach the provider, which cuts it", exchange.summary(), hop=_HOP)
    expect(
        exchange.status != 200 or (exchange.fault and exchange.fault.kind != "timeout"),
        "an error status, or a connection closed short of its Content-Length",
        f"{exchange.summary()} with {len(exchange.body)} bytes and a proper end",
        hop=_HOP,
        silent=True,
    )


def _typed(exchange: Exchange) -> str:
    kind = exchange.header("content-type") or "no content-type"
    return f"{kind} and the body {exchange.text[:100]!r}"
