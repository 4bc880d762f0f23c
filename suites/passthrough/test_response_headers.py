"""What the provider's headers look like when they reach the client."""

from collections.abc import Iterator, Mapping, Sequence

from gatecert.suite import (
    MAY,
    SHOULD,
    DesktopApp,
    Exchange,
    Plan,
    ScriptedProvider,
    answered,
    expect,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
_OPEN = "Pass the provider's end-to-end headers on, with streams and errors as well."
_LIMITS = {
    "anthropic-ratelimit-requests-limit": "4000",
    "anthropic-ratelimit-requests-remaining": "3999",
    "anthropic-ratelimit-requests-reset": "2026-11-24T12:00:00Z",
    "anthropic-ratelimit-input-tokens-remaining": "1990000",
    "anthropic-ratelimit-unified-status": "allowed_warning",
}
_UNKNOWN = {
    "x-gatecert-note": "kept, or not",
    "cf-ray": "8f0a1b2c3d4e5f60-FRA",
    "server-timing": "p;dur=7",
}


@requirement(
    "PASS-15",
    SHOULD,
    source="observed: the client prints request-id when an answer cannot be used, whole or streamed",
    why="A user's screenshot of a bad answer cannot be matched with any log.",
    fix="Pass request-id on, or set one of your own, on answers as well as on errors.",
    since="0.2",
)
def test_answers_carry_a_request_id(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Answers carry a request-id header, whole and streamed."""
    for exchange, what in _answers(desktop, provider, {}):
        if exchange.status == 200:  # errors have a requirement of their own
            came = f"the headers {', '.join(name for name, _ in exchange.headers)}"
            found = exchange.header("request-id")
            expect(found, f"a request-id header on {what}", came, hop=_HOP)


@requirement(
    "PASS-16",
    SHOULD,
    source="official: treat headers as an open list; the provider tells limits in anthropic-ratelimit-*",
    why="Programs that slow down in time run into the limit instead, and users into refusals.",
    fix=_OPEN,
    since="0.2",
)
def test_rate_limit_headers_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """anthropic-ratelimit-* of answers, streams and errors arrive unchanged."""
    _arrive(desktop, provider, _LIMITS, 429)


@requirement(
    "PASS-17",
    SHOULD,
    source="official: treat headers as an open list, as the provider adds to it",
    why="What newer clients read from the provider's headers is lost, without a word.",
    fix=_OPEN,
    since="0.2",
)
def test_anthropic_response_headers_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """anthropic-organization-id, and an anthropic-* header that nobody knows, arrive unchanged."""
    headers = {
        "anthropic-organization-id": "0badc0de-0000-4000-8000-000000000001",
        "anthropic-gatecert-future": 'v=1; note="a, b"',
    }
    _arrive(desktop, provider, headers, 400)


@requirement(
    "PASS-18",
    MAY,
    source="official: treat headers as an open list",
    why="Support of the provider cannot follow an answer through its own network.",
    fix=_OPEN,
    since="0.2",
)
def test_unknown_response_headers_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Further headers of answers, streams and errors arrive unchanged."""
    _arrive(desktop, provider, _UNKNOWN, 400)


@requirement(
    "PASS-19",
    MAY,
    source="standard: RFC 9110, several lines of a list header are one list",
    why="Of several notices of the provider one is left.",
    fix="Pass every line of a header on, or join them with commas.",
    since="0.2",
)
def test_repeated_response_header_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A response header of two lines arrives with the values of both, in their order."""
    lines = ["deprecated 2027-01-01", "moved 2027-06-01"]
    for exchange, what in _answers(desktop, provider, {"anthropic-notice": lines}):
        came = [value.strip() for value in (exchange.header("anthropic-notice") or "").split(",")]
        same(lines, came, f"the lines of anthropic-notice on {what}", hop=_HOP)


@requirement(
    "PASS-20",
    SHOULD,
    source="field: JSON that is labelled as text or as a download is not read by clients and proxies",
    why="Programs that go by the type see no error message, or no answer.",
    fix="Keep the provider's content-type.",
    since="0.2",
)
def test_content_type_stays(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Whole answers and errors are labelled application/json."""
    for exchange, what in _answers(desktop, provider, {}):
        if what != "a stream":  # streams have a requirement of their own
            kind = (exchange.header("content-type") or "none").partition(";")[0].strip().lower()
            same("application/json", kind, f"the content type of {what}", hop=_HOP)


def _answers(
    desktop: DesktopApp,
    provider: ScriptedProvider,
    headers: Mapping[str, str | Sequence[str]],
    refusal: int = 400,
) -> Iterator[tuple[Exchange, str]]:
    """A stream, a whole answer, and an error with these headers of the provider; what each is."""
    for stream, what in ((True, "a stream"), (False, "a whole answer")):
        script = provider.script(Plan(headers=headers))
        yield answered(desktop.engine.turn(script.text, stream=stream), what), what
    script = provider.everywhere(Plan(status=refusal, error={"message": "No"}, headers=headers))
    exchange = desktop.engine.turn(script.text).exchange
    expect(
        exchange.status is not None and exchange.status >= 400,
        f"a turn that the provider refuses with {refusal} to fail",
        exchange.summary(),
        hop=_HOP,
    )
    yield exchange, "an error"


def _arrive(
    desktop: DesktopApp, provider: ScriptedProvider, headers: Mapping[str, str], refusal: int
) -> None:
    provider.settle()
    for exchange, what in _answers(desktop, provider, headers, refusal):
        for name, value in headers.items():
            same(value, exchange.header(name), f"{name} on {what}", hop=_HOP)
