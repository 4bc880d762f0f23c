"""Bodies and headers on their way to the provider."""

import json
from collections.abc import Iterator
from typing import Any

from gatecert.suite import (
    MUST,
    READ,
    READY,
    SHOULD,
    Block,
    DesktopApp,
    NotApplicable,
    Plan,
    Receipt,
    ScriptedProvider,
    Turn,
    a_receipt,
    answered,
    arrivals,
    at,
    expect,
    field_of,
    first_message,
    hints,
    json_equal,
    kept,
    only_receipt,
    requirement,
    same,
)

_HOP = "gateway → provider"
_ATTRIBUTION = "x-anthropic-billing-header:"
_OPEN_FIELDS = {
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "gatecert_future_field": {"nested": [1, "two", None, 0.5, False, [], {}, ""]},
    "stop_sequences": ["END\n", " ", "</stop>", "Human:", "###", "Observation:"],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
}


@requirement(
    "MSG-01",
    MUST,
    source="observed: a first turn is 50 to 140 kB, whatever the user types",
    why="Real conversations fail although a short curl test works.",
    fix="Raise the request body limit to 32 MB.",
    hints=hints.BODY_LIMIT,
)
def test_realistic_first_turn_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A first turn of realistic size is answered, and its messages arrive unchanged, streamed and not."""
    for turn, body in _arrived(desktop, provider):
        sent = _json(turn.exchange.request.body)["messages"]
        same(sent, body.get("messages"), "the messages at the provider", hop=_HOP)


@requirement(
    "MSG-02",
    MUST,
    source="official: keep system an array, in order, the attribution block first and separate",
    why="Prompt caching misses on every turn (tenfold cost), or the provider answers 400.",
    fix="Pass system on as the array that came; do not join, reorder or prepend blocks.",
)
def test_system_blocks_stay_as_they_are(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The system blocks arrive as an array, in order, with their cache markers (MSG-71 is about the first)."""
    for turn, body in _arrived(desktop, provider):
        sent, came = _json(turn.exchange.request.body)["system"], body.get("system")
        without = json_equal(sent[1:], came) and _ATTRIBUTION in sent[0]["text"]
        same(sent[1:] if without else sent, came, "the field system at the provider", hop=_HOP)


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
    # the client's own are in the order of their names
    tools = [READ, {**READ, "name": "Edit"}, {**READ, "name": "mcp__a__b"}]
    for came in arrivals(desktop, provider, fields={"tools": tools}):
        kept(tools, came.body.get("tools"), "the tools")


@requirement(
    "MSG-04",
    MUST,
    source="observed: the desktop profile sends thinking on every turn",
    why="Answers get worse without anybody being told.",
    fix="Pass thinking on; do not strip fields that the gateway does not know.",
    hints={
        "litellm": "litellm_settings.modify_params: false and drop_params: false",
    },
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
    if "output_config" not in desktop.engine.draft([first_message("hi")]).body:
        raise NotApplicable(f"the client sends no effort for {desktop.settings.chat_model}")
    _field_arrives(desktop, provider, "output_config")


@requirement(
    "MSG-06",
    SHOULD,
    source="official: treat body fields as an open list",
    why="Each client update that adds a field silently loses a feature until the gateway is updated.",
    fix="Pass unknown top-level fields on instead of keeping an allow-list.",
    hints={
        "litellm": "no additional_drop_params, and litellm_settings.drop_params: false",
    },
)
def test_unknown_fields_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Body fields that the gateway cannot know arrive unchanged."""
    for _, body in _arrived(desktop, provider, extra=_OPEN_FIELDS):
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
    """A message of role system inside messages arrives in its place, its content a text or blocks."""
    for content in ([{"type": "text", "text": "Mind the gap."}], "Mind the gap."):
        reminder = {"role": "system", "content": content}
        for came in arrivals(desktop, provider, further=[reminder]):
            kept([reminder], came.further, "the second message")


@requirement(
    "MSG-12",
    MUST,
    source="observed: the tool loop replays thinking, signature and tool_use, then the result",
    why="The second step of every tool use ends in 400, or the model loses its own reasoning.",
    fix="Pass conversation history on byte for byte: block order, signatures and ids included.",
)
def test_tool_loop_history_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The second turn of a tool loop arrives with thinking, signature, tool use and result unchanged."""
    signature = "EqQBCkYIAR+gA/wQ==" * 40
    ttl = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    history = [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Read it.", "signature": signature},
                {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix"},
                {"type": "text", "text": "I shall read the files.\n"},
                {"type": "tool_use", "id": "toolu_01Gc", "name": "Read", "input": {"path": "/a"}},
                {"type": "tool_use", "id": "toolu_02Gc", "name": "Read", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "tool_use_id": "toolu_01Gc",
                    "type": "tool_result",
                    "content": "line 1\r\nline 2 ",
                },
                {
                    "tool_use_id": "toolu_02Gc",
                    "type": "tool_result",
                    "content": [{"type": "text", "text": "no such file"}],
                    "is_error": True,
                },
                {"type": "text", "text": "go on", **ttl},
            ],
        },
    ]
    for _, body in _arrived(desktop, provider, further=history):
        came = body.get("messages")
        kept(history, came[1:] if isinstance(came, list) else came, "the history")


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
    hints={
        "nginx": "no non_idempotent in proxy_next_upstream, and no mirror",
        "envoy": "no 5xx in retry_on, and no request_mirror_policies",
        "haproxy": "retry-on conn-failure",
        "kong": "retries: 0 on the Service",
        "litellm": "litellm_settings.num_retries: 0",
        "traefik": "no retry middleware, and no mirroring service",
    },
)
def test_turn_arrives_once(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """One turn is one request at the provider, streamed or not, and no copy comes later."""
    scripts = [provider.script(), provider.script()]
    for script, stream in zip(scripts, (True, False), strict=True):
        answered(desktop.engine.turn(script.text, stream=stream), "a turn")
    only_receipt(provider.receipts(scripts[0], late=True))
    only_receipt(provider.receipts(scripts[1]))


@requirement(
    "MSG-15",
    MUST,
    source="standard: RFC 8259, JSON text is UTF-8",
    why="Users who do not write English read question marks and boxes.",
    fix="Treat bodies as UTF-8 bytes; do not re-encode them.",
)
def test_unicode_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Text outside ASCII arrives unchanged: umlauts, CJK, right-to-left, combined emoji."""
    words = "Grüße, 日本語, עברית, 👩‍👩‍👧‍👦 \U0001f9ea, e\u0301 and é, \u2028 and \\u0041"
    further = [{"role": "assistant", "content": words}, {"role": "user", "content": words}]
    for _, body in _arrived(desktop, provider, further=further):
        kept(further, (body.get("messages") or [])[1:], "the text")


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
    for turn, body in _arrived(desktop, provider):
        added = sorted(set(body) - set(_json(turn.exchange.request.body)))
        expect(not added, "only fields that were sent", f"also {', '.join(added)}", hop=_HOP)


@requirement(
    "MSG-18",
    SHOULD,
    source="official: the API takes 32 MB; field: default body limits of 1 MB in proxies",
    why="Pictures, PDFs and long conversations fail with 'Request too large', although the model takes them.",
    fix="Raise the request body limit to 32 MB.",
    hints=hints.BODY_LIMIT,
)
def test_large_attachments_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A turn with a picture and a document, 2 MB in all, is answered and arrives unchanged."""
    half = "A" * 1_000_000
    picture = {"type": "base64", "media_type": "image/png", "data": half}
    document = {"type": "base64", "media_type": "application/pdf", "data": half}
    content = [{"type": "image", "source": picture}, {"type": "document", "source": document}]
    further = [READY, {"role": "user", "content": content}]
    for _, body in _arrived(desktop, provider, further=further):
        kept(further, (body.get("messages") or [])[1:], "the attachments")


@requirement(
    "MSG-19",
    MUST,
    source="observed: a title request (no tools, thinking disabled) goes out before each first turn",
    why="Conversations get no title, and every first turn leaves an error in the log.",
    fix="Pass bodies on as they come; an empty list stays an empty list or is left out.",
)
def test_title_request_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The side request for a title is answered, and arrives as the client sent it."""
    script = provider.script()
    turn = desktop.engine.title(script.text)
    answered(turn, "the title request")
    same(script.answer, turn.text, "the answer's text", hop="provider → gateway → client")
    body = _body(a_receipt(provider.receipts(script)))
    sent = _json(turn.exchange.request.body)
    for name in ("messages", "tools", "thinking", "temperature"):
        came = field_of(body, name, sent.get(name))
        same(sent.get(name), _unmarked(came), f"the field {name} at the provider", hop=_HOP)


@requirement(
    "MSG-25",
    SHOULD,
    source="field: answer caches in gateways; the client repeats a request when it wants another answer",
    why="Trying again shows the same answer, and what is live (time, files, tools) is answered from the past.",
    fix="Turn response caching off for /v1/messages.",
    hints={
        "azure-apim": "no cache-lookup and no llm-semantic-cache-lookup policy",
        "cloudflare": "cf-aig-skip-cache: true, or no caching in the AI Gateway",
        "kong": "no proxy-cache and no ai-semantic-cache plugin",
        "litellm": "litellm_settings.cache: false",
        "nginx": "proxy_cache off",
        "portkey": "no cache in the config",
    },
)
def test_repeated_turn_is_asked_anew(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The same request sent twice is answered by the provider twice."""
    for stream in (True, False):
        script = provider.script(
            [Plan(blocks=[Block("text", [word])]) for word in ("One.", "Two.")]
        )
        texts = [desktop.engine.turn(script.text, stream=stream).text for _ in range(2)]
        same(["One.", "Two."], texts, "the two answers", hop="provider → gateway → client")


def _arrived(
    desktop: DesktopApp,
    provider: ScriptedProvider,
    *,
    extra: dict[str, Any] | None = None,
    further: list[dict[str, Any]] | None = None,
) -> Iterator[tuple[Turn, dict[str, Any]]]:
    """A streamed turn and one without stream, each with its body at the provider.

    The client streams, and repeats without stream what failed. ``further`` messages follow the
    first one.
    """
    for stream in (True, False):
        script = provider.script()
        messages = [first_message(script.text), *(further or [])]
        turn = desktop.engine.turn("", messages=messages, stream=stream, extra=extra)
        what = "a streamed turn" if stream else "a turn without stream"
        answered(turn, f"{what} of {len(turn.exchange.request.body):,} bytes")
        yield turn, _body(a_receipt(provider.receipts(script)))


def _field_arrives(desktop: DesktopApp, provider: ScriptedProvider, name: str) -> None:
    for turn, body in _arrived(desktop, provider):
        sent = _json(turn.exchange.request.body)[name]
        same(sent, body.get(name), f"the field {name} at the provider", hop=_HOP)


def _unmarked(node: Any) -> Any:
    """JSON without cache markers: one that was added is another requirement's matter."""
    if isinstance(node, dict):
        return {k: _unmarked(v) for k, v in node.items() if k != "cache_control"}
    return [_unmarked(entry) for entry in node] if isinstance(node, list) else node


def _body(receipt: Receipt) -> dict[str, Any]:
    body = receipt.json()
    expect(
        isinstance(body, dict),
        "a JSON object at the provider",
        f"the body {receipt.body[:120]!r}",
        hop=_HOP,
        silent=True,
    )
    return dict(body)


def _json(data: bytes) -> dict[str, Any]:
    return dict(json.loads(data))
