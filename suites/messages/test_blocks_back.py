"""What stands in answers, on its way back: blocks, reasons to stop, counts."""

from typing import Any

from gatecert.suite import (
    MUST,
    SHOULD,
    Block,
    DesktopApp,
    Plan,
    ScriptedProvider,
    Turn,
    a_receipt,
    answered,
    at,
    kept_in_answer,
    lean_turn,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
_REASONS = (
    "end_turn",
    "max_tokens",
    "tool_use",
    "refusal",
    "pause_turn",
    "model_context_window_exceeded",
    "gatecert_future_reason",
)
_SEARCH_ID = "srvtoolu_01WYG3ziw53XMcoyKL4XcZmE"
_FOUND = {
    "type": "web_search_result",
    "url": "https://news.example/a?b=%2F",
    "title": "Wetter – heute",
    "encrypted_content": "EqgfCioIARgBIiQ3YTAwMjY1Mi1m+/A=" * 30,
    "page_age": "April 30, 2026",
}
_CITED = {
    "type": "web_search_result_location",
    "url": "https://news.example/a?b=%2F",
    "title": "Wetter – heute",
    "encrypted_index": "Eo8BCioIAhgBIiQyYjQ0OWJmZi1l",
    "cited_text": "Es regnet.",
}
_SEARCHED: list[dict[str, Any]] = [
    {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix/LafPsn4a"},
    {
        "type": "server_tool_use",
        "id": _SEARCH_ID,
        "name": "web_search",
        "input": {"query": "wetter"},
    },
    {"type": "web_search_tool_result", "tool_use_id": _SEARCH_ID, "content": [_FOUND]},
    {"type": "text", "text": "Es regnet.", "citations": [_CITED]},
]
_FAILED_SEARCH = {
    "type": "web_search_tool_result",
    "tool_use_id": _SEARCH_ID,
    "content": {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
}
_FUTURE = {"gatecert_future": {"a": [1, None], "b": ""}}


def _whole(desktop: DesktopApp, provider: ScriptedProvider, plan: Plan) -> tuple[Turn, Any]:
    """A turn without stream, and its answer."""
    script = provider.script(plan)
    turn = lean_turn(desktop, script.text)
    body = answered(turn, "a turn without stream").json()
    a_receipt(provider.receipts(script))
    return turn, body


@requirement(
    "MSG-57",
    MUST,
    source="observed: the client goes on after max_tokens, reports a refusal, and compacts a full context",
    why="Answers end in the middle without a word, or a refusal looks like an empty answer.",
    fix="Pass stop_reason and stop_sequence on as they are; do not map reasons that the gateway does not know.",
    since="0.2",
)
def test_stop_reasons_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Every reason to stop arrives in a whole answer, known or not, and so does the stop sequence."""
    for reason in _REASONS:
        # a refusal may come without any content
        empty: dict[str, Any] = {"content": []} if reason == "refusal" else {}
        _, body = _whole(desktop, provider, Plan(stop_reason=reason, message=empty))
        same(reason, at(body, "stop_reason"), "stop_reason", hop=_HOP)
        same(None, at(body, "stop_sequence"), "stop_sequence", hop=_HOP)
        if empty:
            same([], at(body, "content"), "the content of a refusal", hop=_HOP)
    plan = Plan(stop_reason="stop_sequence", stop_sequence="\nEND ")
    _, body = _whole(desktop, provider, plan)
    same("stop_sequence", at(body, "stop_reason"), "stop_reason", hop=_HOP)
    same("\nEND ", at(body, "stop_sequence"), "stop_sequence", hop=_HOP)


@requirement(
    "MSG-58",
    SHOULD,
    source="official: usage is an open object; field: schemas of gateways that keep the oldest counts",
    why="Costs of cached hours and searches are missing from every report that the client makes.",
    fix="Pass usage on whole: cache_creation, server_tool_use, service_tier, and what is new.",
    since="0.2",
)
def test_further_usage_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Counts beyond the four well-known ones arrive in a whole answer."""
    usage: dict[str, Any] = {
        "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100},
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
        "service_tier": "priority",
        "inference_geo": "eu",
        **_FUTURE,
    }
    plan = Plan(usage=usage, cache_creation_input_tokens=248)
    _, body = _whole(desktop, provider, plan)
    for name, value in {**usage, "cache_creation_input_tokens": 248}.items():
        came = at(body, "usage", name)
        kept_in_answer(
            {name: value}, {name: came} if name in (at(body, "usage") or {}) else {}, "usage"
        )


@requirement(
    "MSG-59",
    MUST,
    source="field: web search through gateways gives no results, or an empty answer",
    why="Web search finds nothing: the results are dropped on the way, without a word.",
    fix="Pass server_tool_use, web_search_tool_result, citations and redacted_thinking on whole.",
    since="0.2",
)
def test_search_results_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A search by the provider arrives in a whole answer with call, results and citations."""
    plan = Plan(blocks=[Block.of(block) for block in [*_SEARCHED, _FAILED_SEARCH]])
    turn, _ = _whole(desktop, provider, plan)
    kept_in_answer([*_SEARCHED, _FAILED_SEARCH], turn.blocks, "the content")


@requirement(
    "MSG-60",
    SHOULD,
    source="official: treat bodies as open; observed: the client keeps what it does not know and sends it back",
    why="New features of the model do not reach the user until the gateway is updated.",
    fix="Pass unknown blocks and fields of answers on; do not rebuild the Message from known fields.",
    since="0.2",
)
def test_unknown_parts_of_answers_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Blocks and fields of an answer that the gateway cannot know arrive, at every depth."""
    content: list[dict[str, Any]] = [
        {"type": "text", "text": "See.", **_FUTURE},
        {"type": "gatecert_future_block", "id": "x_1", "content": [{"type": "note", **_FUTURE}]},
        {
            "type": "tool_use",
            "id": "toolu_01Caller",
            "name": "Read",
            "input": {},
            "caller": {"type": "direct"},
        },
    ]
    message: dict[str, Any] = {
        "container": {"id": "container_01", "expires_at": "2026-12-01T00:00:00Z"},
        "context_management": {"applied_edits": []},
        "stop_details": {"type": "refusal", "category": "other"},
        **_FUTURE,
    }
    plan = Plan(blocks=[Block.of(block) for block in content], message=message)
    turn, body = _whole(desktop, provider, plan)
    kept_in_answer(content, turn.blocks, "the content")
    came = {name: at(body, name) for name in message if isinstance(body, dict) and name in body}
    kept_in_answer(message, came, "the Message's further fields")
