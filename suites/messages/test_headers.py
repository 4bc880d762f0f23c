"""Headers on their way to the provider, and the system block that is like one."""

import json
from collections.abc import Iterator, Mapping

from gatecert.suite import (
    MUST,
    SHOULD,
    DesktopApp,
    NotApplicable,
    Receipt,
    ScriptedProvider,
    a_receipt,
    answered,
    at,
    hints,
    requirement,
    same,
)

_HOP = "gateway → provider"
_BETAS = "claude-code-20250219,interleaved-thinking-2025-05-14,gatecert-future-2027-01-01"


@requirement(
    "MSG-09",
    MUST,
    source="official: forward anthropic-beta byte for byte, without an allow-list of values",
    why="Features switch off or turns end in 400 after each client update.",
    fix="Forward anthropic-beta unchanged, values that the gateway does not know included.",
    hints=hints.BETAS,
)
def test_betas_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Every value of anthropic-beta arrives, unknown ones included, and none is added."""
    for came in _betas_at_provider(desktop, provider):
        values = sorted(value.strip() for value in came.split(",") if value.strip())
        same(
            sorted(_BETAS.split(",")),
            values,
            "the values of anthropic-beta, in any order,",
            hop=_HOP,
        )


@requirement(
    "MSG-24",
    SHOULD,
    source="official: forward anthropic-beta byte for byte",
    why="The provider sees another request than the client sent; caches and logs do not match.",
    fix="Forward the header as it came; do not sort or re-join its values.",
    hints=hints.BETAS,
)
def test_betas_arrive_byte_for_byte(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """anthropic-beta arrives byte for byte, in the client's order."""
    for came in _betas_at_provider(desktop, provider):
        same(_BETAS, came, "anthropic-beta at the provider", hop=_HOP)


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
        headers = {"anthropic-version": version}
        for receipt in _receipts(desktop, provider, headers):
            came = receipt.header("anthropic-version")
            same(version, came, "anthropic-version at the provider", hop=_HOP)


@requirement(
    "MSG-11",
    SHOULD,
    source="official: treat headers as an open list; the session id groups a conversation",
    why="A conversation cannot be followed through the provider's logs.",
    fix="Forward the client's end-to-end headers instead of keeping an allow-list.",
    hints={
        "litellm": "general_settings.forward_client_headers_to_llm_api: true",
        "nginx": "proxy_pass_request_headers on",
        "portkey": '"x-claude-code-session-id" among forward_headers',
    },
)
def test_session_id_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The session id header of the engine arrives unchanged."""
    name = "X-Claude-Code-Session-Id"
    for receipt in _receipts(desktop, provider, {}):
        same(desktop.engine.session_id, receipt.header(name), f"{name} at the provider", hop=_HOP)


@requirement(
    "MSG-71",
    SHOULD,
    source="official: keep system an array, in order, the attribution block first and separate",
    why="The provider cannot tell which client asked; its reports on use are wrong.",
    fix="Leave the block that begins with x-anthropic-billing-header in system, by itself.",
    since="0.2",
)
def test_attribution_block_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The attribution block arrives as it was sent, the first of the system blocks."""
    for stream in (True, False):
        script = provider.script()
        turn = desktop.engine.turn(script.text, stream=stream)
        answered(turn, "a turn")
        sent = at(json.loads(turn.exchange.request.body), "system", 0)
        if not str(at(sent, "text")).startswith("x-anthropic-billing-header:"):
            raise NotApplicable("this client sends no attribution block")
        came = at(a_receipt(provider.receipts(script)).json(), "system", 0)
        same(sent, came, "the first system block at the provider", hop=_HOP)


def _receipts(
    desktop: DesktopApp, provider: ScriptedProvider, headers: Mapping[str, str]
) -> Iterator[Receipt]:
    """What arrives of a streamed turn and of one without stream, with these headers."""
    for stream in (True, False):
        script = provider.script()
        turn = desktop.engine.turn(script.text, headers=headers, stream=stream)
        answered(turn, " and ".join(["a turn", *(f"{k}: {v}" for k, v in headers.items())]))
        yield a_receipt(provider.receipts(script))


def _betas_at_provider(desktop: DesktopApp, provider: ScriptedProvider) -> Iterator[str]:
    for receipt in _receipts(desktop, provider, {"anthropic-beta": _BETAS}):
        yield receipt.header("anthropic-beta") or ""
