"""The base URL and what becomes of its usual mistakes."""

from gatecert.suite import (
    MUST,
    SHOULD,
    DesktopApp,
    Desktops,
    Receipt,
    ScriptedProvider,
    Target,
    answered,
    expect,
    only_receipt,
    readable_error,
    refused,
    requirement,
    same,
    same_names,
)

RIGHT_PATH = "/v1/messages?beta=true"
_CLEAR = (400, 404, 405, 421)


@requirement(
    "URL-01",
    MUST,
    source="guide: Troubleshooting, base URL without a trailing slash (the client strips it)",
    why="Half of all administrators paste the URL with a slash.",
    fix="Serve /v1/messages at the address that is distributed; the client strips slashes itself.",
)
def test_trailing_slash_in_the_base_url_works(
    desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """A base URL with trailing slashes works like one without, because the client strips them."""
    script = provider.script()
    turn = desktops(base_url=target.base_url.rstrip("/") + "//").engine.turn(script.text)
    answered(turn, "a turn with a trailing slash in the base URL")
    same(script.answer, turn.text, "the answer's text", hop="provider → gateway → client")


@requirement(
    "URL-02",
    MUST,
    source="field: SDK clients and older builds send //v1/messages for a base URL with a slash",
    why="The request is answered by the wrong part of the gateway: policy skipped, keys leaked.",
    fix="Treat //v1/messages as /v1/messages, or answer 404; never hand it to a catch-all route.",
)
def test_double_slash_does_not_half_work(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A request to //v1/messages is either served like /v1/messages or clearly refused."""
    _served_right_or_refused(desktop, desktop, provider, "/" + RIGHT_PATH)


@requirement(
    "URL-03",
    MUST,
    source="guide: Troubleshooting, base URL without /v1 (the client would ask for /v1/v1/messages)",
    why="The commonest mistake either fails without a hint or, worse, half works past all policy.",
    fix="Answer 404 for /v1/v1/messages; do not let a catch-all route strip or proxy it.",
)
def test_v1_in_the_base_url_does_not_half_work(
    desktop: DesktopApp, desktops: Desktops, provider: ScriptedProvider
) -> None:
    """A base URL that ends in /v1 is either served like the right one or clearly refused."""
    wrong = desktops(base_url=desktop.settings.url("/v1"))
    _served_right_or_refused(wrong, desktop, provider)


@requirement(
    "URL-04",
    MUST,
    source="field: administrators paste the full endpoint, the client asks for the doubled path",
    why="The mistake half works or ends in a server error instead of a clear answer.",
    fix="Answer 404 for paths that are not routes.",
)
def test_full_endpoint_as_base_url_does_not_half_work(
    desktop: DesktopApp, desktops: Desktops, provider: ScriptedProvider
) -> None:
    """A base URL that ends in /v1/messages is either served like the right one or clearly refused."""
    wrong = desktops(base_url=desktop.settings.url("/v1/messages"))
    _served_right_or_refused(wrong, desktop, provider)


@requirement(
    "URL-05",
    MUST,
    source="official: unknown paths answer 404, which the client reports",
    why="A mistyped base URL seems to work, and requests run outside all routing and policy.",
    fix="Answer 404 for paths that are not routes.",
)
def test_unknown_prefix_is_not_found(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A base URL with an unknown prefix is answered with 404."""
    app = desktops()
    wrong = desktops(base_url=app.settings.url("/gatecert-no-such-prefix"))
    refused(wrong.engine.turn(provider.script().text), "a request below an unknown prefix", _CLEAR)


@requirement(
    "URL-06",
    MUST,
    source="official: ?beta=true is appended, so match on the path only",
    why="Every turn of the engine ends in 404.",
    fix="Route on the path; ignore the query.",
)
def test_query_plays_no_part_in_routing(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """/v1/messages is served with ?beta=true, with another query, and without any."""
    for path in ("/v1/messages?beta=true", "/v1/messages", "/v1/messages?beta=true&trace=1"):
        script = provider.script()
        turn = desktop.engine.turn(script.text, path=path)
        answered(turn, f"a turn to {path}")
        same(script.answer, turn.text, "the answer's text", hop="provider → gateway → client")


@requirement(
    "URL-07",
    SHOULD,
    source="observed: engine 2.1.330 sends ?beta=true on every inference request",
    why="A provider that decides on the query treats the request as another kind.",
    fix="Pass the query on to the provider unchanged.",
)
def test_query_reaches_the_provider(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The query arrives at the provider as it was sent."""
    script = provider.script()
    answered(desktop.engine.turn(script.text), "a turn")
    receipt = only_receipt(provider.receipts(script))
    same("beta=true", receipt.query, "the query at the provider", hop="gateway → provider")


@requirement(
    "URL-08",
    MUST,
    source="official: serve the exact distributed address, without redirects",
    why="A redirected POST loses its body or its credential; discovery fails without a word.",
    fix="Serve /v1/messages and /v1/models directly; redirect neither for slashes nor for the host.",
)
def test_nothing_is_redirected(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Neither a turn nor model discovery is answered with a redirect."""
    for exchange in (
        desktop.engine.turn(provider.script().text).exchange,
        desktop.discover_models(),
    ):
        expect(
            exchange.status is not None and not 300 <= exchange.status < 400,
            f"{exchange.purpose} to be answered, not redirected",
            f"{exchange.summary()} (location: {exchange.header('location')!r})",
        )


@requirement(
    "URL-09",
    SHOULD,
    source="observed: the client shows every 404 as a model problem; only error.message tells the truth",
    why="A wrong base URL is reported as a missing model, and administrators search in the wrong place.",
    fix="Answer 404 with the JSON error envelope and say in the message which path is unknown.",
)
def test_not_found_tells_the_user_what(desktops: Desktops, provider: ScriptedProvider) -> None:
    """The 404 for a wrong path carries JSON with a message."""
    app = desktops()
    wrong = desktops(base_url=app.settings.url("/gatecert-no-such-prefix"))
    exchange = refused(wrong.engine.turn(provider.script().text), "a wrong path", _CLEAR)
    readable_error(exchange, "the 404")


@requirement(
    "URL-10",
    SHOULD,
    source="standard: RFC 9110 section 15.5.6",
    why="Health checks and curious browsers get server errors, or cost a provider call.",
    fix="Answer 405 (or 404) for methods other than POST on /v1/messages.",
)
def test_wrong_method_is_refused(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A GET on /v1/messages is refused with 404 or 405."""
    engine = desktop.engine
    template = engine.request("/v1/messages", b"", ("claude-code-20250219",))
    headers = [(k, v) for k, v in template.headers if k.lower() != "content-length"]
    get = type(template)("GET", template.url, headers)
    refused(engine.send("GET on /v1/messages", get), "a GET on /v1/messages", (404, 405))


def _served_right_or_refused(
    wrong: DesktopApp, right: DesktopApp, provider: ScriptedProvider, path: str = RIGHT_PATH
) -> None:
    """A wrong path may be mended in full or refused in the open; there is nothing in between."""
    script, control = provider.script(), provider.script()
    turn = wrong.engine.turn(script.text, path=path)
    asked = "/" + turn.exchange.request.url.partition("://")[2].partition("/")[2]
    if turn.exchange.status != 200:
        refused(turn, f"a request to {asked}", _CLEAR)
        return
    same(script.answer, turn.text, f"the answer to {asked}", hop="provider → gateway → client")
    answered(right.engine.turn(control.text), "a turn to the right path")
    mended = only_receipt(provider.receipts(script))
    plain = only_receipt(provider.receipts(control))
    hop = "gateway → provider"
    same(plain.path, mended.path, f"the path at the provider for {asked}", hop=hop)
    same_names(_names(plain), _names(mended), f"the headers at the provider for {asked}", hop=hop)


def _names(receipt: Receipt) -> set[str]:
    return {name.lower() for name, _ in receipt.headers}
