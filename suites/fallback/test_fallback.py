"""Fallback: the turn survives, once, and only when it should."""

from typing import Any

from gatecert.suite import (
    MUST,
    SHOULD,
    Block,
    DesktopApp,
    NotApplicable,
    Plan,
    Receipt,
    ScriptedProvider,
    Target,
    a_receipt,
    answered,
    carriers,
    expect,
    faults,
    hints,
    refused,
    requirement,
    same,
)

_PROMISED = ["fallback"]
_UNREACHABLE = ["fallback.connection", "models.unreachable_primary"]
_STREAMED = ["fallback.streams"]
_BACKUP_TEXT = "Answered by the backup provider."
_HOP = "gateway → provider"
# statuses that other requirements are about
_ELSEWHERE = (429, 500, 529)
_WHY = "The provider's outage becomes the user's outage, although a backup stands ready."
_OVERLOAD = "Add 529 to the statuses that trigger the fallback; many defaults leave it out."


@requirement(
    "FALL-01",
    MUST,
    source="guide: FAQ, configured fallbacks route to a backup provider",
    why=_WHY,
    fix=_OVERLOAD,
    needs=["fallback.529"],
    hints=hints.FALLBACK_ON_OVERLOAD,
)
def test_overload_falls_back(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A turn without stream survives a 529 of the primary."""
    _survives(desktop, provider, Plan(status=529), stream=False)


@requirement(
    "FALL-02",
    MUST,
    source="guide: FAQ, configured fallbacks route to a backup provider",
    why=_WHY,
    fix="Trigger the fallback on 500.",
    needs=["fallback.500"],
    hints=hints.FALLBACK_ON_FAILURE,
)
def test_server_error_falls_back(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A turn without stream survives a 500 of the primary."""
    _survives(desktop, provider, Plan(status=500), stream=False)


@requirement(
    "FALL-03",
    MUST,
    source="guide: FAQ, configured fallbacks route to a backup provider",
    why=_WHY,
    fix=_OVERLOAD,
    needs=["fallback.529", *_STREAMED],
    hints=hints.FALLBACK_ON_OVERLOAD,
)
def test_overload_falls_back_streamed(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A streamed turn survives a 529 of the primary."""
    _survives(desktop, provider, Plan(status=529), stream=True)


@requirement(
    "FALL-04",
    MUST,
    source="guide: FAQ, configured fallbacks route to a backup provider",
    why=_WHY,
    fix="Trigger the fallback on 500 for streaming requests too.",
    needs=["fallback.500", *_STREAMED],
    hints=hints.FALLBACK_ON_FAILURE,
)
def test_server_error_falls_back_streamed(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A streamed turn survives a 500 of the primary."""
    _survives(desktop, provider, Plan(status=500), stream=True)


@requirement(
    "FALL-05",
    MUST,
    source="guide: platform checklist, fallback by simulated failure",
    why=_WHY,
    fix="Treat a refused connection like a 5xx of the primary.",
    needs=_UNREACHABLE,
    hints=hints.FALLBACK_ON_REFUSAL,
)
def test_refused_connection_falls_back(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """A turn survives a primary that refuses connections."""
    _survives_unreachable(desktop, provider, target, stream=False)


@requirement(
    "FALL-06",
    MUST,
    source="guide: platform checklist, fallback by simulated failure",
    why=_WHY,
    fix="Treat a refused connection like a 5xx of the primary, for streaming requests too.",
    needs=[*_UNREACHABLE, *_STREAMED],
    hints=hints.FALLBACK_ON_REFUSAL,
)
def test_refused_connection_falls_back_streamed(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """A streamed turn survives a primary that refuses connections."""
    _survives_unreachable(desktop, provider, target, stream=True)


@requirement(
    "FALL-07",
    MUST,
    source="guide: the backup is used when the primary fails",
    why="Every turn is paid twice, or answered by the wrong provider.",
    fix="Call the backup only after the primary has failed.",
    needs=_PROMISED,
)
def test_healthy_primary_is_left_alone(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """While the primary answers, the backup is never called."""
    scripts = [provider.script(), provider.script()]
    for script, stream in zip(scripts, (False, True), strict=True):
        answered(desktop.engine.turn(script.text, stream=stream), "a turn")
    for number, script in enumerate(scripts):
        called = {r.provider for r in provider.receipts(script, late=number == 0)}
        same(["primary"], sorted(called), "the providers called", hop=_HOP)


@requirement(
    "FALL-08",
    SHOULD,
    source="field: a client's own mistake replayed at every provider",
    why="Each mistake costs one call at every provider, and the wrong error comes back.",
    fix="Limit the fallback to 429 and 5xx.",
    needs=_PROMISED,
    hints={
        "portkey": "strategy.on_status_codes: [429, 500, 502, 503, 504, 529]; without it every error falls back",
    },
)
def test_client_mistake_does_not_fall_back(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A 400 of the primary is returned, not replayed at the backup."""
    script = provider.script(Plan(status=400, error={"message": "messages: bad block"}))
    refused(desktop.engine.turn(script.text, stream=False), "a client's own mistake", (400,))
    called = {r.provider for r in provider.receipts(script)}
    same(["primary"], sorted(called), "the providers called", hop=_HOP)


@requirement(
    "FALL-09",
    MUST,
    source="official: errors are returned; field: a failed fallback answered as 200",
    why="An outage looks like an empty answer.",
    fix="When the backup fails too, return its error with its status.",
    needs=_PROMISED,
)
def test_both_failing_is_an_error(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """When primary and backup both fail, the client gets an error status."""
    for stream in (False, True):
        provider.settle()
        script = provider.script(Plan(status=529), Plan(status=500))
        turn = desktop.engine.turn(script.text, stream=stream)
        refused(turn, "a turn that every provider refuses", range(500, 600))


@requirement(
    "FALL-10",
    MUST,
    source="field: the backup's events spliced behind the primary's in one answer",
    why="The user reads two answers run into one, and tools run twice.",
    fix="Fall back only before the first byte of the answer has been passed on.",
    needs=_PROMISED,
)
def test_answers_are_not_spliced(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """When the primary fails in the middle of a stream, nothing of the backup is spliced in."""
    primary = Plan(blocks=[Block("text", ["From the primary. "] * 10)], cut_events=9)
    backup = Plan(blocks=[Block("text", [_BACKUP_TEXT])])
    script = provider.script(primary, backup)
    turn = desktop.engine.turn(script.text)
    cut = [r for r in provider.receipts(script) if r.outcome == "cut"]
    expect(cut, "the turn to reach the primary, which cuts it", turn.exchange.summary(), hop=_HOP)
    begun = "From the primary" in turn.exchange.text
    continued = _BACKUP_TEXT in turn.exchange.text
    expect(
        not (begun and continued),
        "one provider's answer, whole or broken off",
        "the events of both providers in one stream",
        hop="provider → gateway → client",
        silent=True,
    )


@requirement(
    "FALL-11",
    MUST,
    source="field: fallback routes with their own allow-lists and models",
    why="During an outage tools, instructions or features vanish without a word.",
    fix="Send the backup the same request: body, anthropic-beta and anthropic-version.",
    needs=_PROMISED,
    hints={
        "portkey": 'forward_headers: ["anthropic-beta", "anthropic-version"] on every target',
    },
)
def test_backup_gets_the_whole_request(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """After a fallback the backup has received the same body, betas and version that the primary did."""
    for stream in _streams(target):
        provider.settle()
        script = provider.script(faults.failure(target))
        turn = desktop.engine.turn(script.text, stream=stream)
        answered(turn, "a turn whose primary fails")
        receipts = provider.receipts(script)
        primary, backup = a_receipt(receipts), a_receipt(receipts, "backup")
        # the backup may know the model by another name
        same(_but_model(primary), _but_model(backup), "the body at the backup", hop=_HOP)
        for name in ("anthropic-beta", "anthropic-version"):
            same(primary.header(name), backup.header(name), f"{name} at the backup", hop=_HOP)


@requirement(
    "FALL-12",
    MUST,
    source="guide: the gateway holds the provider's credential, the user only the gateway's",
    why="The gateway key of every user is disclosed to the backup provider in each outage.",
    fix="Drop the client's credential on the fallback route as well.",
    needs=[*_PROMISED, "holds_provider_key"],
    hints={
        "nginx": 'repeat proxy_set_header Authorization "" in the location of the backup',
        "haproxy": "http-request del-header authorization in the frontend",
    },
)
def test_key_does_not_reach_the_backup(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """After a fallback the client's gateway key has not reached the backup."""
    script = provider.script(faults.failure(target))
    answered(desktop.engine.turn(script.text), "a turn whose primary fails")
    receipts = [r for r in provider.receipts(script) if r.provider == "backup"]
    expect(receipts, "a request at the backup", "an answer without one", hop=_HOP)
    found = [place for receipt in receipts for place in carriers(receipt, target.api_key)]
    expect(
        not found,
        "a request without the client's gateway key",
        f"the key in {', '.join(found)} at the backup",
        hop=_HOP,
        silent=True,
    )


@requirement(
    "FALL-13",
    MUST,
    source="field: a list of statuses for the fallback that names 500 alone; SDKs and load balancers answer 502 to 504",
    why=_WHY,
    fix="Trigger the fallback on 502, 503 and 504 too, for streaming requests as well.",
    needs=_PROMISED,
    since="0.2",
    hints={
        "nginx": "http_502 http_503 http_504 in proxy_next_upstream, beside non_idempotent",
        "portkey": "502, 503 and 504 among strategy.on_status_codes",
    },
)
def test_failure_of_any_status_falls_back(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """A turn survives a 502, a 503 and a 504 of the primary, or what else is promised, streamed and not."""
    promised = [status for status in target.fallback.statuses if status not in _ELSEWHERE]
    if not promised:
        raise NotApplicable("[fallback] statuses name no other than 429, 500 and 529")
    for status in promised:
        for stream in _streams(target):
            provider.settle()
            _survives(desktop, provider, Plan(status=status), stream=stream)


@requirement(
    "FALL-14",
    MUST,
    source="field: fallbacks that look at statuses only; a crashed or restarted provider sends none",
    why=_WHY,
    fix="Treat a connection that the primary closes before its answer like a 5xx.",
    needs=["fallback.connection"],
    since="0.2",
    hints={
        "envoy": "retry_on: reset",
        "haproxy": "retry-on empty-response with option redispatch",
        "nginx": "error in proxy_next_upstream, beside non_idempotent",
    },
)
def test_dropped_connection_falls_back(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """A turn survives a primary that closes the connection before its answer, streamed and not."""
    for stream in _streams(target):
        provider.settle()
        _survives(desktop, provider, Plan(drop=True), stream=stream)


@requirement(
    "FALL-15",
    SHOULD,
    source="field: fallback routes with their own header lists and fixed paths",
    why="During an outage the conversation cannot be followed, nor its cost be booked where it belongs.",
    fix="Send the backup the same query and headers as the primary; only the credential and the host differ.",
    needs=_PROMISED,
    since="0.2",
    hints={"portkey": "the same forward_headers on every target"},
)
def test_backup_gets_query_and_headers(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """What the primary receives of query, session id and custom headers, the backup receives too."""
    for stream in _streams(target):
        provider.settle()
        script = provider.script(faults.failure(target))
        turn = desktop.engine.turn(script.text, stream=stream)
        answered(turn, "a turn whose primary fails")
        receipts = provider.receipts(script)
        primary, backup = a_receipt(receipts), a_receipt(receipts, "backup")
        same(primary.query, backup.query, "the query at the backup", hop=_HOP)
        for name in ("X-Claude-Code-Session-Id", "x-app", *target.headers):
            same(primary.header(name), backup.header(name), f"{name} at the backup", hop=_HOP)


def _streams(target: Target) -> tuple[bool, ...]:
    """Without a stream, and with one where the fallback is promised for streams."""
    return (False,) if target.lacks("fallback.streams") else (False, True)


def _but_model(receipt: Receipt) -> Any:
    body = receipt.json()
    return {k: v for k, v in body.items() if k != "model"} if isinstance(body, dict) else body


def _survives(
    desktop: DesktopApp, provider: ScriptedProvider, failure: Plan, *, stream: bool
) -> None:
    script = provider.script(failure, Plan(blocks=[Block("text", [_BACKUP_TEXT])]))
    turn = desktop.engine.turn(script.text, stream=stream)
    failed = "closes the connection" if failure.drop else f"answers {failure.status}"
    answered(turn, f"a turn whose primary {failed}")
    same(_BACKUP_TEXT, turn.text, "the answer's text", hop="provider → gateway → client")
    called = [r.provider for r in provider.receipts(script)]
    primary, backup = called.count("primary"), called.count("backup")
    expect(
        primary >= 1 and backup == 1,
        "at least one attempt at the primary and exactly one at the backup",
        f"{primary} at the primary and {backup} at the backup",
        hop=_HOP,
        silent=True,
    )


def _survives_unreachable(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target, *, stream: bool
) -> None:
    script = provider.script(backup=Plan(blocks=[Block("text", [_BACKUP_TEXT])]))
    model = target.models.unreachable_primary
    turn = desktop.engine.turn(script.text, stream=stream, model=model)
    answered(turn, "a turn whose primary refuses connections")
    same(_BACKUP_TEXT, turn.text, "the answer's text", hop="provider → gateway → client")
    called = [r.provider for r in provider.receipts(script)]
    same(["backup"], called, "the providers reached", hop=_HOP)
