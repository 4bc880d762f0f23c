"""What the client's headers look like when they reach the provider."""

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from gatecert.suite import (
    MAY,
    MUST,
    SHOULD,
    DesktopApp,
    Desktops,
    OutgoingRequest,
    Receipt,
    ScriptedProvider,
    Target,
    a_receipt,
    answered,
    at,
    expect,
    fail,
    first_message,
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
_ADDRESS_HEADERS = ("x-forwarded-for", "forwarded", "x-real-ip", "x-client-ip", "true-client-ip")
_ADDRESS = re.compile(r"\d+(?:\.\d+){3}|\[?[0-9a-fA-F]*:[0-9a-fA-F:]+\]?")
# the connection's own headers, which the client's library writes in a case of its own
_OF_THE_CONNECTION = ("host", "connection", "content-length", "accept-encoding")


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
    for sent, receipt in _arrivals(desktop, provider, _AGENTS):
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
    for sent, receipt in _arrivals(desktop, provider, {}):
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
    for _, receipt in _arrivals(app, provider, {}):
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


@requirement(
    "PASS-07",
    MUST,
    source="official: forward anthropic-beta byte for byte, without an allow-list of values",
    why="A feature whose beta is lost ends in 400, or is silently missing, after the next client update.",
    fix="Forward anthropic-beta unchanged, however long it is.",
    since="0.2",
    hints=_FORWARDING,
)
def test_long_list_of_betas_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Twenty values of anthropic-beta arrive, unknown and long ones included, and none is added."""
    for _, receipt in _arrivals(desktop, provider, {"anthropic-beta": ",".join(_BETAS)}):
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
    request = _request(desktop, script.text, [first])
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
    for _, receipt in _arrivals(desktop, provider, {"anthropic-beta": None}):
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
    hints=_FORWARDING,
)
def test_capability_stays_a_pair(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A capability's beta and its body field arrive together, or neither of them does."""
    betas = ",".join(["claude-code-20250219", *_PAIRS])
    for stream in (True, False):
        script = provider.script()
        turn = desktop.engine.turn(
            script.text, stream=stream, headers={"anthropic-beta": betas}, extra=_FIELDS
        )
        if turn.exchange.status in (400, 422):
            return  # refused aloud, which the client can act on
        answered(turn, "a turn with capabilities in header and body")
        receipt = a_receipt(provider.receipts(script))
        for beta, field in _PAIRS.items():
            told, given = beta in _betas(receipt), at(receipt.json(), field) is not None
            lost = f"{field} without its beta" if given else f"the beta without {field}"
            if told != given:
                fail(f"{beta} and {field} together at the provider", lost, hop=_HOP, silent=True)


@requirement(
    "PASS-11",
    SHOULD,
    source="official: treat headers as an open list",
    why="A long list of betas, or metadata with many fields, ends in a 400 without a word of the reason.",
    fix="Allow header lines of 8 kB, and 16 kB in all.",
    since="0.2",
    hints={"nginx": "large_client_header_buffers 4 16k;"},
)
def test_long_header_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A header of 6 kB arrives unchanged."""
    value = ("0123456789abcdef" * 384)[: 6 * 1024]
    _arrive(desktop, provider, {"x-acme-long": value})


@requirement(
    "PASS-12",
    SHOULD,
    source="observed: the client sends letters up to U+00FF in custom headers as single bytes",
    why="Everybody whose name or team has an umlaut gets a server error, or is filed under another name.",
    fix="Treat header values as bytes; do not decode them as UTF-8 or refuse them.",
    since="0.2",
)
def test_latin_letters_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A header with Latin-1 letters is served and arrives as the same bytes."""
    _arrive(desktop, provider, {"x-acme-user": "J\xfcrgen \xc9tienne Stra\xdfe"})


@requirement(
    "PASS-13",
    MUST,
    source="standard: RFC 9110, header names are the same in any case; clients differ in it",
    why="A client whose library writes header names in another way is refused, as if it had no key.",
    fix="Compare header names without regard to case.",
    since="0.2",
)
def test_header_names_in_any_case(desktop: DesktopApp) -> None:
    """A turn is answered when all its header names are in lower case, and in upper case."""
    for named, case in (("lower", str.lower), ("upper", str.upper)):
        request = _request(desktop, "Hello", ["claude-code-20250219"])
        headers = [
            (k if k.lower() in _OF_THE_CONNECTION else case(k), v) for k, v in request.headers
        ]
        turn = desktop.engine.send(f"a turn in {named} case", replace(request, headers=headers))
        answered(turn, f"a turn whose header names are in {named} case")


@requirement(
    "PASS-14",
    MAY,
    source="field: proxies that append the caller's address to X-Forwarded-For by default",
    why="The provider learns addresses and structure of the internal network.",
    fix="Set no X-Forwarded-For, Forwarded or X-Real-IP towards a provider outside.",
    since="0.2",
    hints={
        "haproxy": "http-request del-header x-forwarded-for (and no option forwardfor)",
        "nginx": 'proxy_set_header X-Forwarded-For "";',
        "traefik": "a headers middleware with customRequestHeaders X-Forwarded-For empty",
    },
)
def test_client_address_stays_inside(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """No header tells the provider an internal address of the client."""
    for _, receipt in _arrivals(desktop, provider, {}):
        for name in _ADDRESS_HEADERS:
            value = receipt.header(name) or ""
            inside = [text for text in _ADDRESS.findall(value) if _internal(text)]
            expect(
                not inside,
                "no internal address in a header to the provider",
                f"{name}: {value}",
                hop=_HOP,
                silent=True,
            )


def _arrivals(
    desktop: DesktopApp, provider: ScriptedProvider, headers: Mapping[str, str | None]
) -> Iterator[tuple[dict[str, str], Receipt]]:
    """The headers (names in lower case) that were sent with a turn, and what arrived of it.

    Once streamed, once not.
    """
    for stream in (True, False):
        script = provider.script()
        turn = desktop.engine.turn(script.text, headers=headers, stream=stream)
        exchange = answered(turn, f"a turn with {', '.join(headers) or 'its usual headers'}")
        sent = {name.lower(): value for name, value in exchange.request.headers}
        yield sent, a_receipt(provider.receipts(script))


def _arrive(desktop: DesktopApp, provider: ScriptedProvider, headers: Mapping[str, str]) -> None:
    for _, receipt in _arrivals(desktop, provider, headers):
        for name, value in headers.items():
            same(value, receipt.header(name), f"{name} at the provider", hop=_HOP)


def _request(desktop: DesktopApp, text: str, betas: Sequence[str]) -> OutgoingRequest:
    model = desktop.engine.settings.chat_model
    body = {"model": model, "max_tokens": 1, "messages": [first_message(text)]}
    return desktop.engine.request("/v1/messages?beta=true", json.dumps(body).encode(), betas)


def _betas(receipt: Receipt) -> list[str]:
    values = (receipt.header("anthropic-beta") or "").split(",")
    return [value.strip() for value in values if value.strip()]


def _internal(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return address.is_private or address.is_loopback or address.is_link_local
