"""The client's headers on their way to the provider."""

import re
from collections.abc import Mapping

from gatecert.suite import (
    MAY,
    MUST,
    SHOULD,
    DesktopApp,
    Desktops,
    ScriptedProvider,
    Target,
    answered,
    headed_turns,
    requirement,
    same,
)

_HOP = "gateway → provider"
_OPEN = "Forward the client's end-to-end headers instead of keeping a list of those you know."
_FORWARDING = {
    "litellm": "general_settings: forward_client_headers_to_llm_api: true",
    "portkey": '"forward_headers": [...] in the config, or the header x-portkey-forward-headers',
}
_IDENTITY = re.compile(
    r"x-stainless-.*|x-app|anthropic-dangerous-.*|x-claude-code-.*agent-id", re.I
)
_AGENTS = {
    "x-claude-code-agent-id": "a0123456789abcdef",
    "x-claude-code-parent-agent-id": "b0123456789abcdef",
}


@requirement(
    "PASS-01",
    SHOULD,
    source="official: treat headers as an open list",
    why="The provider cannot tell clients, versions and subagents apart when something goes wrong.",
    fix=_OPEN,
    since="0.2",
    hints=_FORWARDING,
)
def test_client_describes_itself(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The headers in which the client describes itself arrive: x-app, x-stainless-*, agent ids."""
    for sent, receipt in headed_turns(desktop, provider, _AGENTS):
        for name, value in sent.items():
            if _IDENTITY.fullmatch(name):
                same(value, receipt.header(name), f"{name} at the provider", hop=_HOP)


@requirement(
    "PASS-02",
    MAY,
    source="official: treat headers as an open list",
    why="Providers that admit clients by their User-Agent, or count by it, see the gateway alone.",
    fix="Forward User-Agent instead of writing your own.",
    since="0.2",
    hints=_FORWARDING,
)
def test_user_agent_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The client's User-Agent arrives unchanged."""
    for sent, receipt in headed_turns(desktop, provider, {}):
        wanted, came = sent["user-agent"], receipt.header("user-agent")
        same(wanted, came, "User-Agent at the provider", hop=_HOP)


@requirement(
    "PASS-03",
    SHOULD,
    source="field: LiteLLM issues 15299 and 21471, custom headers do not reach the provider",
    why="Headers that an administrator configures for provider or logs have no effect, without a word.",
    fix=_OPEN,
    since="0.2",
    hints=_FORWARDING,
)
def test_custom_headers_arrive(
    desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """Custom headers of the settings arrive unchanged, with quotes, commas, colons and braces."""
    custom = {
        "X-Acme-Cost-Center": "4711",
        "x-acme-note": 'a, b; c="d e" {"f": [1, "g"]} 100% %20 https://h:1/p?q=r#s \\"t\\"',
    }
    app = desktops(custom_headers={**target.headers, **custom})
    for _, receipt in headed_turns(app, provider, {}):
        for name, value in custom.items():
            same(value, receipt.header(name), f"{name} at the provider", hop=_HOP)


@requirement(
    "PASS-04",
    MUST,
    source="official: custom headers are sent on inference and on discovery",
    why="The client cannot connect at all once an administrator has configured a header.",
    fix="Ignore headers that you do not know; refuse none for its name.",
    since="0.2",
)
def test_custom_headers_spoil_nothing(desktops: Desktops, target: Target) -> None:
    """With a custom header that the gateway cannot know, turns, counts and discovery are answered."""
    app = desktops(custom_headers={**target.headers, "X-Acme-Cost-Center": "4711"})
    for stream in (True, False):
        answered(app.engine.turn("Hello", stream=stream), "a turn with a custom header")
    if target.promises.serves_count_tokens:
        answered(app.engine.count_tokens("Hello"), "a token count with a custom header")
    if target.promises.serves_models:
        answered(app.discover_models(), "discovery with a custom header")


@requirement(
    "PASS-05",
    SHOULD,
    source="official: treat headers as an open list, as releases of the client add to it",
    why="What the next release of the client says in a header is lost, and its feature does not work.",
    fix="Forward every header whose name begins with anthropic-.",
    since="0.2",
    hints=_FORWARDING,
)
def test_unknown_anthropic_header_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """An anthropic-* header that nobody knows yet arrives unchanged."""
    _arrive(desktop, provider, {"anthropic-gatecert-future": "v=1; mode=later"})


@requirement(
    "PASS-06",
    SHOULD,
    source="official: forward anthropic-workspace-id for Claude Platform on AWS",
    why="On Claude Platform on AWS every request is refused, or counted to the default workspace.",
    fix="Forward anthropic-workspace-id unchanged.",
    since="0.2",
    hints=_FORWARDING,
)
def test_workspace_id_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """anthropic-workspace-id arrives unchanged."""
    _arrive(desktop, provider, {"anthropic-workspace-id": "wrkspc_01GateCert0000000000"})


def _arrive(desktop: DesktopApp, provider: ScriptedProvider, headers: Mapping[str, str]) -> None:
    for _, receipt in headed_turns(desktop, provider, headers):
        for name, value in headers.items():
            same(value, receipt.header(name), f"{name} at the provider", hop=_HOP)
