"""Secrets: the provider's key and the house behind the gateway are nobody's business."""

import re
from collections.abc import Iterable, Mapping

from gatecert.suite import (
    MAY,
    MUST,
    SHOULD,
    WRONG_KEY,
    DesktopApp,
    Desktops,
    Exchange,
    NotApplicable,
    OutgoingRequest,
    Plan,
    Raw,
    ScriptedProvider,
    Target,
    a_turn,
    expect,
    raw_request,
    requirement,
)

# pages that gateways and their frameworks are known to serve beside the API
_PAGES = (
    *("/", "/health", "/status", "/config", "/metrics", "/admin", "/debug", "/debug/vars", "/env"),
    *("/.env", "/actuator/env", "/openapi.json", "/v1/config", "/config.json", "/public/"),
)
_TRACE = re.compile(
    r"Traceback \(most recent call last\)|^\s+File \"[^\"]+\", line \d|^\s+at .+:\d+:\d+\)?$"
    r"|goroutine \d+ \[|panic: |\w+Exception in thread|ECONNREFUSED|getaddrinfo",
    re.MULTILINE,
)
_INSIDE = re.compile(
    r"\b10\.\d+\.\d+\.\d+\b|\b192\.168\.\d+\.\d+\b|\b172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+\b"
    r"|[\w-]+\.svc(?:\.cluster\.local)?\b|[\w-]+\.[\w-]+\.internal\b"
)
_VERSION = re.compile(
    r"(?:nginx|apache|envoy|haproxy|litellm|uvicorn|werkzeug|python|express|kong|caddy|openresty)"
    r"/v?\d+(?:\.\d+)+",
    re.IGNORECASE,
)


@requirement(
    "SEC-50",
    MUST,
    source="guide: the gateway holds the provider's credential, the user only the gateway's",
    why="Every user can call the provider past the gateway, on the company's bill, until somebody notices.",
    fix="Copy no header of the request to the provider into an answer, and put no configuration into errors.",
    needs=["holds_provider_key"],
    since="0.2",
)
def test_the_providers_key_is_never_shown(
    desktop: DesktopApp, desktops: Desktops, provider: ScriptedProvider, raw: Raw
) -> None:
    """No answer, good or bad, streamed or not, shows the key that the provider was called with."""
    script = provider.script()
    exchanges = [
        desktop.engine.turn(script.text).exchange,
        desktop.engine.turn(script.text, stream=False).exchange,
        desktop.engine.count_tokens(script.text),
        *_mishaps(desktop, desktops, provider, raw),
    ]
    keys = provider.keys(script)
    if not keys:
        raise NotApplicable("the gateway calls the provider without a key")
    _shown_nowhere({"the provider's key": keys}, exchanges, "an answer without the provider's key")


@requirement(
    "SEC-51",
    MUST,
    source="field: configuration, debug and environment pages left open beside the API",
    why="Whoever reaches the gateway reads keys of users and of the provider.",
    fix="Serve configuration, debug and metrics pages on another address, and never with secrets in them.",
    needs=["holds_provider_key"],
    since="0.2",
)
def test_no_open_page_shows_a_key(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target, raw: Raw
) -> None:
    """No page beside the API shows a key to somebody who comes without one."""
    script = provider.script()
    desktop.engine.turn(script.text, stream=False)
    keys = {value for name, value in target.secrets if "key" in name} | provider.keys(script)
    _shown_nowhere({"a key": keys}, _pages(raw, target), "a page without any key")


@requirement(
    "SEC-52",
    SHOULD,
    source="field: Portkey and others quote host and port of the provider, or a trace, in errors",
    why="A user reads addresses and code that help nobody but an attacker, instead of what to do.",
    fix="Answer errors of your own with a sentence for the user, and write the rest into the log.",
    since="0.2",
)
def test_no_address_or_trace_is_shown(
    desktop: DesktopApp,
    desktops: Desktops,
    provider: ScriptedProvider,
    target: Target,
    raw: Raw,
) -> None:
    """No error and no open page shows the provider's address, a private address or a trace."""
    inside = target.upstream_url.partition("://")[2]
    mishaps = _mishaps(desktop, desktops, provider, raw)
    everything = [*mishaps, *_pages(raw, target)]
    _shown_nowhere({"the provider's address": {inside}}, everything, "no word of the house behind")
    for exchange in mishaps:  # a page may be a whole program, with anything in it
        told = _told(exchange)
        found = _TRACE.search(told) or _INSIDE.search(told)
        expect(
            found is None or found.group() in _sent(exchange),
            "no trace, exception or private address in an answer",
            f"{found.group().strip()[:60]!r} in {_where(exchange)}" if found else "nothing",
        )


@requirement(
    "SEC-53",
    MAY,
    source="field: scanners look for known holes by the version that a server tells",
    why="Who looks for gateways with a known hole finds this one by its own word.",
    fix="Send no version in Server and in error pages.",
    since="0.2",
    hints={"nginx": "server_tokens off;", "apache": "ServerTokens Prod"},
)
def test_no_version_is_shown(
    desktop: DesktopApp, desktops: Desktops, provider: ScriptedProvider, raw: Raw
) -> None:
    """No answer names the version of the gateway's software."""
    for exchange in _mishaps(desktop, desktops, provider, raw):
        found = _VERSION.search(_told(exchange))
        expect(
            found is None or found.group() in _sent(exchange),
            "no version of the gateway's software",
            f"{found.group()!r} in {_where(exchange)}" if found else "nothing",
        )


@requirement(
    "SEC-54",
    MAY,
    source="field: providers that quote the rejected key, or all headers, in an error",
    why="A provider's error tells the company's key to every user while the key is rejected.",
    fix="Look for your own credentials in what the provider sends, and blot them out.",
    needs=["holds_provider_key"],
    since="0.2",
)
def test_a_key_that_the_provider_quotes_is_blotted_out(
    desktop: DesktopApp, provider: ScriptedProvider
) -> None:
    """An error of the provider that quotes the gateway's key reaches the client without it."""
    first = provider.script()
    desktop.engine.turn(first.text, stream=False)
    keys = provider.keys(first)
    if not keys:
        raise NotApplicable("the gateway calls the provider without a key")
    for header in ("x-api-key", "authorization"):
        error = {"type": "authentication_error", "message": f"invalid {header}"}
        script = provider.everywhere(Plan(status=401, error=error, quote=header))
        exchange = desktop.engine.turn(script.text).exchange
        expect(
            not any(key in _told(exchange) for key in keys),
            "the provider's error without the gateway's key",
            f"HTTP {exchange.status} with the key in it",
            hop="provider → gateway → client",
            silent=True,
        )


def _mishaps(
    desktop: DesktopApp, desktops: Desktops, provider: ScriptedProvider, raw: Raw
) -> list[Exchange]:
    """Errors of many kinds, each as the client sees it."""
    engine, request = desktop.engine, a_turn(desktop, "Hello")
    plans = [Plan(drop=True), Plan(status=503, body="<html>down</html>"), Plan(body="{ no JSON")]
    broken = OutgoingRequest(request.method, request.url, request.headers, b"{")
    before = len(raw.witness.exchanges)
    raw.ask(
        "a body that is no JSON",
        raw_request(broken, drop=["content-length"], extra=["Content-Length: 1"]),
    )
    raw.ask("no HTTP", b"GARBAGE\r\n\r\n", wait_s=2)
    return [
        *raw.witness.exchanges[before:],
        *(engine.turn(provider.everywhere(plan).text, stream=False).exchange for plan in plans),
        engine.turn("Hello", path="/v1/nowhere").exchange,
        engine.turn("Hello", model="claude-nobody-knows-this").exchange,
        desktops(api_key=WRONG_KEY).engine.turn("Hello").exchange,
        engine.start_probe(),
        desktop.discover_models(),
    ]


def _pages(raw: Raw, target: Target) -> list[Exchange]:
    """What somebody without a key gets from the pages beside the API."""
    before = len(raw.witness.exchanges)
    for page in _PAGES:
        host = target.base_url.partition("://")[2].partition("/")[0]
        raw.ask(
            f"GET {page}",
            f"GET {page} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n\r\n".encode(),
            wait_s=2,
        )
    return raw.witness.exchanges[before:]


def _shown_nowhere(
    secrets: Mapping[str, Iterable[str]], exchanges: Iterable[Exchange], wanted: str
) -> None:
    for exchange in exchanges:
        told = _told(exchange)
        found = [what for what, values in secrets.items() if any(v and v in told for v in values)]
        expect(
            not found,
            wanted,
            f"{' and '.join(found)} in {_where(exchange)}",
            silent=exchange.status is not None and exchange.status < 400,
        )


def _told(exchange: Exchange) -> str:
    head = "\n".join(f"{name}: {value}" for name, value in exchange.headers)
    return f"{head}\n{exchange.text}"


def _sent(exchange: Exchange) -> str:
    """What the client itself had sent may come back."""
    request = exchange.request
    return f"{request.url}{request.headers}{request.body.decode('utf-8', 'replace')}"


def _where(exchange: Exchange) -> str:
    return f"HTTP {exchange.status} to {exchange.request.method} ({exchange.purpose})"
