"""Hops: what belongs to one connection stays there, and nobody but the gateway chooses the provider."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from gatecert.suite import (
    MAY,
    MUST,
    SHOULD,
    Canary,
    DesktopApp,
    Heard,
    Plan,
    Raw,
    Receipt,
    ScriptedProvider,
    Target,
    a_turn,
    answered,
    expect,
    raw_request,
    requirement,
)

_HOPS = "standard: RFC 9110, section 7.6.1"
_NAMED = "x-gatecert-hop"
# what the client says; a gateway may say such things to the provider for itself
_ONE_HOP = {
    _NAMED: "from the client",
    "keep-alive": "timeout=5, max=3",
    "proxy-authorization": "Basic Z2F0ZWNlcnQ6Z2F0ZWNlcnQ=",
    "proxy-connection": "gatecert",
}


@requirement(
    "SEC-20",
    SHOULD,
    source=_HOPS,
    why="The provider may answer in a transfer coding that only the client had asked for.",
    fix="Drop TE of the client; write your own towards the provider, if any.",
    since="0.2",
)
def test_transfer_codings_are_asked_for_hop_by_hop(
    desktop: DesktopApp, provider: ScriptedProvider, raw: Raw
) -> None:
    """TE, by which the client offers transfer codings, does not reach the provider."""
    script = provider.script()
    lines = ["Connection: keep-alive, TE", "TE: deflate;q=0.5"]
    heard = _ask(raw, desktop, script.text, lines)
    _not_refused_by_fault(heard)
    _none_arrived(provider.receipts(script), {"te": "deflate"})


@requirement(
    "SEC-21",
    MAY,
    source=_HOPS,
    why="A proxy's credential, or a header for the next hop alone, is disclosed to the provider.",
    fix="Drop Keep-Alive, Proxy-Authorization, Proxy-Connection and every header that Connection names, both ways.",
    since="0.2",
    hints={
        "nginx": 'proxy_set_header Proxy-Authorization ""; proxy_set_header Proxy-Connection "";'
    },
)
def test_headers_for_one_hop_are_dropped(
    desktop: DesktopApp, provider: ScriptedProvider, raw: Raw
) -> None:
    """Keep-Alive, Proxy-Authorization and headers that Connection names go no further, either way."""
    script = provider.everywhere(Plan(headers={"connection": _NAMED, _NAMED: "from the provider"}))
    lines = [
        f"Connection: keep-alive, {_NAMED}",
        *(f"{name}: {value}" for name, value in _ONE_HOP.items()),
    ]
    heard = _ask(raw, desktop, script.text, lines)
    _not_refused_by_fault(heard)
    _none_arrived(provider.receipts(script), _ONE_HOP)
    came_back = heard.answers[0].header(_NAMED) if heard.answers else None
    expect(
        came_back is None,
        f"no {_NAMED}, which the provider's Connection header names",
        f"{_NAMED}: {came_back}",
        hop="provider → gateway → client",
    )


@requirement(
    "SEC-22",
    SHOULD,
    source="field: hop-by-hop headers abused to strip what a proxy adds (Connection: X-Forwarded-For and the like)",
    why="A client decides which of the gateway's own headers reach the provider, its key among them.",
    fix="Drop what Connection names before you add headers of your own, never afterwards.",
    needs=["holds_provider_key"],
    since="0.2",
    hints={"apache": "RequestHeader unset Connection"},
)
def test_connection_does_not_strip_the_key(
    desktop: DesktopApp, provider: ScriptedProvider, raw: Raw
) -> None:
    """A Connection header that names the key's headers does not keep the gateway's key away."""
    script = provider.script()
    lines = ["Connection: keep-alive, x-api-key, authorization"]
    heard = _ask(raw, desktop, script.text, lines)
    _not_refused_by_fault(heard)
    without = [
        receipt
        for receipt in provider.receipts(script)
        if not receipt.header("x-api-key") and not receipt.header("authorization")
    ]
    expect(
        not without,
        "the gateway's key at the provider, or a refusal",
        f"a request without any key there; the client got {heard.summary()}",
        hop="gateway → provider",
    )


@requirement(
    "SEC-23",
    SHOULD,
    source="standard: RFC 9110, section 7.2; field: hosted providers answer 403, 404 or 421 for another's name",
    why="A hosted provider does not find the site that is asked for, and every request fails.",
    fix="Send the provider's own name in Host.",
    since="0.2",
    hints={
        "nginx": "proxy_set_header Host with the provider's name; $host is the gateway's, and $proxy_host"
        " (the default) the name of the upstream block, if there is one",
        "haproxy": "http-request set-header Host api.anthropic.com",
        "envoy": "auto_host_rewrite or host_rewrite_literal in the route",
        "apache": "ProxyPreserveHost Off",
        "caddy": "header_up Host {upstream_hostport} in reverse_proxy",
    },
)
def test_host_is_the_providers_own(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """The provider is asked by its own name, not by the gateway's or one that it made up."""
    own = urlsplit(target.upstream_url).hostname or ""
    script = provider.script()
    exchange = answered(desktop.engine.turn(script.text), "a turn")
    sent = (exchange.request.header("host") or "").lower()
    ours = {sent, sent.rpartition(":")[0] or sent} - {urlsplit(target.upstream_url).netloc.lower()}
    for receipt in provider.receipts(script):
        host = (receipt.header("host") or "").lower()
        expect(
            host not in ours,
            f"Host to name the provider ({urlsplit(target.upstream_url).netloc})",
            f"Host: {host}, which is the gateway's",
            hop="gateway → provider",
            silent=True,
        )
        expect(
            not host or "." in host or ":" in host or host in ("localhost", own),
            f"Host to name the provider ({urlsplit(target.upstream_url).netloc})",
            f"Host: {host}, a name that is only known inside the gateway",
            hop="gateway → provider",
            silent=True,
        )


@requirement(
    "SEC-24",
    MUST,
    source="field: Portkey #1718 and others, where a header or a field of the request names the upstream",
    why="Whoever has a key sends the provider's key, and other users' prompts, to a server of his own.",
    fix="Take the provider's address from the configuration alone; refuse headers and fields that name one.",
    needs=["holds_provider_key"],
    since="0.2",
    hints={
        "litellm": "leave allow_client_side_credentials and configurable_clientside_auth_params unset",
        "portkey": "TRUSTED_CUSTOM_HOSTS, and no route to /v1/proxy",
    },
)
def test_no_request_chooses_the_provider(
    desktop: DesktopApp, provider: ScriptedProvider, canary: Canary
) -> None:
    """No header and no field of a request sends it, or the key, to another address."""
    url, engine = canary.url, desktop.engine
    named: dict[str, dict[str, str | None]] = {
        "x-portkey-custom-host": {
            "x-portkey-provider": "anthropic",
            "x-portkey-custom-host": f"{url}/v1",
        },
        "X-Forwarded-Host": {"x-forwarded-host": canary.authority, "x-forwarded-proto": "http"},
        "Forwarded": {"forwarded": f"host={canary.authority};proto=http"},
        "X-Original-URL": {"x-original-url": f"{url}/v1/messages"},
        "X-Rewrite-URL": {"x-rewrite-url": f"{url}/v1/messages"},
        "a base URL in a header": dict.fromkeys(
            ("x-base-url", "x-api-base", "x-target-url", "x-upstream-url", "x-host"), url
        ),
    }
    script = provider.script()
    for what, headers in named.items():
        engine.turn(script.text, stream=False, headers=headers)
        _nobody_called(canary, what)
    engine.turn(
        script.text, stream=False, headers=named["x-portkey-custom-host"], path="/v1/proxy/messages"
    )
    _nobody_called(canary, "x-portkey-custom-host below /v1/proxy")
    fields = {"api_base": url, "base_url": url, "custom_host": url}
    engine.turn(script.text, stream=False, extra=fields)
    _nobody_called(canary, "a base URL in the body")


@requirement(
    "SEC-25",
    MUST,
    source="standard: RFC 9112, section 3.2.2; field: gateways that are open proxies",
    why="Strangers reach the company's network through the gateway, and send its key where they like.",
    fix="Serve only your own names: answer CONNECT and absolute request targets of others with 4xx, or ignore the host in them.",
    since="0.2",
    hints={"apache": "ProxyRequests Off"},
)
def test_gateway_is_no_open_proxy(desktop: DesktopApp, raw: Raw, canary: Canary) -> None:
    """Neither an absolute request target nor CONNECT nor Host leads to another address."""
    request = a_turn(desktop, "Hello")
    lines = {
        "an absolute request target": f"POST {canary.url}/v1/messages HTTP/1.1",
        "an absolute target of GET": f"GET {canary.url}/v1/models HTTP/1.1",
        "CONNECT": f"CONNECT {canary.authority} HTTP/1.1",
        "another Host": "{method} {target} HTTP/1.1",
    }
    for what, line in lines.items():
        plain = line.startswith(("GET", "CONNECT"))
        drop = ["host", *(["content-length"] if plain else [])]
        host = [f"Host: {canary.authority}"]
        body = b"" if plain else None
        data = raw_request(request, line=line, drop=drop, extra=host, body=body)
        raw.ask(what, data, wait_s=2)
        _nobody_called(canary, what)


@requirement(
    "SEC-26",
    MAY,
    source=_HOPS,
    why="The client closes or keeps connections by what the provider said of its own, and requests fail now and then.",
    fix="Drop Keep-Alive and Connection of the provider; write your own towards the client.",
    since="0.2",
)
def test_keep_alive_of_the_provider_stays_there(
    desktop: DesktopApp, provider: ScriptedProvider
) -> None:
    """The provider's Keep-Alive header does not reach the client."""
    limits = "timeout=1, max=7"
    script = provider.everywhere(Plan(headers={"keep-alive": limits}))
    exchange = answered(desktop.engine.turn(script.text, stream=False), "a turn")
    expect(
        exchange.header("keep-alive") != limits,
        "no Keep-Alive of the provider's connection",
        f"Keep-Alive: {limits}",
        hop="provider → gateway → client",
        silent=True,
    )


def _ask(raw: Raw, app: DesktopApp, text: str, lines: list[str]) -> Heard:
    return raw.ask(lines[0], raw_request(a_turn(app, text), drop=["connection"], extra=lines))


def _not_refused_by_fault(heard: Heard) -> None:
    expect(
        heard.status is not None and (heard.status < 500 or heard.status == 501),
        "the request to be served, or refused with 4xx or 501",
        heard.summary(),
    )


def _none_arrived(receipts: list[Receipt], sent: Mapping[str, str]) -> None:
    headers = [(name.lower(), value) for receipt in receipts for name, value in receipt.headers]
    found = sorted({name for name, value in headers if name in sent and sent[name] in value})
    expect(
        not found,
        f"no {' and no '.join(sent)} of the client at the provider",
        ", ".join(found),
        hop="gateway → provider",
        silent=True,
    )


def _nobody_called(canary: Canary, what: str) -> None:
    """By the time that an answer is there, whoever was to be called has been called."""
    calls = list(canary.heard)
    keyed = any(b"x-api-key" in c.lower() or b"authorization" in c.lower() for c in calls)
    expect(
        not calls,
        f"{what} to be ignored or refused",
        f"a connection to the address that it names{', with a key' if keyed else ''}",
        hop="gateway → provider",
        silent=True,
    )
