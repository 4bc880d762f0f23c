"""Bodies and headers on their way to the provider."""

import json
from typing import Any

from gatecert.suite import (
    MUST,
    SHOULD,
    DesktopApp,
    Plan,
    Receipt,
    ScriptedProvider,
    Target,
    answered,
    at,
    expect,
    first_message,
    only_receipt,
    requirement,
    same,
)

_HOP = "gateway → provider"
_OPEN_FIELDS = {
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "gatecert_future_field": {"nested": [1, "two", None]},
}


@requirement(
    "MSG-01",
    MUST,
    source="observed: a first turn is 50 to 140 kB, whatever the user types",
    why="Real conversations fail although a short curl test works.",
    fix="Raise the request body limit to 32 MB (client_max_body_size, maxRequestBodySize or the like).",
)
def test_realistic_first_turn_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A first turn of realistic size is answered, and its messages arrive unchanged to the last byte."""
    script = provider.script()
    turn = desktop.engine.turn(script.text)
    answered(turn, f"a first turn of {len(turn.exchange.request.body)} bytes")
    sent = _json(turn.exchange.request.body)["messages"]
    came = _body(only_receipt(provider.receipts(script))).get("messages")
    expect(
        isinstance(came, list) and len(came) == len(sent),
        "one message at the provider",
        f"{len(came) if isinstance(came, list) else came!r}",
        hop=_HOP,
        silent=True,
    )
    same(_texts(sent[0]["content"]), _texts(at(came, 0, "content")), "the user's text", hop=_HOP)
    same(sent, came, "the messages", hop=_HOP)


@requirement(
    "MSG-02",
    MUST,
    source="official: keep system an array, in order, the attribution block first and separate",
    why="Prompt caching misses on every turn (tenfold cost), or the provider answers 400.",
    fix="Pass system on as the array that came; do not join, reorder or prepend blocks.",
)
def test_system_blocks_stay_as_they_are(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The three system blocks arrive as an array, in order, with their cache markers."""
    _field_arrives(desktop, provider, "system")


@requirement(
    "MSG-03",
    MUST,
    source="official: tool use is part of the required Messages API",
    why="Tools vanish or are called with the wrong arguments; Cowork and Code stop working.",
    fix="Pass tools on unchanged: names, descriptions and full input schemas.",
)
def test_tools_arrive_unchanged(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """All tools arrive with name, description and schema unchanged and in order."""
    _field_arrives(desktop, provider, "tools")


@requirement(
    "MSG-04",
    MUST,
    source="observed: the desktop profile sends thinking on every turn",
    why="Answers get worse without anybody being told.",
    fix="Pass thinking on; do not strip fields that the gateway does not know.",
)
def test_thinking_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The thinking field arrives unchanged."""
    _field_arrives(desktop, provider, "thinking")


@requirement(
    "MSG-05",
    MUST,
    source="observed: effort is sent as output_config on current models, with its beta",
    why="The effort the user picked has no effect, silently.",
    fix="Pass output_config on (a body allow-list needs this field).",
)
def test_effort_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The effort level (output_config) arrives unchanged."""
    _field_arrives(desktop, provider, "output_config", {"output_config": {"effort": "high"}})


@requirement(
    "MSG-06",
    SHOULD,
    source="official: treat body fields as an open list",
    why="Each client update that adds a field silently loses a feature until the gateway is updated.",
    fix="Pass unknown top-level fields on instead of keeping an allow-list.",
)
def test_unknown_fields_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Body fields that the gateway cannot know arrive unchanged."""
    script = provider.script()
    answered(desktop.engine.turn(script.text, extra=_OPEN_FIELDS), "a turn with newer fields")
    body = _body(only_receipt(provider.receipts(script)))
    for name, value in _OPEN_FIELDS.items():
        same(value, body.get(name), f"the field {name} at the provider", hop=_HOP)


@requirement(
    "MSG-07",
    MUST,
    source="observed: metadata.user_id is a JSON string of about 150 characters",
    why="Turns end in 400, or the provider's abuse handling sees all users as one.",
    fix="Do not validate, parse or replace metadata.user_id.",
)
def test_user_id_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """metadata.user_id, a JSON string, arrives unchanged."""
    _field_arrives(desktop, provider, "metadata")


@requirement(
    "MSG-08",
    MUST,
    source="observed: newer engines send role system inside messages, also without a beta",
    why="Turns of current models end in 400, or lose their instructions.",
    fix="Pass messages on without checking their roles.",
)
def test_system_role_message_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A message of role system inside messages arrives in its place."""
    script = provider.script()
    reminder = {"role": "system", "content": [{"type": "text", "text": "Mind the gap."}]}
    messages = [first_message(script.text), reminder]
    answered(desktop.engine.turn("", messages=messages), "a turn with a system-role message")
    body = _body(only_receipt(provider.receipts(script)))
    came = body.get("messages")
    second = came[1] if isinstance(came, list) and len(came) > 1 else None
    same(reminder, second, "the second message at the provider", hop=_HOP)


@requirement(
    "MSG-09",
    MUST,
    source="official: forward anthropic-beta byte for byte, without an allow-list of values",
    why="Features switch off or turns end in 400 after each client update.",
    fix="Forward anthropic-beta unchanged (Portkey: forward_headers; LiteLLM: forward client headers).",
)
def test_betas_arrive_byte_for_byte(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """anthropic-beta arrives byte for byte, with values the gateway cannot know."""
    script = provider.script()
    betas = "claude-code-20250219,interleaved-thinking-2025-05-14,gatecert-future-2027-01-01"
    turn = desktop.engine.turn(script.text, headers={"anthropic-beta": betas})
    answered(turn, "a turn with a beta from the future")
    receipt = only_receipt(provider.receipts(script))
    same(betas, receipt.header("anthropic-beta"), "anthropic-beta at the provider", hop=_HOP)


@requirement(
    "MSG-10",
    MUST,
    source="official: forward anthropic-version byte for byte",
    why="The provider answers in another version's shape than the client understands.",
    fix="Forward anthropic-version unchanged; set a default only where it is missing.",
)
def test_version_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """anthropic-version arrives as the client sent it, the older and the newer one."""
    for version in ("2023-06-01", "2026-10-21"):
        script = provider.script()
        turn = desktop.engine.turn(script.text, headers={"anthropic-version": version})
        answered(turn, f"a turn with anthropic-version {version}")
        receipt = only_receipt(provider.receipts(script))
        came = receipt.header("anthropic-version")
        same(version, came, "anthropic-version at the provider", hop=_HOP)


@requirement(
    "MSG-11",
    SHOULD,
    source="official: treat headers as an open list; the session id groups a conversation",
    why="A conversation cannot be followed through the provider's logs.",
    fix="Forward the client's end-to-end headers instead of keeping an allow-list.",
)
def test_session_id_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The session id header of the engine arrives unchanged."""
    script = provider.script()
    answered(desktop.engine.turn(script.text), "a turn")
    receipt = only_receipt(provider.receipts(script))
    name = "X-Claude-Code-Session-Id"
    same(desktop.engine.session_id, receipt.header(name), f"{name} at the provider", hop=_HOP)


@requirement(
    "MSG-12",
    MUST,
    source="observed: the tool loop replays thinking, signature and tool_use, then the result",
    why="The second step of every tool use ends in 400, or the model loses its own reasoning.",
    fix="Pass conversation history on byte for byte: block order, signatures and ids included.",
)
def test_tool_loop_history_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The second turn of a tool loop arrives with thinking, signature, tool use and result unchanged."""
    script = provider.script()
    history = [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Read it.", "signature": "EqQBCkYIAR+gA/wQ=="},
                {"type": "text", "text": "I shall read the file."},
                {"type": "tool_use", "id": "toolu_01Gc", "name": "Read", "input": {"path": "/a"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"tool_use_id": "toolu_01Gc", "type": "tool_result", "content": "line 1\nline 2"},
                {"type": "text", "text": "go on", "cache_control": {"type": "ephemeral"}},
            ],
        },
    ]
    messages = [first_message(script.text), *history]
    answered(desktop.engine.turn("", messages=messages), "the second turn of a tool loop")
    came = _body(only_receipt(provider.receipts(script))).get("messages")
    same(history, came[1:] if isinstance(came, list) else came, "the history", hop=_HOP)


@requirement(
    "MSG-13",
    MUST,
    source="field: count_tokens answered from a local guess or not at all",
    why="The context display lies, and conversations are compacted too late or too often.",
    fix="Route POST /v1/messages/count_tokens to the provider.",
    needs=["serves_count_tokens"],
)
def test_count_tokens_is_the_providers(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """count_tokens answers with the provider's own number."""
    script = provider.script(Plan(input_tokens=31_337))
    exchange = answered(desktop.engine.count_tokens(script.text), "count_tokens")
    came = at(exchange.json(), "input_tokens")
    same(31_337, came, "input_tokens", hop="provider → gateway → client")


@requirement(
    "MSG-14",
    MUST,
    source="field: gateways that call the provider twice for one request",
    why="Every turn is paid twice, and tools may run twice.",
    fix="Do not retry or mirror a request whose answer has begun.",
)
def test_turn_arrives_once(desktop: DesktopApp, provider: ScriptedProvider, target: Target) -> None:
    """One turn is one request at the provider, streamed or not."""
    for stream in (True, False):
        script = provider.script()
        answered(desktop.engine.turn(script.text, stream=stream), "a turn")
        only_receipt(provider.receipts(script))


@requirement(
    "MSG-15",
    MUST,
    source="standard: RFC 8259, JSON text is UTF-8",
    why="Users who do not write English read question marks and boxes.",
    fix="Treat bodies as UTF-8 bytes; do not re-encode them.",
)
def test_unicode_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Text outside ASCII arrives unchanged: umlauts, CJK, right-to-left, combined emoji."""
    script = provider.script()
    words = f"{script.text} Grüße, 日本語, עברית, 👩‍👩‍👧‍👦 \U0001f9ea"
    answered(desktop.engine.turn(words), "a turn with text outside ASCII")
    body = _body(only_receipt(provider.receipts(script)))
    same(words, _texts(at(body, "messages", 0, "content"))[-1], "the user's text", hop=_HOP)


@requirement(
    "MSG-16",
    MUST,
    source="observed: max_tokens is 32000 to 128000, depending on the model",
    why="Long answers end in the middle, and the client asks again and again.",
    fix="Pass max_tokens on; do not cap or default it.",
)
def test_max_tokens_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """max_tokens arrives unchanged."""
    _field_arrives(desktop, provider, "max_tokens")


@requirement(
    "MSG-17",
    SHOULD,
    source="official: inspect without modifying bodies; current models refuse unexpected parameters",
    why="A field that the gateway adds (temperature, user, top_p) changes answers or earns a 400.",
    fix="Add nothing to the body of a request.",
)
def test_nothing_is_added(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """No field arrives that the client did not send."""
    script = provider.script()
    turn = desktop.engine.turn(script.text)
    answered(turn, "a turn")
    sent = _json(turn.exchange.request.body)
    added = sorted(set(_body(only_receipt(provider.receipts(script)))) - set(sent))
    expect(not added, "only fields that were sent", f"also {', '.join(added)}", hop=_HOP)


def _field_arrives(
    desktop: DesktopApp,
    provider: ScriptedProvider,
    name: str,
    extra: dict[str, Any] | None = None,
) -> None:
    script = provider.script()
    turn = desktop.engine.turn(script.text, extra=extra)
    answered(turn, "a turn")
    sent = _json(turn.exchange.request.body)[name]
    came = _body(only_receipt(provider.receipts(script))).get(name)
    same(sent, came, f"the field {name} at the provider", hop=_HOP)


def _body(receipt: Receipt) -> dict[str, Any]:
    body = receipt.json()
    expect(
        isinstance(body, dict),
        "a JSON object at the provider",
        f"{receipt.body[:120]!r}",
        hop=_HOP,
        silent=True,
    )
    return dict(body)


def _json(data: bytes) -> dict[str, Any]:
    return dict(json.loads(data))


def _texts(content: Any) -> list[str]:
    blocks = content if isinstance(content, list) else []
    return [str(b.get("text")) for b in blocks if isinstance(b, dict)]
