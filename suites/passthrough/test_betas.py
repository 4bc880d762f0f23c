"""anthropic-beta on its way to the provider, and the fields that go with it."""

from dataclasses import replace

from gatecert.suite import (
    MUST,
    SHOULD,
    DesktopApp,
    Receipt,
    ScriptedProvider,
    a_receipt,
    answered,
    at,
    expect,
    fail,
    headed_turns,
    hints,
    plain_request,
    requirement,
)

_HOP = "gateway → provider"
_BETAS = [
    *("claude-code-20250219", "interleaved-thinking-2025-05-14", "context-1m-2025-08-07"),
    *("context-management-2025-06-27", "per-turn-control-2026-07-01", "effort-2025-11-24"),
    *("thinking-token-count-2026-05-13", "advanced-tool-use-2025-11-20", "afk-mode-2026-01-31"),
    *("prompt-caching-scope-2026-01-05", "structured-outputs-2025-12-15", "a", "X_1.2~z"),
    *(f"gatecert-future-{number}-2027-01-01" for number in range(6)),
    "gatecert-" + "long-" * 30 + "2027-01-01",
]
# a beta, and the field of the body that providers refuse without it
_PAIRS = {
    "context-management-2025-06-27": "context_management",
    "effort-2025-11-24": "output_config",
    "dangerous-tool-use-2026-09-03": "safeguards",
}
_FIELDS = {
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "output_config": {"effort": "medium"},
    "safeguards": [{"type": "dangerous_tool_use", "classifier_context": {"cwd": "/work"}}],
}


@requirement(
    "PASS-07",
    MUST,
    source="official: forward anthropic-beta byte for byte, without an allow-list of values",
    why="A feature whose beta is lost ends in 400, or is silently missing, after the next client update.",
    fix="Forward anthropic-beta unchanged, however long it is.",
    since="0.2",
    hints=hints.BETAS,
)
def test_long_list_of_betas_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Twenty values of anthropic-beta arrive, unknown and long ones included, and none is added."""
    for _, receipt in headed_turns(desktop, provider, {"anthropic-beta": ",".join(_BETAS)}):
        lost, added = set(_BETAS) - set(_betas(receipt)), set(_betas(receipt)) - set(_BETAS)
        told = [f"lost: {', '.join(sorted(lost))}"] if lost else []
        told += [f"added: {', '.join(sorted(added))}"] if added else []
        expect(
            not told,
            f"all {len(_BETAS)} values of anthropic-beta at the provider, and no other",
            "; ".join(told),
            hop=_HOP,
            silent=True,
        )


@requirement(
    "PASS-08",
    SHOULD,
    source="standard: RFC 9110, several lines of a list header are one list",
    why="Of the betas that a client or a proxy before the gateway writes in lines of their own, one is left.",
    fix="Forward every line of a header, or join them with commas.",
    since="0.2",
)
def test_betas_in_two_lines_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """anthropic-beta in two header lines arrives with the values of both."""
    script = provider.script()
    first, second = "claude-code-20250219", "gatecert-second-line-2027-01-01"
    request = plain_request(desktop, script.text, [first])
    lines = [*request.headers, ("anthropic-beta", second)]
    turn = desktop.engine.send("a turn with betas in two lines", replace(request, headers=lines))
    answered(turn, "a turn with anthropic-beta in two lines")
    came = a_receipt(provider.receipts(script)).header("anthropic-beta") or "none"
    values = [value.strip() for value in came.split(",")]
    expect(
        {first, second} <= set(values),
        f"both {first} and {second} in anthropic-beta at the provider",
        came,
        hop=_HOP,
        silent=True,
    )


@requirement(
    "PASS-09",
    SHOULD,
    source="field: betas that a gateway appends by itself end in 400 invalid beta flag",
    why="Models and providers that do not know the added value refuse every request.",
    fix="Add no value to anthropic-beta that the client did not send.",
    since="0.2",
)
def test_no_beta_is_added(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A request without anthropic-beta arrives without it."""
    for _, receipt in headed_turns(desktop, provider, {"anthropic-beta": None}):
        found = _betas(receipt)
        expect(
            not found,
            "no anthropic-beta at the provider, as none was sent",
            ", ".join(found),
            hop=_HOP,
            silent=True,
        )


@requirement(
    "PASS-10",
    MUST,
    source="official: keep a capability's header and body field together",
    why="A field without its beta, or a beta without its field, is a 400 on every turn.",
    fix="Forward betas and body fields alike; if one must go, take its partner out as well.",
    since="0.2",
    hints=hints.BETAS,
)
def test_capability_stays_a_pair(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A capability's beta and its body field arrive together, or neither of them does."""
    traits = desktop.engine.profile.traits(desktop.settings.chat_model)
    # effort only for a model that has it: a gateway may rightly drop the field for another
    pairs = {
        beta: name for beta, name in _PAIRS.items() if name != "output_config" or traits.effort
    }
    fields = {name: _FIELDS[name] for name in pairs.values()}
    betas = ",".join(["claude-code-20250219", *pairs])
    for stream in (True, False):
        script = provider.script()
        turn = desktop.engine.turn(
            script.text, stream=stream, headers={"anthropic-beta": betas}, extra=fields
        )
        if turn.exchange.status in (400, 422):
            return  # refused aloud, which the client can act on
        answered(turn, "a turn with capabilities in header and body")
        receipt = a_receipt(provider.receipts(script))
        for beta, field in pairs.items():
            told, given = beta in _betas(receipt), at(receipt.json(), field) is not None
            lost = f"{field} without its beta" if given else f"the beta without {field}"
            if told != given:
                fail(f"{beta} and {field} together at the provider", lost, hop=_HOP, silent=True)


def _betas(receipt: Receipt) -> list[str]:
    values = (receipt.header("anthropic-beta") or "").split(",")
    return [value.strip() for value in values if value.strip()]
