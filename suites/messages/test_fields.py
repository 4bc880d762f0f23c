"""Body fields and what belongs to them: betas, thinking, effort, fields that nobody knows yet."""

from typing import Any

from gatecert.suite import (
    BOTH,
    MUST,
    READ,
    SHOULD,
    DesktopApp,
    NotApplicable,
    ScriptedProvider,
    a_receipt,
    answered,
    arrivals,
    at,
    expect,
    first_message,
    kept,
    lean_turn,
    requirement,
)

_HOP = "gateway → provider"
_LEVELS = ("low", "medium", "high", "max")
_FUTURE = {"gatecert_future": {"a": [1, None], "b": ""}}
# a field, where it stands, and the beta that announces it
_PAIRS: list[tuple[str, tuple[str | int, ...], str]] = [
    ("context_management", ("context_management",), "context-management-2025-06-27"),
    ("safeguards", ("safeguards",), "dangerous-tool-use-2026-09-03"),
    ("defer_loading of a tool", ("tools", 1, "defer_loading"), "advanced-tool-use-2025-11-20"),
    ("scope of a cache marker", ("system", 0, "cache_control", "scope"), "prompt-caching-scope-2026-01-05"),
]  # fmt: skip


@requirement(
    "MSG-41",
    SHOULD,
    source="official: treat body fields as an open list; observed: effort inside a system-role message",
    why="Each client update that adds a field silently loses a feature until the gateway is updated.",
    fix="Pass unknown fields on at every depth; do not rebuild messages, blocks or tools from known fields.",
    since="0.2",
    hints={
        "litellm": "the pass-through route (base URL ending in /anthropic) keeps bodies, but for metadata"
    },
)
def test_unknown_fields_arrive_at_every_depth(
    desktop: DesktopApp, provider: ScriptedProvider
) -> None:
    """Fields that the gateway cannot know arrive in messages, blocks, tools, system, thinking and metadata."""
    # Only forms that the client uses with this model: a gateway may translate the others for it.
    engine = desktop.engine
    traits = engine.profile.traits(engine.settings.chat_model)
    thinking = (
        {"type": "adaptive", "display": "omitted"}
        if traits.adaptive
        else {"type": "enabled", "budget_tokens": traits.max_tokens - 1}
    )
    effort = {"output_config": {"effort": "high", **_FUTURE}} if traits.effort else {}
    low = {"output_config": {"effort": "low"}} if traits.effort else {}
    further: list[dict[str, Any]] = [
        {"role": "system", "content": "Mind the gap.", **low},
        {"role": "assistant", "content": [{"type": "text", "text": "Yes?", **_FUTURE}], **_FUTURE},
        {"role": "user", "content": [{"type": "text", "text": "Go on.", **_FUTURE}]},
    ]
    fields: dict[str, Any] = {
        "tools": [{**READ, **_FUTURE}],
        "system": [{"type": "text", "text": "Answer briefly.", **_FUTURE}],
        "thinking": {**thinking, **_FUTURE},
        "metadata": {"user_id": '{"session_id":"1"}', **_FUTURE},
        **effort,
    }
    for came in arrivals(desktop, provider, further=further, fields=fields):
        kept(further, came.further, "the messages")
        for name, value in fields.items():
            kept(value, came.body.get(name), f"the field {name}")


@requirement(
    "MSG-42",
    MUST,
    source="official: a capability's header and body field belong together",
    why="Every turn ends in 400 'Extra inputs are not permitted', or is repeated without the feature.",
    fix="Forward anthropic-beta whole wherever body fields pass (or drop both halves of a capability).",
    since="0.2",
)
def test_no_field_without_its_beta(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A body field that a beta announces never arrives without that beta."""
    marked = {"cache_control": {"type": "ephemeral", "scope": "global"}}
    fields: dict[str, Any] = {
        "system": [{"type": "text", "text": "Answer briefly.", **marked}],
        "tools": [READ, {**READ, "name": "Later", "defer_loading": True}],
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "safeguards": [{"type": "dangerous_tool_use", "classifier_context": {"v": 1}}],
    }
    betas = [beta for _, _, beta in _PAIRS]
    for came in arrivals(desktop, provider, fields=fields, betas=betas):
        listed = (came.receipt.header("anthropic-beta") or "").replace(" ", "").split(",")
        for name, place, beta in _PAIRS:
            expect(
                beta in listed or at(came.body, *place) is None,
                f"the field {name} together with its beta {beta}",
                f"the field with anthropic-beta: {','.join(listed) or 'none'}",
                hop=_HOP,
                silent=True,
            )


@requirement(
    "MSG-46",
    MUST,
    source="observed: thinking is adaptive, has a budget, or is disabled, depending on model and request",
    why="Answers get worse, or turns of one model end in 400, without anybody having changed a setting.",
    fix="Pass thinking on as it is; do not translate one form into another or cap the budget.",
    since="0.2",
)
def test_every_form_of_thinking_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Thinking that is adaptive, that has a budget and that is disabled arrives as it was sent."""
    engine = desktop.engine
    traits = engine.profile.traits(engine.settings.chat_model)
    forms: list[dict[str, Any]] = [
        {"type": "enabled", "budget_tokens": 1_024},
        {"type": "enabled", "budget_tokens": traits.max_tokens - 1},
        {"type": "disabled"},
    ]
    if traits.adaptive:
        forms += [{"type": "adaptive"}, {"type": "adaptive", "display": "omitted"}]
    for form in forms:
        for came in arrivals(desktop, provider, fields={"thinking": form}):
            kept(form, came.body.get("thinking"), "thinking")


@requirement(
    "MSG-47",
    MUST,
    source="official: the user picks the effort; field: levels dropped or translated by gateways",
    why="The effort the user picked has no effect, silently.",
    fix="Pass output_config on whole; do not translate, default or cap its levels.",
    since="0.2",
)
def test_every_effort_level_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Each level of effort arrives as the user picked it."""
    if "output_config" not in desktop.engine.draft([first_message("hi")]).body:
        raise NotApplicable(f"the client sends no effort for {desktop.settings.chat_model}")
    for number, level in enumerate(_LEVELS):
        fields = {"output_config": {"effort": level}}
        for came in arrivals(desktop, provider, fields=fields, streams=[BOTH[number % 2]]):
            kept(fields["output_config"], came.body.get("output_config"), "output_config")


@requirement(
    "MSG-48",
    SHOULD,
    source="official: inspect without modifying bodies",
    why="Instructions or parameters that nobody asked for change every answer.",
    fix="Add nothing where the client sent nothing: no system prompt, no tools, no defaults.",
    since="0.2",
)
def test_bare_request_stays_bare(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A request with model, max_tokens and one message arrives with nothing else in it."""
    bare = ("model", "max_tokens", "messages", "stream")
    sent = desktop.engine.draft([first_message("hi")]).body
    leave_out = {*sent, "system", "tools"} - set(bare)
    for came in arrivals(desktop, provider, without=leave_out):
        kept(came.sent["messages"], came.body.get("messages"), "the messages")
        added = sorted(set(came.body) - set(bare))
        expect(not added, "only what was sent", f"also {', '.join(added)}", hop=_HOP)


@requirement(
    "MSG-49",
    MUST,
    source="official: the connection test and other small requests leave stream out",
    why="The connection test fails, although turns work.",
    fix="Treat an absent stream field as false; do not set a default.",
    since="0.2",
)
def test_no_stream_field_means_no_stream(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A request without a stream field is answered whole."""
    script = provider.script()
    turn = lean_turn(desktop, script.text, without=["stream"])
    body = answered(turn, "a turn without a stream field").json()
    a_receipt(provider.receipts(script))
    expect(
        isinstance(body, dict) and body.get("type") == "message",
        "a JSON Message",
        f"{turn.exchange.header('content-type')} {turn.exchange.text[:100]!r}",
        hop="provider → gateway → client",
    )
