"""Heads of requests: what must not become a header, and what must not stop the gateway."""

import json
from contextlib import ExitStack

from gatecert.suite import (
    MUST,
    SHOULD,
    DesktopApp,
    Desktops,
    Exchange,
    Raw,
    Receipt,
    ScriptedProvider,
    Target,
    a_turn,
    expect,
    raw_request,
    requirement,
    same,
)

_INJECTED = "x-gatecert-injected"
_LINE = f"\r\n{_INJECTED}: yes"
_ENCODED = f"%0d%0a{_INJECTED}:%20yes"
_MOST = 24


@requirement(
    "SEC-33",
    MUST,
    source="field: header injection through values that a gateway decodes and copies into headers",
    why="A user gives himself another's identity, budget or route by a line break in a value.",
    fix="Refuse or encode CR, LF and NUL wherever a value is copied into a header or a request line.",
    since="0.2",
)
def test_no_value_becomes_a_header(
    desktop: DesktopApp,
    desktops: Desktops,
    provider: ScriptedProvider,
    target: Target,
    raw: Raw,
) -> None:
    """A line break in path, query, model, metadata or a header makes no new header on either side."""
    engine = desktop.engine
    script = provider.script()
    exchanges = {
        "the query": engine.turn(script.text, path=f"/v1/messages?beta=true&x=1{_ENCODED}"),
        "the path": engine.turn(script.text, path=f"/v1/messages{_ENCODED}"),
        "a header": engine.turn(script.text, headers={"x-app": f"cli{_ENCODED}"}),
        "the model": engine.turn(script.text, extra={"model": f"{target.models.chat}{_LINE}"}),
    }
    seen = {place: turn.exchange for place, turn in exchanges.items()}
    changed = _metadata_with_a_line(target)
    if changed:
        peer = desktops(custom_headers={**target.headers, **changed})
        seen["the metadata"] = peer.engine.turn(script.text).exchange
    bare = raw_request(a_turn(desktop, script.text), extra=[f"X-Note: a\r{_INJECTED}: yes"])
    raw.ask("a bare CR in a header", bare, wait_s=2)
    receipts = provider.receipts(script)
    for place, exchange in seen.items():
        _none_injected(exchange, f"the answer to a line break in {place}")
    for receipt in receipts:
        _none_injected(receipt, "a request at the provider")


@requirement(
    "SEC-35",
    SHOULD,
    source="standard: RFC 9110, section 5.4, and RFC 6585, section 5 (431)",
    why="Long metadata or a chain of proxies ends in a broken connection, and nobody can tell why.",
    fix="Answer 431, 414, 413 or 400 for a head that is too large, and read on until the client has sent it.",
    since="0.2",
    hints={
        "nginx": "large_client_header_buffers",
        "haproxy": "tune.bufsize and tune.http.maxhdr",
        "envoy": "max_request_headers_kb and common_http_protocol_options.max_headers_count",
    },
)
def test_large_heads_are_served_or_refused_honestly(desktop: DesktopApp, raw: Raw) -> None:
    """A header of 64 kB, 200 headers and a request line of 64 kB are served, or refused with 4xx."""
    request = a_turn(desktop, "Hello")
    long_line = "{method} {target}&x=" + "a" * 65_536 + " HTTP/1.1"
    shapes = {
        "a header of 64 kB": raw_request(request, extra=[f"X-Long: {'a' * 65_536}"]),
        "200 further headers": raw_request(request, extra=[f"X-H{n}: {n}" for n in range(200)]),
        "a request line of 64 kB": raw_request(request, line=long_line),
    }
    for shape, data in shapes.items():
        heard = raw.ask(shape, data)
        expect(
            heard.status is not None and heard.status < 500,
            f"{shape} to be served, or refused with 431, 414, 413 or 400",
            heard.summary(),
        )


@requirement(
    "SEC-36",
    MUST,
    source="field: gateways with a worker for each connection, and none left",
    why="A few slow or stuck clients stop the gateway for everybody.",
    fix="Let no worker wait for a client: read requests by events, or put a proxy that buffers in front.",
    since="0.2",
)
def test_unfinished_requests_do_not_block_others(
    desktops: Desktops, provider: ScriptedProvider, raw: Raw
) -> None:
    """While 24 requests stand unfinished, half of them in the head, a turn is answered."""
    app = desktops(silence_s=4)
    whole = raw_request(a_turn(app, "Hello"))
    head = whole.index(b"\r\n\r\n")
    with ExitStack() as stack:
        for number in range(_MOST):
            connection = stack.enter_context(raw.connect())
            connection.send(whole[: head - 20] if number % 2 else whole[: head + 40])
        script = provider.script()
        turn = app.engine.turn(script.text)
        came = turn.exchange.summary()
        wanted = f"a turn to be answered while {_MOST} requests of others are unfinished"
        expect(turn.exchange.status == 200, wanted, came)
        same(script.answer, turn.text, "its text", hop="gateway → client")


@requirement(
    "SEC-39",
    SHOULD,
    source="field: request tunnelling by Upgrade: h2c; standard: RFC 9113, section 3.1",
    why="A stranger opens a tunnel to the provider on which nothing checks keys, metadata or limits.",
    fix="Ignore Upgrade, or let only the protocols through that you serve; never pass it on.",
    since="0.2",
    hints={
        "caddy": "request_header -Upgrade",
        "haproxy": "http-request del-header Upgrade unless { req.hdr(upgrade) -i websocket }",
    },
)
def test_upgrades_are_ignored(desktop: DesktopApp, provider: ScriptedProvider, raw: Raw) -> None:
    """A request to go over to h2c or websocket is answered as usual or refused, and not passed on."""
    for protocol in ("h2c", "websocket"):
        script = provider.script()
        upgrade = [
            "Connection: Upgrade, HTTP2-Settings",
            f"Upgrade: {protocol}",
            "HTTP2-Settings: AAMAAABkAAQAAP__",
        ]
        request = a_turn(desktop, script.text)
        heard = raw.ask(protocol, raw_request(request, drop=["connection"], extra=upgrade))
        expect(
            heard.status is not None and heard.status != 101,
            f"Upgrade: {protocol} to be ignored or refused",
            heard.summary(),
            silent=True,
        )
        passed_on = [r for r in provider.receipts(script) if r.header("upgrade") == protocol]
        expect(
            not passed_on,
            f"the provider not to be asked for {protocol}",
            f"Upgrade: {protocol} at the provider",
            hop="gateway → provider",
            silent=True,
        )


@requirement(
    "SEC-40",
    SHOULD,
    source="standard: RFC 9110, section 9.3.8 (TRACE must not give credentials back)",
    why="A page in a browser, or a log of answers, gets at the key of the user.",
    fix="Refuse TRACE with 405.",
    since="0.2",
    hints={"apache": "TraceEnable off"},
)
def test_trace_gives_no_credential_back(desktop: DesktopApp, target: Target, raw: Raw) -> None:
    """TRACE is not answered with the credential that it came with."""
    request = a_turn(desktop, "Hello")
    kept = [*{h.lower() for h, _ in request.headers} - {"host", "authorization", "x-api-key"}]
    data = raw_request(request, line="TRACE {target} HTTP/1.1", drop=kept, body=b"")
    heard = raw.ask("TRACE", data)
    answer = heard.answers[0] if heard.answers else None
    told = f"{answer.text}{answer.headers}" if answer else ""
    expect(
        target.api_key not in told,
        "an answer to TRACE without the key",
        f"{heard.summary()} that quotes it",
        silent=True,
    )


def _metadata_with_a_line(target: Target) -> dict[str, str]:
    """The target's metadata, with a line break (escaped, as JSON demands) in its first value."""
    header = target.promises.metadata_header
    name, text = next(((k, v) for k, v in target.headers.items() if k.lower() == header), ("", ""))
    try:
        metadata = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(metadata, dict) or not metadata:
        return {}
    first = next(iter(metadata))
    return {name: json.dumps({**metadata, first: f"{metadata[first]}{_LINE}"})}


def _none_injected(message: Exchange | Receipt, what: str) -> None:
    names = [name.strip().lower() for name, _ in message.headers]
    expect(
        _INJECTED not in names,
        f"{what} to have no header that nobody sent",
        f"the header {_INJECTED}, which stood in a value",
        hop="gateway → provider" if isinstance(message, Receipt) else "gateway → client",
        silent=True,
    )
