"""Fallback: the turn survives, once, and only when it should."""

from gatecert.suite import (
    MUST,
    SHOULD,
    Block,
    DesktopApp,
    Plan,
    ScriptedProvider,
    Target,
    answered,
    expect,
    refused,
    requirement,
    same,
)

_PROMISED = ["fallback"]
_UNREACHABLE = [*_PROMISED, "models.unreachable_primary"]
_BACKUP_TEXT = "Answered by the backup provider."
_HOP = "gateway → provider"
_WHY = "The provider's outage becomes the user's outage, although a backup stands ready."
_OVERLOAD = "Add 529 to the statuses that trigger the fallback; many defaults leave it out."


@requirement(
    "FALL-01",
    MUST,
    source="guide: FAQ, configured fallbacks route to a backup provider",
    why=_WHY,
    fix=_OVERLOAD,
    needs=_PROMISED,
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
    needs=_PROMISED,
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
    needs=_PROMISED,
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
    needs=_PROMISED,
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
    needs=_UNREACHABLE,
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
    for stream in (False, True):
        script = provider.script()
        answered(desktop.engine.turn(script.text, stream=stream), "a turn")
        called = [r.provider for r in provider.receipts(script)]
        same(["primary"], called, "the providers called", hop=_HOP)


@requirement(
    "FALL-08",
    SHOULD,
    source="field: a client's own mistake replayed at every provider",
    why="Each mistake costs one call at every provider, and the wrong error comes back.",
    fix="Limit the fallback to 429 and 5xx.",
    needs=_PROMISED,
)
def test_client_mistake_does_not_fall_back(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A 400 of the primary is returned, not replayed at the backup."""
    script = provider.script(Plan(status=400, error={"message": "messages: bad block"}))
    refused(desktop.engine.turn(script.text, stream=False), "a client's own mistake", (400,))
    called = [r.provider for r in provider.receipts(script)]
    same(["primary"], called, "the providers called", hop=_HOP)


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


def _survives(
    desktop: DesktopApp, provider: ScriptedProvider, failure: Plan, *, stream: bool
) -> None:
    script = provider.script(failure, Plan(blocks=[Block("text", [_BACKUP_TEXT])]))
    turn = desktop.engine.turn(script.text, stream=stream)
    answered(turn, f"a turn whose primary answers {failure.status}")
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
