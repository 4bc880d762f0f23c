"""Streams: breaks and error events at every kind of place, and clients that leave early."""

from gatecert.suite import (
    HOLD_MS,
    MUST,
    SHOULD,
    Block,
    DesktopApp,
    Desktops,
    Plan,
    ScriptedProvider,
    ServerSentEvent,
    Turn,
    at,
    expect,
    hints,
    requirement,
    same,
    shows_the_break,
)

_HOP = "provider → gateway → client"
# half the usual: a gateway that holds back fails many of these, and each takes its time
_HOLD_MS = HOLD_MS // 2
_PATIENCE_S = 5  # a break is passed on at once, or not at all
_BLOCKS = [
    Block("text", ["First ", "é😀 ", "part."]),
    Block("tool_use", ['{"path":', '"/a"}'], "Read", "toolu_01GcBreak"),
]
_TEXT = _BLOCKS[0].joined
# by the number of events before the break; _BLOCKS make thirteen
_PLACES = {
    0: "before the first event",
    1: "after message_start",
    5: "inside a block of text",
    7: "between two blocks",
    9: "inside a tool's arguments",
    11: "before message_delta",
    12: "before message_stop",
}
_DELTA = (
    'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    '"delta":{"type":"text_delta","text":"é😀'
).encode()
# what of the second delta is sent before the break
_BEGUN = {
    "inside an event line": _DELTA[:15],
    "inside a data line": _DELTA[:48],
    "inside an event's JSON": _DELTA[:-6],
    "inside a character": _DELTA[:-2],
}
_PASS_ON = (
    "When the provider breaks off, whenever that is, close the client's connection without the final "
    "chunk, or send an error event; write no event that the provider did not send."
)


@requirement(
    "STREAM-80",
    MUST,
    source="field: LiteLLM PR 32159, Portkey issue 1797: a cut stream ends as a clean 200",
    why="Half an answer is taken for a whole one, or the client asks again and again.",
    fix=_PASS_ON,
    since="0.2",
    hints=hints.CHUNKED_FROM_PROVIDER,
)
def test_no_break_between_events_looks_complete(
    desktops: Desktops, provider: ScriptedProvider
) -> None:
    """A break before, between and after blocks, or right before the end, shows as a break."""
    for number, place in _PLACES.items():
        plan = Plan(blocks=_BLOCKS, stop_reason="tool_use", cut_events=number)
        script = provider.everywhere(plan)
        turn = desktops(silence_s=_PATIENCE_S).engine.turn(script.text)
        shows_the_break(turn, provider.receipts(script), place)
        provider.settle()


@requirement(
    "STREAM-81",
    MUST,
    source="field: what is left of a broken event is completed, or sent as if it were whole",
    why="The user reads text that the model never wrote, or broken characters.",
    fix=_PASS_ON,
    since="0.2",
)
def test_nothing_is_invented_at_a_break(desktops: Desktops, provider: ScriptedProvider) -> None:
    """Of an event that breaks inside its line, its JSON or a character, nothing is shown."""
    for place, begun in _BEGUN.items():
        # after message_start, content_block_start, ping and the first delta
        plan = Plan(blocks=_BLOCKS, cut_events=4, cut_bytes=len(begun))
        script = provider.everywhere(plan)
        turn = desktops(silence_s=_PATIENCE_S).engine.turn(script.text)
        shows_the_break(turn, provider.receipts(script), place)
        came = _shown(turn)
        expect(
            _TEXT[0:6].startswith(came),
            f"no text but {_TEXT[0:6]!r} before a break {place}",
            f"{came!r}",
            hop=_HOP,
            silent=True,
        )
        provider.settle()


@requirement(
    "STREAM-82",
    SHOULD,
    source="observed: an answer without the last chunk is kept by the client; standard: RFC 9112 "
    "section 8",
    why="An answer that was whole already is thrown away, and paid for twice.",
    fix="Relay each event when it comes; keep none back until the provider's connection has ended.",
    since="0.2",
)
def test_all_arrives_before_a_late_break(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Where the provider breaks off after message_stop, the answer is with the client, whole."""
    plan = Plan(blocks=_BLOCKS, hold_after=13, hold_ms=_HOLD_MS, cut_events=13)
    script = provider.everywhere(plan)
    names: list[str | None] = []

    def note(event: ServerSentEvent) -> bool:
        names.append(event.name)
        if event.name == "message_stop":
            provider.release(script)
        return True

    turn = desktop.engine.turn(script.text, on_event=note)
    same(_TEXT, turn.text, "the text", hop=_HOP)
    came = f"the last events were {names[-3:]}"
    expect("message_stop" in names, "message_stop before the break", came, hop=_HOP)
    holds = [receipt.hold for receipt in provider.receipts(script)] or ["nothing arrived"]
    expect(
        holds[0] == "released",
        "message_stop at the client while the provider held the answer open",
        f"it only when the provider went on by itself ({holds[0]})",
        hop=_HOP,
    )


@requirement(
    "STREAM-83",
    MUST,
    source="standard: RFC 9112 section 8: an answer shorter than its Content-Length is incomplete",
    why="Half an answer is taken for a whole one.",
    fix=_PASS_ON,
    since="0.2",
)
def test_short_measured_stream_is_broken(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A stream with a Content-Length that ends before it is reached shows as broken off."""
    plan = Plan(blocks=_BLOCKS, measured=True, cut_events=8)
    script = provider.everywhere(plan)
    turn = desktops(silence_s=_PATIENCE_S).engine.turn(script.text)
    shows_the_break(turn, provider.receipts(script), "before the announced length")


@requirement(
    "STREAM-84",
    MUST,
    source="field: LiteLLM PR 32159: a stream's end is not checked for message_stop",
    why="Half an answer gets a made-up end and is taken for a whole one.",
    fix="Where the provider's stream ends without message_stop, write none: end without it, or send "
    "an error event.",
    since="0.2",
)
def test_missing_end_is_not_made_up(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A stream that ends properly, but without message_stop, gets no end of the gateway's own."""
    for number in (5, 7, 11):
        script = provider.everywhere(Plan(blocks=_BLOCKS, end_events=number))
        turn = desktop.engine.turn(script.text)
        expect(
            not turn.assembled.ended and turn.assembled.stop_reason is None,
            f"no message_stop and no stop_reason, which the provider did not send, {_PLACES[number]}",
            f"the last events {turn.assembled.names[-3:]}",
            hop=_HOP,
            silent=True,
        )
        arrived = turn.exchange.status != 200 or _TEXT.startswith(_shown(turn))
        expect(arrived, "the beginning of the text", f"{_shown(turn)!r}", hop=_HOP, silent=True)
        provider.settle()


@requirement(
    "STREAM-85",
    MUST,
    source="field: Portkey issue 1142: a streaming exception shown as 200 without a word",
    why="The user sees an empty answer instead of the reason, and the client asks again in vain.",
    fix="Relay an error event that comes first as it is, or answer with its status instead of 200.",
    since="0.2",
)
def test_first_error_event_is_told(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """An error event before all others reaches the client as such, or as a status with its message."""
    error = {"type": "overloaded_error", "message": "Overloaded before the first word"}
    turn = desktop.engine.turn(provider.everywhere(Plan(error_event=error)).text)
    _tells(turn, error, "before all others")


@requirement(
    "STREAM-86",
    MUST,
    source="observed: the client retries by an error event's type; field: Portkey issue 722",
    why="The client repeats what is lost, gives up what would have helped, or takes a part for all.",
    fix="Relay error events unchanged wherever they come, and nothing after them.",
    since="0.2",
)
def test_error_events_pass_anywhere(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Error events of several types, at several places, arrive as they are, and nothing after them."""
    for number, kind in (
        (1, "overloaded_error"),
        (5, "api_error"),
        (7, "rate_limit_error"),
        (9, "gatecert_new_error"),
    ):
        error = {"type": kind, "message": f"Stopped {_PLACES[number]}"}
        plan = Plan(blocks=_BLOCKS, error_event=error, error_event_after=number)
        turn = desktop.engine.turn(provider.everywhere(plan).text)
        _tells(turn, error, _PLACES[number])
        provider.settle()


def _shown(turn: Turn) -> str:
    """All text that was shown, that of unfinished blocks as well."""
    deltas = [at(event.json(), "delta") for event in turn.events]
    return "".join(str(at(d, "text")) for d in deltas if at(d, "type") == "text_delta")


def _tells(turn: Turn, error: dict[str, str], place: str) -> None:
    """The error reached the client, and was the last thing that did."""
    if turn.exchange.status != 200:  # a gateway that waits for the first events may answer so
        same(error["message"], turn.exchange.error_message, "error.message", hop=_HOP)
        return
    came = turn.assembled.error or {}
    picked = {"type": came.get("type"), "message": came.get("message")}
    same(error, picked, f"the error event {place}", hop=_HOP)
    names = turn.assembled.names
    expect(
        names[-1] == "error",
        f"nothing after the error event {place}",
        f"{', '.join(names[names.index('error') + 1 :])}",
        hop=_HOP,
        silent=True,
    )
