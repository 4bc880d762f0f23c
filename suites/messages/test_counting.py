"""Counting tokens."""

from typing import Any

from gatecert.suite import (
    MUST,
    READ,
    DesktopApp,
    Plan,
    ScriptedProvider,
    a_receipt,
    answered,
    arrival,
    at,
    expect,
    kept,
    lean_turn,
    requirement,
    same,
)

_PATH = "/v1/messages/count_tokens?beta=true"
_NOT_COUNTED = ("max_tokens", "metadata", "stream", "context_management", "output_config")
_BETA = "token-counting-2024-11-01"


@requirement(
    "MSG-61",
    MUST,
    source="field: counts that leave out tools and instructions; betas lost on the counting route",
    why="The context display shows far too little, and conversations run into the limit.",
    fix="Treat count_tokens like messages: pass the whole body and anthropic-beta on.",
    needs=["serves_count_tokens"],
    since="0.2",
)
def test_whole_body_is_counted(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """count_tokens arrives with instructions, tools, thinking, history and betas, and answers with a number."""
    call = {"type": "tool_use", "id": "toolu_01Count", "name": "Read", "input": {"path": "/a"}}
    result = {"tool_use_id": "toolu_01Count", "type": "tool_result", "content": "line 1"}
    history = [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    fields: dict[str, Any] = {
        "system": [{"type": "text", "text": "Answer briefly."}],
        "tools": [READ, {**READ, "name": "Later"}],
        "thinking": {"type": "enabled", "budget_tokens": 2_048},
        "tool_choice": {"type": "auto"},
    }
    script = provider.script(Plan(input_tokens=31_338))
    turn = lean_turn(
        desktop,
        script.text,
        further=history,
        fields=fields,
        without=_NOT_COUNTED,
        betas=[_BETA],
        path=_PATH,
    )
    count = at(answered(turn, "count_tokens").json(), "input_tokens")
    same(31_338, count, "input_tokens", hop="provider → gateway → client")
    came = arrival(turn, a_receipt(provider.receipts(script)))
    same("/v1/messages/count_tokens", came.receipt.path, "the path", hop="gateway → provider")
    for name, value in {**fields, "messages": came.sent["messages"]}.items():
        kept(value, came.body.get(name), f"the field {name}")
    listed = (came.receipt.header("anthropic-beta") or "").replace(" ", "").split(",")
    expect(
        _BETA in listed,
        f"anthropic-beta with {_BETA}",
        ",".join(listed) or "no anthropic-beta",
        hop="gateway → provider",
        silent=True,
    )


@requirement(
    "MSG-62",
    MUST,
    source="field: stubs that answer 0, and 200 with an error in its body",
    why="The context display shows 0 %, or a number that means nothing.",
    fix="Count, or answer 404 so that the client estimates; never 200 without a real number.",
    since="0.2",
)
def test_count_is_a_number_or_refused(desktop: DesktopApp) -> None:
    """count_tokens answers with a positive number, or with an error status."""
    exchange = desktop.engine.count_tokens("How many tokens are these words?")
    status = exchange.status
    if status is not None and status >= 400:
        return
    count = at(
        answered(exchange, "count_tokens, if not refused with an error status,").json(),
        "input_tokens",
    )
    expect(
        isinstance(count, int | float) and not isinstance(count, bool) and count > 0,
        "200 with a positive number in input_tokens, or an error status",
        f"{exchange.summary()} with {exchange.text[:120]!r}",
        silent=True,
    )
