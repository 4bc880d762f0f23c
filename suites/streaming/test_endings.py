"""Streams: how they end, well or badly."""

from collections.abc import Sequence

from gatecert.suite import (
    MUST,
    SHOULD,
    Block,
    DesktopApp,
    Plan,
    Receipt,
    ScriptedProvider,
    ServerSentEvent,
    Turn,
    answered,
    at,
    expect,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
_TEXT = [f"part {number} " for number in range(40)]


@requirement(
    "STREAM-20",
    MUST,
    source="field: Portkey issue 1797, LiteLLM PR 32159: a cut stream ends as a clean 200",
    why="Half an answer is taken for a whole one, or the client asks again and again.",
    fix="When the provider breaks off, close the client's connection without the final chunk, "
    "or send an error event.",
)
def test_cut_stream_does_not_look_complete(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A stream that the provider cuts inside a block reaches the client as broken off, not as ended."""
    script = provider.everywhere(Plan(blocks=[Block("text", _TEXT)], cut_events=20))
    turn = desktop.engine.turn(script.text)
    _shows_the_break(turn, provider.receipts(script))


@requirement(
    "STREAM-21",
    MUST,
    source="field: cuts at other places pass where the first one does not",
    why="Half an answer is taken for a whole one.",
    fix="When the provider breaks off, close the client's connection without the final chunk, "
    "or send an error event.",
)
def test_cut_inside_an_event_does_not_look_complete(
    desktop: DesktopApp, provider: ScriptedProvider
) -> None:
    """A stream that is cut in the middle of an event, by reset, reaches the client as broken off."""
    plan = Plan(blocks=[Block("text", _TEXT)], cut_bytes=1_777, reset=True)
    script = provider.everywhere(plan)
    turn = desktop.engine.turn(script.text)
    _shows_the_break(turn, provider.receipts(script))


@requirement(
    "STREAM-22",
    MUST,
    source="observed: what came before the break is shown or retried by the client",
    why="Text that was already paid for and on its way is lost.",
    fix="Relay every event at once instead of holding the last ones back.",
)
def test_text_before_a_cut_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Everything the provider sent before it broke off reaches the client."""
    # message_start, content_block_start and ping come before the first of 17 deltas
    plan = Plan(blocks=[Block("text", _TEXT)], hold_after=20, cut_events=20)
    script = provider.everywhere(plan)
    seen: list[str] = []

    def note(event: ServerSentEvent) -> bool:
        if event.name == "content_block_delta":
            seen.append(str(at(event.json(), "delta", "text")))
        if len(seen) == 17:
            provider.release(script)
        return True

    desktop.engine.turn(script.text, on_event=note)
    same("".join(_TEXT[:17]), "".join(seen), "the text before the break", hop=_HOP)


@requirement(
    "STREAM-23",
    MUST,
    source="observed: error events are shown or retried by type, in the middle of a stream too",
    why="The user sees half an answer without a word, or the client hangs.",
    fix="Relay error events unchanged.",
)
def test_error_event_passes(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """An error event in the middle of a stream arrives with its type and message."""
    error = {"type": "overloaded_error", "message": "Overloaded in the middle"}
    plan = Plan(blocks=[Block("text", _TEXT)], error_event=error, error_event_after=10)
    turn = desktop.engine.turn(provider.everywhere(plan).text)
    came = turn.assembled.error or {}
    picked = {"type": came.get("type"), "message": came.get("message")}
    same(error, picked, "the error event", hop=_HOP)


@requirement(
    "STREAM-24",
    MUST,
    source="field: errors before the first token answered as 200 with an event stream",
    why="The client's retry does not start: for it the request has succeeded.",
    fix="Wait for the provider's status before answering, and pass the status on.",
)
def test_error_before_the_stream_is_a_status(
    desktop: DesktopApp, provider: ScriptedProvider
) -> None:
    """A provider that refuses a streaming request reaches the client as that status, not as 200."""
    error = {"type": "invalid_request_error", "message": "messages: at least one is required"}
    turn = desktop.engine.turn(provider.everywhere(Plan(status=400, error=error)).text)
    expect(
        turn.exchange.status == 400,
        "HTTP 400",
        turn.exchange.summary(),
        hop=_HOP,
        silent=turn.exchange.status == 200,
    )


@requirement(
    "STREAM-25",
    SHOULD,
    source="field: gateways that read the provider to the end after the client has left",
    why="Every stopped answer is paid in full.",
    fix="Close the connection to the provider when the client closes its own.",
)
def test_leaving_stops_the_provider(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """When the user stops an answer, the provider's connection is closed as well."""
    blocks = [Block("text", _TEXT)]
    script = provider.script(Plan(blocks=blocks, hold_after=8, hold_ms=3000))

    def leave_on_content(event: ServerSentEvent) -> bool:
        return event.name != "content_block_delta"

    desktop.engine.turn(script.text, on_event=leave_on_content)
    receipts = provider.receipts(script, wait_ms=8000)
    wait = receipts[0].hold if receipts else "nothing arrived"
    expect(
        wait == "client-left",
        "the provider to see its client leave while it holds the answer back",
        f"the provider waited until it went on by itself after 3 s ({wait})",
        hop="gateway → provider",
        silent=True,
    )


@requirement(
    "STREAM-26",
    SHOULD,
    source="field: stale connections to the provider re-used after a broken stream",
    why="After each broken stream somebody else's turn fails.",
    fix="Do not return a connection to the pool after a broken answer.",
)
def test_turn_after_a_cut_succeeds(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The turn after a cut stream is answered."""
    desktop.engine.turn(provider.everywhere(Plan(cut_events=3)).text)
    script = provider.script()
    turn = desktop.engine.turn(script.text)
    answered(turn, "the turn after a cut stream")
    same(script.answer, turn.text, "the answer's text", hop=_HOP)


def _shows_the_break(turn: Turn, receipts: Sequence[Receipt]) -> None:
    exchange, message = turn.exchange, turn.assembled
    expect(
        any(receipt.outcome == "cut" for receipt in receipts),
        "the turn to reach the provider, which cuts its stream",
        f"{exchange.summary()}, and {len(receipts)} requests at the provider",
        hop="gateway → provider",
    )
    honest = exchange.fault is not None or message.error is not None or exchange.status != 200
    expect(
        honest,
        "a connection closed without its end, or an error event",
        f"HTTP {exchange.status} with a proper end after {len(turn.events)} events, "
        f"{'with' if message.ended else 'without'} message_stop",
        hop=_HOP,
        silent=True,
    )
