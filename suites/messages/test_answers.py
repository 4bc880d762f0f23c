"""Whole answers (stream: false) on their way back."""

from gatecert.suite import (
    MUST,
    Block,
    DesktopApp,
    Plan,
    ScriptedProvider,
    answered,
    at,
    expect,
    requirement,
    same,
)

_HOP = "provider → gateway → client"


@requirement(
    "MSG-20",
    MUST,
    source="observed: after a failed stream the engine repeats the request with stream: false",
    why="The client's last resort after a broken stream fails as well.",
    fix="Serve stream: false on the same path, with content, stop_reason and usage unchanged.",
)
def test_whole_answer_is_exact(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """An answer without stream arrives with exact text, stop reason and usage."""
    script = provider.script(Plan(input_tokens=4_242, output_tokens=99, stop_reason="max_tokens"))
    turn = desktop.engine.turn(script.text, stream=False)
    body = answered(turn, "a turn without stream").json()
    expect(isinstance(body, dict), "a JSON object", f"{turn.exchange.text[:120]!r}")
    same(script.answer, turn.text, "the answer's text", hop=_HOP)
    same("max_tokens", body.get("stop_reason"), "stop_reason", hop=_HOP)
    came = (at(body, "usage", "input_tokens"), at(body, "usage", "output_tokens"))
    same((4_242, 99), came, "usage (input, output)", hop=_HOP)


@requirement(
    "MSG-21",
    MUST,
    source="official: tool use is part of the required Messages API",
    why="Tools run with wrong or empty arguments.",
    fix="Pass tool_use blocks on unchanged: id, name and the whole input object.",
)
def test_tool_use_is_exact(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A tool_use block without stream arrives with its id, name and input."""
    tool = Block("tool_use", ['{"path":"/a b","n":', '1.50,"on":true}'], "Read", "toolu_01GcWhole")
    script = provider.script(Plan(blocks=[tool], stop_reason="tool_use"))
    turn = desktop.engine.turn(script.text, stream=False)
    answered(turn, "a turn without stream")
    expected = {
        "type": "tool_use",
        "id": "toolu_01GcWhole",
        "name": "Read",
        "input": {"path": "/a b", "n": 1.5, "on": True},
    }
    same([expected], turn.blocks, "the content", hop=_HOP)


@requirement(
    "MSG-22",
    MUST,
    source="observed: Accept is application/json on every request, streaming or not",
    why="Streams come as one late block, or the fallback request fails as malformed.",
    fix="Decide on the body's stream field alone, never on the Accept header.",
)
def test_stream_field_decides(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Only the body's stream field decides between an event stream and a JSON answer."""
    streamed = desktop.engine.turn(provider.script().text, stream=True)
    answered(streamed, "a turn with stream: true")
    expect(
        streamed.events,
        "server-sent events for stream: true (Accept: application/json)",
        f"{streamed.exchange.header('content-type')} {streamed.exchange.text[:100]!r}",
        hop=_HOP,
    )
    headers = {"Accept": "text/event-stream"}
    whole = desktop.engine.turn(provider.script().text, stream=False, headers=headers)
    body = answered(whole, "a turn with stream: false").json()
    expect(
        isinstance(body, dict) and body.get("type") == "message",
        "a JSON Message for stream: false (Accept: text/event-stream)",
        f"{whole.exchange.header('content-type')} {whole.exchange.text[:100]!r}",
        hop=_HOP,
    )


@requirement(
    "MSG-23",
    MUST,
    source="observed: the client decodes what Content-Encoding names, and fails when it lies",
    why="Answers arrive as garbage or not at all.",
    fix="Keep Content-Encoding and the body together: pass both on, or decompress and drop both.",
)
def test_answer_is_readable_when_compressed(
    desktop: DesktopApp, provider: ScriptedProvider
) -> None:
    """An answer arrives readable whatever compression the client offers."""
    for offered in ("gzip, deflate, br, zstd", "identity"):
        script = provider.script(Plan(compress=True))
        headers = {"Accept-Encoding": offered}
        turn = desktop.engine.turn(script.text, stream=False, headers=headers)
        exchange = answered(turn, f"a turn offering {offered}")
        coding = exchange.header("content-encoding") or "identity"
        expect(
            coding == "identity" or coding in offered,
            f"a coding among those offered ({offered})",
            f"content-encoding {coding}",
        )
        same(script.answer, turn.text, "the answer's text", hop=_HOP)
