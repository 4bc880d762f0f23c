"""Tools: how they are offered, chosen, called and answered."""

from itertools import cycle
from typing import Any

from gatecert.suite import (
    BOTH,
    MUST,
    READ,
    SHOULD,
    Block,
    DesktopApp,
    Plan,
    ScriptedProvider,
    Turn,
    a_receipt,
    answered,
    arrival,
    arrivals,
    expect,
    kept,
    kept_in_answer,
    requirement,
    same,
)

_HOP = "gateway → provider"
_TO_CLIENT = "provider → gateway → client"
_NOT_THINKING = {"thinking": {"type": "disabled"}}
_SEARCH_BETA = "advanced-tool-use-2025-11-20"
_CHOICES: list[dict[str, Any]] = [
    {"type": "auto"},
    {"type": "auto", "disable_parallel_tool_use": True},
    {"type": "any"},
    {"type": "tool", "name": "Read"},
    {"type": "tool", "name": "Read", "disable_parallel_tool_use": True},
    {"type": "none"},
]
# ids of several makers; a client sends back whatever it was given
_IDS = (
    "toolu_01A09q90qw90lq917835lq9",
    "call_Jx3pQ8",
    "chatcmpl-tool-5f3b1c2d4e6f708192a3b4c5d6e7f809",
    "0b7c6f0e-6b1f-4f5e-9a57-0f5d3c1e2a4b",
    "a" * 64,
    "_",
)
_SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}
# what schemas of MCP servers are made of: references, choices, limits and notes
_RICH_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "title": "Order",
    "properties": {
        "when": {"type": "string", "format": "date-time", "description": "The start."},
        "code": {"type": "string", "pattern": "^[A-Z]{2}-\\d+$", "minLength": 4, "maxLength": 9},
        "count": {"type": ["integer", "null"], "minimum": 1, "exclusiveMaximum": 9, "default": 1},
        "size": {"anyOf": [{"const": "small"}, {"enum": ["large", 7]}], "examples": ["small"]},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}, "uniqueItems": True},
        "notes": {"type": "object", "additionalProperties": {"type": "string"}},
        "other": {"not": {"type": "object"}, "deprecated": True},
    },
    "$defs": {"part": {"allOf": [{"type": "object"}, {"required": ["id"]}], "minProperties": 1}},
    "required": ["when"],
    "additionalProperties": False,
}
# more tools and a longer name than another maker's API takes (128, and 64 characters)
_MANY = 140
_LONG_NAME = "mcp__acme-ticket-service__" + "search-tickets-of-all-projects-by-customer_" * 2


@requirement(
    "MSG-29",
    MUST,
    source="field: a forced tool choice that loses its tools, or is translated",
    why="Web search and other forced tools fail with 400, or the model does not call the tool.",
    fix="Pass tool_choice on as it is, together with tools.",
    since="0.2",
)
def test_tool_choice_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Every form of tool_choice arrives, and its tools with it."""
    for choice, stream in zip(_CHOICES, cycle(BOTH)):
        fields = {"tool_choice": choice, **_NOT_THINKING}
        for came in arrivals(desktop, provider, fields=fields, streams=[stream]):
            kept(choice, came.body.get("tool_choice"), "tool_choice")
            kept([READ], came.body.get("tools"), f"tools under tool_choice {choice['type']}")


@requirement(
    "MSG-30",
    MUST,
    source="observed: the tool WebSearch asks the provider by a request of its own, with a server tool",
    why="Web search finds nothing, or every search is an error.",
    fix="Pass typed tools without input_schema on; do not demand a schema or drop what has none.",
    since="0.2",
)
def test_web_search_request_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The request behind the tool WebSearch is answered, and arrives with its server tool and forced choice."""
    script = provider.script()
    turn = desktop.engine.web_search(script.text)
    answered(turn, "the web search request")
    same(script.answer, turn.text, "the answer's text", hop=_TO_CLIENT)
    came = arrival(turn, a_receipt(provider.receipts(script)))
    for name in ("tools", "tool_choice", "messages", "thinking"):
        kept(came.sent.get(name), came.body.get(name), f"the field {name}")


@requirement(
    "MSG-31",
    MUST,
    source="observed: ids of tool calls are free in form, and the client sends them back as they came",
    why="The provider does not find the call that a result belongs to; every tool use ends in 400.",
    fix="Pass ids of tool calls on as they are: do not prefix, shorten or number them.",
    since="0.2",
)
def test_tool_ids_are_kept(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Ids of tool calls of any make arrive unchanged, in answers and in the history."""
    calls = [_call(name, "Read", {"n": n}) for n, name in enumerate(_IDS)]
    results = [{"tool_use_id": i, "type": "tool_result", "content": f"of {i}"} for i in _IDS]
    history = [{"role": "assistant", "content": calls}, {"role": "user", "content": results}]
    plan = Plan(blocks=[Block.of(call) for call in calls], stop_reason="tool_use")
    for came in arrivals(desktop, provider, plan=plan, further=history):
        kept(history, came.further, "the calls and results")
        ids = [block.get("id") for block in came.turn.blocks]
        same(list(_IDS), ids, "the ids of the calls", hop=_TO_CLIENT)


@requirement(
    "MSG-32",
    MUST,
    source="observed: results of parallel calls are sent in the order in which they ended, in one message",
    why="Results are taken for another call's, or one of several tools never runs.",
    fix="Keep calls and results as they are: none left out, in their order, in one message.",
    since="0.2",
)
def test_parallel_tools_stay_apart(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Several tool calls in one answer arrive whole and in order, and so do their results in one message."""
    calls = [
        _call("toolu_01Par", "Read", {"path": "/a", "lines": [1, 2]}),
        _call("toolu_02Par", "Read", {"path": "/b"}),
        _call("toolu_03Par", "Bash", {"command": "ls", "env": {}}),
    ]
    content = [{"type": "text", "text": "I read both."}, *calls]
    results: list[dict[str, Any]] = [
        {"tool_use_id": "toolu_03Par", "type": "tool_result", "content": "a b"},
        {"tool_use_id": "toolu_01Par", "type": "tool_result", "content": "of a"},
        {"tool_use_id": "toolu_02Par", "type": "tool_result", "content": "no b", "is_error": True},
        {"type": "text", "text": "Go on."},
    ]
    history = [{"role": "assistant", "content": content}, {"role": "user", "content": results}]
    plan = Plan(blocks=[Block.of(block) for block in content], stop_reason="tool_use")
    for came in arrivals(desktop, provider, plan=plan, further=history):
        kept_in_answer(content, _content(came.turn), "the calls of the answer")
        kept(history, came.further, "the calls and results")


@requirement(
    "MSG-34",
    SHOULD,
    source="field: each new field of a tool met gateways that dropped or refused it",
    why="Features of tools switch off, or turns end in 400, after a client update.",
    fix="Treat tools as an open list of fields: pass on what the gateway does not know.",
    since="0.2",
)
def test_further_tool_fields_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Fields of tools beyond name, description and schema arrive, and so do typed tools of the provider."""
    tools: list[dict[str, Any]] = [
        {**READ, "strict": True, "eager_input_streaming": True},
        {
            "name": "find",
            "description": "Finds.",
            "input_schema": _SCHEMA,
            "input_examples": [{"q": "a"}, {"q": "a\nb"}],
            "allowed_callers": ["direct"],
        },
        {"type": "bash_20250124", "name": "bash"},
        {"type": "web_fetch_20250910", "name": "web_fetch", "max_content_tokens": 9_000},
    ]
    for came in arrivals(desktop, provider, fields={"tools": tools}, betas=[_SEARCH_BETA]):
        kept(tools, came.body.get("tools"), "the tools")


@requirement(
    "MSG-35",
    SHOULD,
    source="official: tool search needs anthropic-beta and tool_reference blocks to pass through",
    why="With tool search switched on, turns end in 400, or found tools cannot be called.",
    fix="Pass defer_loading, tool_reference blocks and the beta on.",
    since="0.2",
)
def test_tool_search_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Deferred tools, the references that a search gave back, and their beta arrive together."""
    finder = {"name": "ToolSearch", "description": "Finds tools.", "input_schema": _SCHEMA}
    tools = [finder, {**READ, "name": "mcp__files__read", "defer_loading": True}]
    found = [{"type": "tool_reference", "tool_name": "mcp__files__read"}]
    call = _call("toolu_01Search", "ToolSearch", {"q": "read"})
    result = {"tool_use_id": call["id"], "type": "tool_result", "content": found}
    history = [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    fields, betas = {"tools": tools}, [_SEARCH_BETA]
    for came in arrivals(desktop, provider, further=history, fields=fields, betas=betas):
        kept(tools, came.body.get("tools"), "the tools")
        kept(history, came.further, "the references of the search")
        listed = (came.receipt.header("anthropic-beta") or "").replace(" ", "").split(",")
        expect(
            _SEARCH_BETA in listed, f"the beta {_SEARCH_BETA}", f"{listed}", hop=_HOP, silent=True
        )


@requirement(
    "MSG-65",
    MUST,
    source="observed: tools of MCP servers are sent as mcp__server__tool, all that the user has switched on",
    why="Tools of a user's own servers are missing, or the client does not know the tool that is called.",
    fix="Pass tools on as they are: no limit on their number or the length of their names, and no renaming.",
    since="0.2",
)
def test_many_tools_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Many tools with long names arrive, and a call of the last one in both directions."""
    tools = [
        {"name": f"mcp__notes-{n}__list-all", "description": "Lists.", "input_schema": _SCHEMA}
        for n in range(_MANY)
    ]
    last = {"name": _LONG_NAME, "description": "Finds tickets.", "input_schema": _SCHEMA}
    call = _call("toolu_01Many", _LONG_NAME, {"q": "late"})
    result = {"tool_use_id": call["id"], "type": "tool_result", "content": "none"}
    history = [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    plan = Plan(blocks=[Block.of(call)], stop_reason="tool_use")
    fields = {"tools": [*tools, last]}
    for came in arrivals(desktop, provider, plan=plan, further=history, fields=fields):
        kept(fields["tools"], came.body.get("tools"), "the tools")
        kept(history, came.further, "the call and its result")
        kept_in_answer([call], _content(came.turn), "the call of the answer")


@requirement(
    "MSG-69",
    SHOULD,
    source="field: schemas cut down to the keywords of another maker's API ($schema, $ref, format, anyOf, additionalProperties)",
    why="The model does not know how a tool of the user's own servers wants its arguments, and the calls fail.",
    fix="Pass input_schema on as it is; do not clean, resolve or complete JSON schemas.",
    since="0.2",
)
def test_schema_keywords_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A tool's schema arrives with all its keywords: references, choices, formats, limits, defaults."""
    tools = [{"name": "mcp__shop__order", "description": "Orders.", "input_schema": _RICH_SCHEMA}]
    for came in arrivals(desktop, provider, fields={"tools": [READ, *tools]}):
        kept([READ, *tools], came.body.get("tools"), "the tools")


def _call(name: str, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_use", "id": name, "name": tool, "input": arguments}


def _content(turn: Turn) -> list[dict[str, Any]]:
    """The blocks of an answer as they are sent back."""
    return [{k: v for k, v in b.items() if k != "partial_json"} for b in turn.blocks]
