"""Errors of the provider and of the client on their way back."""

from gatecert.suite import (
    MUST,
    SHOULD,
    DesktopApp,
    Exchange,
    Plan,
    ScriptedProvider,
    expect,
    readable_error,
    refused,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
_KEEP = "Pass the provider's status, headers and body on unchanged."


@requirement(
    "ERR-01",
    MUST,
    source="official: recovery matches the wording 'prompt is too long', so errors pass unmodified",
    why="Long conversations end in an error instead of being compacted.",
    fix="Pass the provider's error body on word for word; no prefix, no wrapper.",
)
def test_prompt_too_long_keeps_its_wording(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The 400 for a prompt that is too long keeps its exact message."""
    message = "prompt is too long: 210000 tokens > 200000 maximum"
    error = {"type": "invalid_request_error", "message": message}
    exchange = _provoke(desktop, provider, Plan(status=400, error=error))
    same(400, exchange.status, "the status", hop=_HOP)
    same(message, exchange.error_message, "error.message", hop=_HOP)


@requirement(
    "ERR-02",
    MUST,
    source="observed: retry-after up to 60 s is waited for, above it the client stops at once",
    why="The client retries too early, or for three minutes what is lost for an hour.",
    fix=_KEEP,
)
def test_rate_limit_keeps_retry_after(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A 429 keeps its status, its message and its retry-after."""
    error = {"type": "rate_limit_error", "message": "This request would exceed the rate limit"}
    plan = Plan(status=429, error=error, headers={"retry-after": "61"})
    exchange = _provoke(desktop, provider, plan)
    same(429, exchange.status, "the status", hop=_HOP)
    same("61", exchange.header("retry-after"), "retry-after", hop=_HOP)
    same(error["message"], exchange.error_message, "error.message", hop=_HOP)


@requirement(
    "ERR-03",
    MUST,
    source="observed: a 529 is tried three times, a 500 eleven times",
    why="An overloaded provider is hammered, and users wait three minutes instead of seconds.",
    fix="Keep 529; do not fold it into 500 or 503.",
)
def test_overload_stays_overload(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A 529 of every provider stays a 529."""
    exchange = _provoke(desktop, provider, Plan(status=529, error={"message": "Overloaded"}))
    same(529, exchange.status, "the status", hop=_HOP)


@requirement(
    "ERR-04",
    MUST,
    source="official: return upstream errors unmodified, status as well as body",
    why="Server faults are taken for client mistakes or for success.",
    fix=_KEEP,
)
def test_server_error_stays(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A 500 of every provider stays a 500 with its message."""
    error = {"type": "api_error", "message": "Internal server error at the provider"}
    exchange = _provoke(desktop, provider, Plan(status=500, error=error))
    same(500, exchange.status, "the status", hop=_HOP)
    same(error["message"], exchange.error_message, "error.message", hop=_HOP)


@requirement(
    "ERR-05",
    MUST,
    source="observed: x-should-retry: false stops every retry",
    why="Hopeless requests are repeated for three minutes.",
    fix="Pass x-should-retry on.",
)
def test_should_retry_passes(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """x-should-retry reaches the client."""
    plan = Plan(status=429, headers={"x-should-retry": "false"}, error={"message": "Budget spent"})
    exchange = _provoke(desktop, provider, plan)
    same("false", exchange.header("x-should-retry"), "x-should-retry", hop=_HOP)


@requirement(
    "ERR-06",
    SHOULD,
    source="observed: the client prints request-id in its error message",
    why="A user's screenshot cannot be matched with any log.",
    fix="Pass request-id on, or set one of the gateway's own.",
)
def test_request_id_is_there(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """An error carries a request-id header."""
    exchange = _provoke(desktop, provider, Plan(status=500, error={"message": "No"}))
    expect(exchange.header("request-id"), "a request-id header", "none", hop=_HOP)


@requirement(
    "ERR-07",
    MUST,
    source="official: return upstream errors unmodified, body as well as status",
    why="Recovery that depends on type and wording no longer works.",
    fix="Pass the error body on byte for byte; do not wrap or translate the envelope.",
)
def test_error_body_is_unchanged(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The provider's error envelope arrives unchanged: type, error.type, message, request_id."""
    error = {
        "type": "invalid_request_error",
        "message": "tools.0.custom.input_examples: Extra inputs",
    }
    for stream in (False, True):
        exchange = _provoke(desktop, provider, Plan(status=400, error=error), stream=stream)
        body = exchange.json()
        came = body if isinstance(body, dict) else {}
        same("error", came.get("type"), "the envelope's type", hop=_HOP)
        same(error, came.get("error"), "the envelope's error", hop=_HOP)


@requirement(
    "ERR-08",
    MUST,
    source="field: malformed JSON answered with 500, which clients retry ten times",
    why="One broken client floods the gateway with retries.",
    fix="Answer malformed JSON with 400.",
)
def test_malformed_json_is_a_client_error(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A body that is no JSON is answered with a 400, not with a server error."""
    engine = desktop.engine
    broken = b'{"model": "claude-sonnet-4-5", "messages": ['
    request = engine.request("/v1/messages?beta=true", broken, ("claude-code-20250219",))
    turn = engine.send("a turn with broken JSON", request)
    refused(turn, "a body that is no JSON", (400, 422))


@requirement(
    "ERR-09",
    MUST,
    source="guide: if the gateway cannot reach a provider the client shows the connection error",
    why="The client hangs, or takes a failure for an answer.",
    fix="Answer 502, 503 or 504 when no provider answers.",
)
def test_dead_provider_is_a_server_error(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A provider that drops the connection before answering becomes a 5xx."""
    exchange = _provoke(desktop, provider, Plan(drop=True))
    expect(
        exchange.status is not None and 500 <= exchange.status < 600,
        "a 5xx answer when every provider drops the connection",
        exchange.summary(),
        hop=_HOP,
    )


@requirement(
    "ERR-10",
    SHOULD,
    source="field: gateways that answer with addresses, exceptions and stack traces of their own",
    why="Internal addresses and code end up on users' screens and in tickets.",
    fix="Answer with a sentence of the gateway's own; keep details in its log.",
)
def test_server_error_leaks_nothing(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The error for a dead provider is readable and names no internal address, exception or trace."""
    exchange = _provoke(desktop, provider, Plan(drop=True))
    readable_error(exchange, "the error for a dead provider")
    marks = ("127.0.0.1", "localhost", "Traceback", "ECONN", "node:internal", "fetch failed")
    found = [mark for mark in marks if mark in exchange.text]
    expect(
        not found,
        "an error without internal addresses, exception names or traces",
        f"{', '.join(found)} in {exchange.text[:200]!r}",
    )


@requirement(
    "ERR-11",
    MUST,
    source="observed: 413 is shown as 'Request too large', any other status is not",
    why="The user is not told that the attachment was too large.",
    fix=_KEEP,
)
def test_too_large_stays(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A 413 of the provider stays a 413."""
    plan = Plan(status=413, error={"message": "Request exceeds the maximum size"})
    same(413, _provoke(desktop, provider, plan).status, "the status", hop=_HOP)


@requirement(
    "ERR-12",
    MUST,
    source="observed: 403 is final, 401 and 5xx are retried for three minutes",
    why="A refusal by policy is repeated for three minutes, or shown as a wrong key.",
    fix=_KEEP,
)
def test_permission_error_stays(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A 403 of the provider stays a 403 with its message."""
    error = {"type": "permission_error", "message": "Your organization may not use this model"}
    exchange = _provoke(desktop, provider, Plan(status=403, error=error))
    same(403, exchange.status, "the status", hop=_HOP)
    same(error["message"], exchange.error_message, "error.message", hop=_HOP)


@requirement(
    "ERR-13",
    MUST,
    source="field: provider error pages in HTML answered as 200, or with the status lost",
    why="The client shows a malformed answer instead of the outage.",
    fix="Pass the status on whatever the body is.",
)
def test_html_error_page_keeps_its_status(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A provider's 503 with an HTML page stays a 503."""
    page = "<html><head><title>503 Service Unavailable</title></head><body>busy</body></html>"
    plan = Plan(status=503, body=page, headers={"content-type": "text/html"})
    exchange = _provoke(desktop, provider, plan)
    same(503, exchange.status, "the status", hop=_HOP, silent=exchange.status == 200)


@requirement(
    "ERR-14",
    SHOULD,
    source="observed: the client itself repeats a failed request up to ten times",
    why="Retries multiply: a gateway that tries six times makes 66 calls of one failing turn.",
    fix="Leave retries to the client, or try a provider three times at most.",
)
def test_gateway_does_not_hammer_the_provider(
    desktop: DesktopApp, provider: ScriptedProvider
) -> None:
    """A failing provider is tried at most three times for one request."""
    script = provider.everywhere(Plan(status=500, error={"message": "No"}))
    desktop.engine.turn(script.text, stream=False)
    names = [receipt.provider for receipt in provider.receipts(script)]
    most = max((names.count(name) for name in set(names)), default=0)
    expect(1 <= most <= 3, "1 to 3 attempts at one provider", f"{most}", hop="gateway → provider")


def _provoke(
    desktop: DesktopApp, provider: ScriptedProvider, plan: Plan, *, stream: bool = False
) -> Exchange:
    """A turn that fails at every provider, so that no fallback can hide it."""
    return desktop.engine.turn(provider.everywhere(plan).text, stream=stream).exchange
