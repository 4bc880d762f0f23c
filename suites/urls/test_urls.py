"""The base URL and what becomes of its usual mistakes."""

from collections.abc import Callable

from gatecert.suite import (
    MUST,
    SHOULD,
    Asking,
    DesktopApp,
    Desktops,
    ScriptedProvider,
    Target,
    answered,
    expect,
    hints,
    not_let_in,
    only_receipt,
    own_answer,
    readable_error,
    refused,
    requirement,
    same,
)

# limit_except of nginx says 403, API Gateway of AWS as well; all of them are clear
_NO_METHOD = (400, 403, 404, 405, 501)


@requirement(
    "URL-01",
    MUST,
    source="guide: Troubleshooting, base URL without a trailing slash (the client strips it)",
    why="Half of all administrators paste the URL with a slash.",
    fix="Serve /v1/messages at the address that is distributed; the client strips slashes itself.",
)
def test_trailing_slash_in_the_base_url_works(
    desktops: Desktops, asking: Asking, target: Target
) -> None:
    """A base URL with trailing slashes works like one without, because the client strips them."""
    script = asking.ask()
    turn = desktops(base_url=target.base_url.rstrip("/") + "//").engine.turn(script.text)
    answered(turn, "a turn with a trailing slash in the base URL")
    own_answer(script.answer, turn)


@requirement(
    "URL-02",
    MUST,
    source="field: SDK clients and older builds send //v1/messages for a base URL with a slash",
    why="The request is answered by the wrong part of the gateway: policy skipped, keys leaked.",
    fix="Treat //v1/messages as /v1/messages, or answer 404; never hand it to a catch-all route.",
    hints={
        "nginx": "merge_slashes off, and location = /v1/messages",
        "apache": "MergeSlashes Off",
        "envoy": "leave merge_slashes unset, and match path instead of prefix",
        "haproxy": "use path, not path_end",
    },
)
def test_double_slash_does_not_half_work(
    served_right_or_refused: Callable[..., None],
) -> None:
    """A request to //v1/messages is either served like /v1/messages or clearly refused."""
    served_right_or_refused(path="//v1/messages?beta=true")


@requirement(
    "URL-03",
    MUST,
    source="guide: Troubleshooting, base URL without /v1 (the client would ask for /v1/v1/messages)",
    why="The commonest mistake either fails without a hint or, worse, half works past all policy.",
    fix="Answer 404 for /v1/v1/messages; do not let a catch-all route strip or proxy it.",
    hints=hints.EXACT_PATHS,
)
def test_v1_in_the_base_url_does_not_half_work(
    served_right_or_refused: Callable[..., None],
) -> None:
    """A base URL that ends in /v1 is either served like the right one or clearly refused."""
    served_right_or_refused(suffix="/v1")


@requirement(
    "URL-04",
    MUST,
    source="field: administrators paste the full endpoint, the client asks for the doubled path",
    why="The mistake half works or ends in a server error instead of a clear answer.",
    fix="Answer 404 for paths that are not routes.",
    hints=hints.EXACT_PATHS,
)
def test_full_endpoint_as_base_url_does_not_half_work(
    served_right_or_refused: Callable[..., None],
) -> None:
    """A base URL that ends in /v1/messages is either served like the right one or clearly refused."""
    served_right_or_refused(suffix="/v1/messages")


@requirement(
    "URL-05",
    MUST,
    source="official: unknown paths answer 404, which the client reports",
    why="A mistyped base URL seems to work, and requests run outside all routing and policy.",
    fix="Answer 404 for paths that are not routes; have no catch-all.",
    hints=hints.EXACT_PATHS,
)
def test_unknown_prefix_does_not_half_work(
    served_right_or_refused: Callable[..., None],
) -> None:
    """A base URL with an unknown prefix is either served like the right one or clearly refused."""
    served_right_or_refused(suffix="/gatecert-no-such-prefix")


@requirement(
    "URL-06",
    MUST,
    source="official: ?beta=true is appended, so match on the path only",
    why="Every turn of the engine ends in 404.",
    fix="Route on the path; ignore the query.",
    hints={
        "apache": "no RewriteCond on %{QUERY_STRING}",
        "envoy": "no query_parameters in the route's match",
        "haproxy": "use path, not url",
    },
)
def test_query_plays_no_part_in_routing(desktop: DesktopApp, asking: Asking) -> None:
    """/v1/messages is served with ?beta=true and without any query."""
    for path in ("/v1/messages?beta=true", "/v1/messages"):
        script = asking.ask()
        turn = desktop.engine.turn(script.text, path=path)
        answered(turn, f"a turn to {path}")
        own_answer(script.answer, turn)


@requirement(
    "URL-07",
    SHOULD,
    source="observed: engine 2.1.330 sends ?beta=true on every inference request",
    why="A provider that decides on the query treats the request as another kind.",
    fix="Pass the query on to the provider unchanged.",
    hints={
        "nginx": "proxy_pass with variables needs $is_args$args behind the path",
        "apache": "QSA on a RewriteRule with a query of its own, even an empty one behind ?",
        "caddy": "no ? behind the path in rewrite",
        "haproxy": "replace-path instead of set-uri, and no set-query",
    },
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
    hints={
        "nginx": "location = /v1/messages: a location that ends in a slash redirects the path without it",
    },
)
def test_nothing_is_redirected(desktop: DesktopApp) -> None:
    """Neither a turn nor model discovery is answered with a redirect."""
    for exchange in (desktop.engine.turn("hi").exchange, desktop.discover_models()):
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
    hints={
        "nginx": "default_type application/json, and return 404 with the JSON body",
        "apache": "ErrorDocument 404 that names a .json file",
        "envoy": "local_reply_config with body_format.json_format",
        "haproxy": "http-request return status 404 content-type application/json string ...",
    },
)
def test_not_found_tells_the_user_what(desktop: DesktopApp) -> None:
    """The refusal of a path that no gateway serves carries JSON with a message."""
    turn = desktop.engine.turn("hi", path="/gatecert/no-such-path")
    readable_error(not_let_in(turn, "a path that nobody serves"), "the refusal")


@requirement(
    "URL-10",
    SHOULD,
    source="standard: RFC 9110 section 15.5.6",
    why="Health checks and curious browsers get server errors, or cost a provider call.",
    fix="Answer 405 (or 404) for methods other than POST on /v1/messages.",
    hints={
        "nginx": "if ($request_method != POST) { return 405; }",
        "haproxy": "http-request deny deny_status 405 if !METH_POST",
        "kong": "methods: [POST] on the Route",
    },
)
def test_wrong_method_is_refused(desktop: DesktopApp) -> None:
    """A GET on /v1/messages is refused, by the gateway itself or by the provider."""
    engine = desktop.engine
    template = engine.request("/v1/messages", b"", ("claude-code-20250219",))
    headers = [(k, v) for k, v in template.headers if k.lower() != "content-length"]
    get = type(template)("GET", template.url, headers)
    refused(engine.send("GET on /v1/messages", get), "a GET on /v1/messages", _NO_METHOD)
