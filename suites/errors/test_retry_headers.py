"""Headers of an error that say when, whether and under which number to come back."""

from gatecert.suite import (
    MAY,
    MUST,
    SHOULD,
    Desktops,
    Plan,
    ScriptedProvider,
    expect,
    hints,
    provoked,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
_KEEP = "Pass the provider's retry-after and x-should-retry on; do not wait them out yourself."
_DATE = "Thu, 31 Dec 2099 23:59:59 GMT"


@requirement(
    "ERR-34",
    MUST,
    source="observed: a retry-after of up to 60 s is waited for exactly, without one the client backs off",
    why="The client comes back too early and is refused again, or waits far longer than it need.",
    fix=_KEEP,
    since="0.2",
    hints=hints.STATUS_UNCHANGED,
)
def test_short_retry_after_arrives_at_once(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A short retry-after arrives unchanged on 429, 503 and 529, and at once: nobody waits it out."""
    for status in (429, 503, 529):
        error = {"message": f"Come back soon ({status})"}
        plan = Plan(status=status, error=error, headers={"retry-after": "20"})
        for exchange, turn in provoked(desktops, provider, plan):
            what = f"{turn}, which every provider refuses with {status} and retry-after: 20,"
            expect(
                exchange.status == status or (status >= 500 and exchange.status in range(500, 600)),
                f"{what} to end in that error at once",
                exchange.summary(),
                hop=_HOP,
            )
            same("20", exchange.header("retry-after"), f"retry-after of {what}", hop=_HOP)


@requirement(
    "ERR-35",
    SHOULD,
    source="observed: newer SDKs wait for a retry-after that is a date, and for retry-after-ms",
    why="Programs beside the desktop come back at the wrong time, and use up what is left of the limit.",
    fix="Pass retry-after on in the form it came, and retry-after-ms with it.",
    since="0.2",
)
def test_other_forms_of_retry_after_stay(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A retry-after that is a date arrives as that moment, and retry-after-ms unchanged."""
    headers = {"retry-after": _DATE, "retry-after-ms": "1500"}
    plan = Plan(status=429, error={"message": "Come back later"}, headers=headers)
    for exchange, turn in provoked(desktops, provider, plan):
        came = exchange.header("retry-after")
        expect(
            came is not None and (came == _DATE or came.isdecimal()),
            f"retry-after of {turn} to be {_DATE}, or the seconds until then",
            came or "none",
            hop=_HOP,
            silent=True,
        )
        same("1500", exchange.header("retry-after-ms"), f"retry-after-ms of {turn}", hop=_HOP)


@requirement(
    "ERR-36",
    SHOULD,
    source="observed: x-should-retry decides over the status, in both directions",
    why="What would pass on a second try is given up, or a hopeless request is repeated for minutes.",
    fix="Pass x-should-retry on with every status.",
    since="0.2",
    hints=hints.STATUS_UNCHANGED,
)
def test_should_retry_passes_in_both_directions(
    desktops: Desktops, provider: ScriptedProvider
) -> None:
    """x-should-retry arrives unchanged: true on a refusal, false on a server error."""
    for status, told in ((400, "true"), (500, "false")):
        plan = Plan(status=status, error={"message": "No"}, headers={"x-should-retry": told})
        for exchange, turn in provoked(desktops, provider, plan):
            came = exchange.header("x-should-retry")
            same(told, came, f"x-should-retry of {turn} with a {status}", hop=_HOP)


@requirement(
    "ERR-37",
    MAY,
    source="observed: the client prints request-id; the body carries the same number as request_id",
    why="Support is given one number by the user and finds another in the body's log.",
    fix="Pass request-id on, or write your own into header and body alike.",
    since="0.2",
)
def test_request_ids_agree(desktops: Desktops, provider: ScriptedProvider) -> None:
    """request-id of an error and request_id in its body are the same number."""
    plan = Plan(status=500, error={"type": "api_error", "message": "No"})
    for exchange, turn in provoked(desktops, provider, plan):
        body = exchange.json()
        inside = body.get("request_id") if isinstance(body, dict) else None
        header = exchange.header("request-id")
        expect(
            not inside or not header or inside == header,
            f"one number in header and body of the error of {turn}",
            f"request-id: {header}, and request_id {inside!r} in the body",
            hop=_HOP,
        )
