"""Streams: how they end, well or badly."""

from gatecert.suite import (
    HOLD_MS,
    MUST,
    SHOULD,
    Asking,
    Block,
    DesktopApp,
    Desktops,
    Plan,
    ScriptedProvider,
    ServerSentEvent,
    answered,
    at,
    expect,
    hints,
    requirement,
    same,
    shows_the_break,
)

_HOP = "provider → gateway → client"
_PASS_ON = (
    "When the provider breaks off, close the client's connection without the final chunk, or send an "
    "error event; speak HTTP/1.1 to the provider."
)
_SHORT_HOLD_MS = 300
_TEXT = [f"part {number} " for number in range(40)]


@requirement(
    "STREAM-20",
    MUST,
    source="field: Portkey issue 1797, LiteLLM PR 32159: a cut stream ends as a clean 200",
    why="Half an answer is taken for a whole one, or the client asks again and again.",
    fix=_PASS_ON,
    hints=hints.CHUNKED_FROM_PROVIDER,
)
def test_cut_stream_does_not_look_complete(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A stream that the provider cuts inside a block reaches the client as broken off, not as ended."""
    script = provider.everywhere(Plan(blocks=[Block("text", _TEXT)], cut_events=20))
    turn = desktop.engine.turn(script.text)
    shows_the_break(turn, provider.receipts(script))


@requirement(
    "STREAM-21",
    MUST,
    source="field: cuts at other places pass where the first one does not",
    why="Half an answer is taken for a whole one.",
    fix=_PASS_ON,
    hints=hints.CHUNKED_FROM_PROVIDER,
)
def test_cut_inside_an_event_does_not_look_complete(
    desktop: DesktopApp, provider: ScriptedProvider
) -> None:
    """A stream that is cut in the middle of an event, by reset, reaches the client as broken off."""
    plan = Plan(blocks=[Block("text", _TEXT)], cut_bytes=1_777, reset=True)
    script = provider.everywhere(plan)
    turn = desktop.engine.turn(script.text)
    shows_the_break(turn, provider.receipts(script))


@requirement(
    "STREAM-22",
    SHOULD,
    source="observed: what came before the break is shown or retried by the client",
    why="Text that was already paid for and on its way is lost.",
    fix="Relay every event at once instead of holding the last ones back.",
    hints=hints.NOT_BUFFERED,
)
def test_text_before_a_cut_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Everything the provider sent before it broke off reaches the client."""
    # message_start, content_block_start and ping come before the first of 17 deltas
    plan = Plan(blocks=[Block("text", _TEXT)], hold_after=20, hold_ms=HOLD_MS, cut_events=20)
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
    hints=hints.LEAVING_NOTICED,
)
def test_leaving_stops_the_provider(desktops: Desktops, provider: ScriptedProvider) -> None:
    """When the user stops an answer, the provider's connection is closed as well."""
    # a gateway that shows nothing yet is left as well: after two seconds without a byte
    app = desktops(silence_s=2)
    script = provider.script(Plan(blocks=[Block("text", _TEXT)], hold_after=8, hold_ms=HOLD_MS))
    seen: list[str | None] = []

    def leave_before_the_hold(event: ServerSentEvent) -> bool:
        seen.append(event.name)
        return seen.count("content_block_delta") < 5  # the eighth event, the last before the hold

    app.engine.turn(script.text, on_event=leave_before_the_hold)
    receipts = provider.receipts(script, wait_ms=HOLD_MS + 2_000)
    expect(receipts, "the turn to arrive at the provider", "nothing arrived", hop=_HOP)
    expect(
        # one that leaves only when the provider goes on has read in vain all the same
        all(r.outcome == "client-left" and r.hold != "expired" for r in receipts),
        "the provider to see its client leave while it holds the answer back",
        f"the provider held back in vain for {HOLD_MS // 1000} s ({receipts[0].outcome})",
        hop="gateway → provider",
        silent=True,
    )


@requirement(
    "STREAM-87",
    MUST,
    source="field: slots and limits that a request gives back only at its regular end; stops counted as failures of the provider",
    why="Whoever stops a few answers locks everybody out, until the gateway is restarted or has cooled down.",
    fix="Free what a request holds (slot, connection, lock) also when its client leaves, and do not count that as the provider's failure.",
    since="0.2",
)
def test_stopped_answers_lock_nobody_out(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """After ten answers that the user stopped, one after another, the next turn is answered."""
    for _ in range(10):
        script = provider.script(
            Plan(blocks=[Block("text", _TEXT)], hold_after=4, hold_ms=_SHORT_HOLD_MS)
        )
        desktop.engine.turn(script.text, on_event=lambda e: e.name != "content_block_delta")
    script = provider.script()
    turn = desktop.engine.turn(script.text)
    answered(turn, "the turn after ten stopped answers")
    same(script.answer, turn.text, "the answer's text", hop="provider → gateway → client")


@requirement(
    "STREAM-26",
    SHOULD,
    source="field: stale connections to the provider re-used after a broken stream",
    why="After each broken stream somebody else's turn fails.",
    fix="Do not return a connection to the pool after a broken answer.",
    hints=hints.FRESH_CONNECTIONS,
)
def test_turn_after_a_cut_succeeds(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The turn after a cut stream is answered."""
    desktop.engine.turn(provider.everywhere(Plan(cut_events=3)).text)
    script = provider.script()
    turn = desktop.engine.turn(script.text)
    answered(turn, "the turn after a cut stream")
    same(script.answer, turn.text, "the answer's text", hop=_HOP)


@requirement(
    "STREAM-27",
    SHOULD,
    source="standard: RFC 9112 section 6.3, without length and chunks the close is the end",
    why="A stream that breaks off cannot be told from one that ended, and half an answer may stand.",
    fix="Answer by HTTP/1.1 with Transfer-Encoding: chunked.",
)
def test_stream_is_framed(desktop: DesktopApp, asking: Asking) -> None:
    """A stream is framed (chunked), so that its end can be told from a break."""
    exchange = answered(desktop.engine.turn(asking.ask().text), "a streamed turn")
    expect(
        not exchange.ends_by_close,
        "transfer-encoding: chunked",
        f"{exchange.http_version} without chunks or length",
        hop="gateway → client",
    )
