"""Errors of the provider and of the client on their way back."""

import json
import re

from gatecert.suite import (
    MUST,
    SHOULD,
    DesktopApp,
    Desktops,
    Exchange,
    Plan,
    ScriptedProvider,
    Target,
    answered,
    expect,
    hints,
    provoked,
    readable_error,
    refused,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
_KEEP = "Pass the provider's status, headers and body on unchanged, for streaming requests too."
# addresses of private networks, and what runtimes and proxies call their own failures
_INSIDE = re.compile(
    r"\b(?:127(?:\.\d+){3}|10(?:\.\d+){3}|192\.168(?:\.\d+){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d+){2}"
    r"|localhost|[A-Z]\w*(?:Error|Exception)|ECONN\w+|Traceback|node:internal|fetch failed|dial tcp"
    r"|upstream connect error)\b"
)


@requirement(
    "ERR-01",
    MUST,
    source="official: recovery matches the wording 'prompt is too long', so errors pass unmodified",
    why="Long conversations end in an error instead of being compacted.",
    fix="Pass the provider's error body on word for word; no prefix, no wrapper.",
    hints=hints.STATUS_UNCHANGED,
)
def test_prompt_too_long_keeps_its_wording(desktops: Desktops, provider: ScriptedProvider) -> None:
    """The 400 for a prompt that is too long keeps its exact message."""
    message = "prompt is too long: 210000 tokens > 200000 maximum"
    error = {"type": "invalid_request_error", "message": message}
    for exchange, turn in provoked(desktops, provider, Plan(status=400, error=error)):
        same(400, exchange.status, f"the status of {turn}", hop=_HOP)
        same(message, _words(exchange), f"error.message of {turn}", hop=_HOP)


@requirement(
    "ERR-02",
    MUST,
    source="observed: retry-after up to 60 s is waited for, above it the client stops at once",
    why="The client retries too early, or for three minutes what is lost for an hour.",
    fix=_KEEP,
    hints={
        **hints.STATUS_UNCHANGED,
        "portkey": "no retry.use_retry_after_header: with it an npm install of 1.15.2 answers 500",
    },
)
def test_rate_limit_keeps_retry_after(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A 429 keeps its status, its message and its retry-after."""
    error = {"type": "rate_limit_error", "message": "This request would exceed the rate limit"}
    plan = Plan(status=429, error=error, headers={"retry-after": "61"})
    for exchange, turn in provoked(desktops, provider, plan):
        same(429, exchange.status, f"the status of {turn}", hop=_HOP)
        same("61", exchange.header("retry-after"), f"retry-after of {turn}", hop=_HOP)
        same(error["message"], _words(exchange), f"error.message of {turn}", hop=_HOP)


@requirement(
    "ERR-03",
    MUST,
    source="observed: an Opus model's 529 is tried three times, a 500 eleven times",
    why="An overloaded provider is hammered, and users wait three minutes instead of seconds.",
    fix="Keep 529; do not fold it into 500 or 503.",
    hints=hints.STATUS_UNCHANGED,
)
def test_overload_stays_overload(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A 529 of every provider stays a 529."""
    plan = Plan(status=529, error={"message": "Overloaded"})
    for exchange, turn in provoked(desktops, provider, plan):
        same(529, exchange.status, f"the status of {turn}", hop=_HOP)


@requirement(
    "ERR-04",
    MUST,
    source="official: return upstream errors unmodified, status as well as body",
    why="Server faults are taken for client mistakes or for success.",
    fix=_KEEP,
    hints=hints.STATUS_UNCHANGED,
)
def test_server_error_stays(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A 500 of every provider stays a 500 with its message."""
    error = {"type": "api_error", "message": "Internal server error at the provider"}
    for exchange, turn in provoked(desktops, provider, Plan(status=500, error=error)):
        same(500, exchange.status, f"the status of {turn}", hop=_HOP)
        same(error["message"], _words(exchange), f"error.message of {turn}", hop=_HOP)


@requirement(
    "ERR-05",
    MUST,
    source="observed: x-should-retry: false stops every retry",
    why="Hopeless requests are repeated for three minutes.",
    fix="Pass x-should-retry on.",
    hints={
        **hints.ERRORS_KEPT,
        "nginx": "no proxy_hide_header x-should-retry",
    },
)
def test_should_retry_passes(desktops: Desktops, provider: ScriptedProvider) -> None:
    """x-should-retry reaches the client."""
    plan = Plan(status=429, headers={"x-should-retry": "false"}, error={"message": "Budget spent"})
    for exchange, turn in provoked(desktops, provider, plan):
        same("false", exchange.header("x-should-retry"), f"x-should-retry of {turn}", hop=_HOP)


@requirement(
    "ERR-06",
    SHOULD,
    source="observed: the client prints request-id in its error message",
    why="A user's screenshot cannot be matched with any log.",
    fix="Pass request-id on, or set one of the gateway's own.",
    hints={
        "nginx": "no proxy_hide_header request-id",
    },
)
def test_request_id_is_there(desktops: Desktops, provider: ScriptedProvider) -> None:
    """An error carries a request-id header."""
    for exchange, turn in provoked(desktops, provider, Plan(status=500, error={"message": "No"})):
        found = exchange.header("request-id")
        expect(
            found,
            f"a request-id header on the error of {turn}",
            f"an error without one ({exchange.summary()})",
            hop=_HOP,
        )


@requirement(
    "ERR-07",
    MUST,
    source="official: return upstream errors unmodified, body as well as status",
    why="Recovery that depends on type and wording no longer works.",
    fix="Pass the error body on byte for byte; do not wrap or translate the envelope.",
    hints=hints.STATUS_UNCHANGED,
)
def test_error_body_is_unchanged(desktops: Desktops, provider: ScriptedProvider) -> None:
    """The provider's error envelope arrives unchanged: type, error.type, message, request_id."""
    envelope = {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "message": "tools.0.custom.input_examples: Extra inputs are not permitted",
        },
        "request_id": "req_gatecert0000000000000001",
    }
    plan = Plan(status=400, body=json.dumps(envelope))
    for exchange, turn in provoked(desktops, provider, plan):
        body = exchange.json()
        # a field of the gateway's own beside these does no harm
        kept = {k: v for k, v in body.items() if k in envelope} if isinstance(body, dict) else body
        same(envelope, kept, f"the error envelope of {turn}", hop=_HOP)


@requirement(
    "ERR-08",
    MUST,
    source="field: malformed JSON answered with 500, which clients retry ten times",
    why="One broken client floods the gateway with retries.",
    fix="Answer malformed JSON with 400.",
)
def test_malformed_json_is_a_client_error(desktop: DesktopApp) -> None:
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
def test_dead_provider_is_a_server_error(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A provider that drops the connection before answering becomes a 5xx."""
    for exchange, turn in provoked(desktops, provider, Plan(drop=True)):
        expect(
            exchange.status is not None and 500 <= exchange.status < 600,
            f"a 5xx answer to {turn} when every provider drops the connection",
            exchange.summary(),
            hop=_HOP,
        )


@requirement(
    "ERR-10",
    SHOULD,
    source="field: gateways that answer with addresses, exceptions and stack traces of their own",
    why="Internal addresses and code end up on users' screens and in tickets.",
    fix="Answer with a sentence of the gateway's own; keep details in its log.",
    hints={
        "nginx": "error_page 502 504 = @down, whose location returns a sentence",
        "envoy": "a text of your own in local_reply_config instead of %LOCAL_REPLY_BODY%",
        "haproxy": "http-error status 503 content-type application/json string ...",
    },
)
def test_server_error_leaks_nothing(
    desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """The error for a dead provider names no internal address, exception or trace."""
    address = target.upstream_url.partition("://")[2]
    for exchange, turn in provoked(desktops, provider, Plan(drop=True)):
        found = {match.group() for match in _INSIDE.finditer(exchange.text)}
        found |= {address} if address in exchange.text else set()
        expect(
            not found,
            "an error without internal addresses, exception names or traces",
            f"{', '.join(sorted(found))} in the answer to {turn}: {exchange.text[:200]!r}",
            hop=_HOP,
        )


@requirement(
    "ERR-11",
    MUST,
    source="observed: 413 is shown as 'Request too large', any other status is not",
    why="The user is not told that the attachment was too large.",
    fix=_KEEP,
    hints=hints.STATUS_UNCHANGED,
)
def test_too_large_stays(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A 413 of the provider stays a 413."""
    plan = Plan(status=413, error={"message": "Request exceeds the maximum size"})
    for exchange, turn in provoked(desktops, provider, plan):
        same(413, exchange.status, f"the status of {turn}", hop=_HOP)


@requirement(
    "ERR-12",
    MUST,
    source="observed: 403 is final; 401 means a wrong key to the client, and 5xx is retried for three minutes",
    why="A refusal by policy is shown as a wrong key, or repeated for three minutes.",
    fix=_KEEP,
    hints=hints.STATUS_UNCHANGED,
)
def test_permission_error_stays(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A 403 of the provider stays a 403 with its message."""
    error = {"type": "permission_error", "message": "Your organization may not use this model"}
    for exchange, turn in provoked(desktops, provider, Plan(status=403, error=error)):
        same(403, exchange.status, f"the status of {turn}", hop=_HOP)
        same(error["message"], _words(exchange), f"error.message of {turn}", hop=_HOP)


@requirement(
    "ERR-13",
    MUST,
    source="field: provider error pages in HTML answered as 200, or with the status lost",
    why="The client shows a malformed answer instead of the outage.",
    fix="Pass the status on whatever the body is.",
    hints=hints.STATUS_UNCHANGED,
)
def test_html_error_page_keeps_its_status(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A provider's 503 with an HTML page stays a 503."""
    page = "<html><head><title>503 Service Unavailable</title></head><body>busy</body></html>"
    plan = Plan(status=503, body=page, headers={"content-type": "text/html"})
    for exchange, turn in provoked(desktops, provider, plan):
        same(503, exchange.status, f"the status of {turn}", hop=_HOP)


@requirement(
    "ERR-14",
    SHOULD,
    source="observed: the client itself repeats a failed request up to ten times",
    why="Retries multiply: a gateway that tries six times makes 66 calls of one failing turn.",
    fix="Leave retries to the client, or try a provider three times at most.",
    hints=hints.FEW_RETRIES,
)
def test_gateway_does_not_hammer_the_provider(
    desktop: DesktopApp, provider: ScriptedProvider
) -> None:
    """A failing provider is tried at most three times for one request."""
    for stream in (False, True):
        provider.settle()
        script = provider.everywhere(Plan(status=500, error={"message": "No"}))
        desktop.engine.turn(script.text, stream=stream)
        names = [receipt.provider for receipt in provider.receipts(script)]
        most = max((names.count(name) for name in set(names)), default=0)
        expect(
            1 <= most <= 3,
            "1 to 3 attempts at one provider",
            f"{most} attempts",
            hop="gateway → provider",
        )


@requirement(
    "ERR-15",
    SHOULD,
    source="official: gateway errors are shown to the user with error.message",
    why="In an outage the user reads markup or a bare number instead of a sentence.",
    fix="Answer the gateway's own errors in the JSON error envelope, with a sentence in error.message.",
    hints=hints.JSON_ERRORS,
)
def test_own_error_is_readable(desktops: Desktops, provider: ScriptedProvider) -> None:
    """The error for a dead provider carries JSON with a message for the user."""
    for exchange, turn in provoked(desktops, provider, Plan(drop=True)):
        readable_error(exchange, f"the answer to {turn} when every provider drops the connection")


@requirement(
    "ERR-16",
    SHOULD,
    source="field: one failing call starts a cool-down that turns later good requests into 429",
    why="One hiccup of the provider locks everybody out, although it is well again.",
    fix="Try the provider again on the next request; keep a cool-down for repeated failures.",
    hints={
        "litellm": "router_settings.disable_cooldowns: true",
        "apache": "retry=0 on ProxyPass",
        "envoy": "consecutive_5xx of outlier_detection",
        "nginx": "max_fails=0 on the servers of the upstream",
    },
)
def test_provider_is_tried_again(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """After one turn that every provider failed, the next turn is answered."""
    desktop.engine.turn(provider.everywhere(Plan(status=529)).text)
    good = provider.script()
    turn = desktop.engine.turn(good.text)
    answered(turn, "a good turn right after a failed one")
    same(good.answer, turn.text, "the answer's text", hop=_HOP)


def _words(exchange: Exchange) -> str:
    """The error's message, or what came in its place."""
    return exchange.error_message or exchange.summary()
