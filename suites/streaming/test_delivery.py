"""Streams: each event at once, whatever its kind, and through silence."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gatecert.suite import (
    HOLD_MS,
    MUST,
    SHOULD,
    Block,
    DesktopApp,
    Plan,
    Script,
    ScriptedProvider,
    ServerSentEvent,
    Turn,
    answered,
    at,
    expect,
    hints,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
# half the usual: a gateway that holds back fails many of these, and each takes its time
_HOLD_MS = HOLD_MS // 2
_SILENCE_MS = 2_500
_PATIENT = {
    "nginx": "proxy_read_timeout 360s; in the location of the route",
    "haproxy": "timeout server 360s in the backend",
    "envoy": "timeout: 0s on the route, and stream_idle_timeout: 360s",
    "apache": "timeout=360 on the ProxyPass line",
    "kong": "read_timeout: 360000 on the service",
}


@requirement(
    "STREAM-50",
    SHOULD,
    source="observed: advice to send headers and message_start at once",
    why="The window stays empty and timers on the way run while the model prepares its answer.",
    fix="Relay message_start when it comes; do not wait for content, or for a whole buffer.",
    since="0.2",
    hints=hints.NOT_BUFFERED,
)
def test_first_event_is_relayed_at_once(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """message_start reaches the client while the provider still holds everything after it."""
    script = provider.script(Plan(hold_after=1, hold_ms=_HOLD_MS))
    turn, seen = _release_on(desktop, provider, script, lambda event: event.name == "message_start")
    _was_released(provider, script, f"{seen} events named message_start", "message_start")
    same(script.answer, turn.text, "the text", hop=_HOP)


@requirement(
    "STREAM-51",
    MUST,
    source="official: stream events as they arrive, never buffer a whole answer",
    why="Users watch a stalled window while the answer is long on its way, and then it jumps.",
    fix="Flush after each event, those of thinking too; gather none by size, time or block.",
    since="0.2",
    hints=hints.NOT_BUFFERED,
)
def test_each_event_comes_before_the_next(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Every delta of thinking and of text is with the client before the provider sends the next."""
    blocks = [
        Block("thinking", ["Let ", "me ", "see."], signature="EqQBSeen=="),
        Block("text", ["Here ", "it ", "is."]),
    ]
    # after message_start and content_block_start: each of the deltas, but not the signature
    plan = Plan(blocks=blocks, ping=False, hold_after=[3, 4, 5, 9, 10, 11], hold_ms=_HOLD_MS)
    _each_is_seen(desktop, provider, plan, ("thinking_delta", "text_delta"))


@requirement(
    "STREAM-52",
    SHOULD,
    source="official: stream events as they arrive, never buffer a whole answer",
    why="While a long file is written, the user sees nothing, and idle timers cut the stream.",
    fix="Relay input_json_delta events one by one; do not collect a tool's arguments.",
    since="0.2",
    hints=hints.NOT_BUFFERED,
)
def test_each_argument_delta_comes_at_once(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Every delta of a tool's arguments is with the client before the provider sends the next."""
    tool = Block("tool_use", ['{"path":', '"/a",', '"n":1}'], "Write", "toolu_01GcEach")
    plan = Plan(blocks=[tool], stop_reason="tool_use", ping=False, hold_ms=_HOLD_MS)
    plan = replace(plan, hold_after=[3, 4, 5])
    _each_is_seen(desktop, provider, plan, ("input_json_delta",))


@requirement(
    "STREAM-53",
    MUST,
    source="field: Portkey issue 1261: accept-encoding forwarded, the answer decoded wrongly",
    why="The answer arrives all at once, or as garbage.",
    fix="Relay a compressed stream as it comes with its content-encoding, or decompress it piece by "
    "piece; or do not offer compression to the provider.",
    since="0.2",
    hints={"nginx": 'proxy_set_header Accept-Encoding ""; and gzip off; for the route'},
)
def test_compressed_stream_is_incremental(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A stream that the provider compresses, if that is offered, arrives exact, event by event."""
    blocks = [Block("text", ["Pressed ", "but ", "é", "xact."])]
    plan = Plan(blocks=blocks, compress=True, ping=False, hold_after=[3, 4], hold_ms=_HOLD_MS)
    turn = _each_is_seen(desktop, provider, plan, ("text_delta",))
    same(blocks[0].joined, turn.text, "the text", hop=_HOP)


@requirement(
    "STREAM-54",
    SHOULD,
    source="observed: each ping or comment resets the client's limit of 300 s; field: sub2api "
    "issues 1968 and 770: no keep-alive while the model thinks",
    why="Long thinking is cut off: the client, or a timer on the way, takes the silence for an end.",
    fix="Relay each ping at once, or send comments of your own through the provider's silence.",
    since="0.2",
    hints=hints.NOT_BUFFERED,
)
def test_pings_keep_a_silent_stream_alive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Pings in the provider's silence come one by one, as they are sent."""
    ping = ("ping", {"type": "ping"})
    # the first two come after nothing but message_start, as when a model thinks for long
    script = provider.script(
        Plan(
            events=[_MESSAGE_START, ping, ping, ping, *_REST],
            hold_after=[2, 3, 4],
            hold_ms=_HOLD_MS,
        )
    )
    turn, seen = _release_on(desktop, provider, script, lambda event: event.name == "ping")
    if turn.comments < 3:  # comments in their place do as well, and cannot be seen one by one
        _was_released(provider, script, f"{seen} of 3 pings", "each ping")
    same("Done.", turn.text, "the text after the silence", hop=_HOP)


@requirement(
    "STREAM-55",
    MUST,
    source="field: default timeouts of 15 s and less cut streams; observed: the client bears 300 s",
    why="Whenever the model thinks for a moment, the answer breaks off.",
    fix="Let the limit on the provider's silence be longer than the client's 300 s, and set none on "
    "the whole answer.",
    since="0.2",
    hints=_PATIENT,
)
def test_silence_is_borne(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A stream that is silent for two and a half seconds in the middle goes on."""
    script = provider.script(Plan(gap_ms=[0, 0, 0, 0, _SILENCE_MS, 0]))
    turn = desktop.engine.turn(script.text)
    answered(turn, f"a streamed turn with {_SILENCE_MS / 1000} s of silence")
    same(script.answer, turn.text, "the text", hop=_HOP)


_MESSAGE_START = (
    "message_start",
    {
        "type": "message_start",
        "message": {
            **{"id": "msg_01GcQuiet", "type": "message", "role": "assistant", "content": []},
            **{"model": "claude-sonnet-4-6", "stop_reason": None, "stop_sequence": None},
            "usage": {"input_tokens": 12, "output_tokens": 1},
        },
    },
)
_START = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
_TEXT = {"type": "text_delta", "text": "Done."}
_END = {"stop_reason": "end_turn", "stop_sequence": None}
_REST: list[tuple[str, dict[str, Any]]] = [
    ("content_block_start", _START),
    ("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": _TEXT}),
    ("content_block_stop", {"type": "content_block_stop", "index": 0}),
    ("message_delta", {"type": "message_delta", "delta": _END, "usage": {"output_tokens": 9}}),
    ("message_stop", {"type": "message_stop"}),
]


def _release_on(
    desktop: DesktopApp,
    provider: ScriptedProvider,
    script: Script,
    wanted: Callable[[ServerSentEvent], bool],
) -> tuple[Turn, int]:
    """Take a turn and let the provider go on with each wanted event; how many had come in time."""
    seen = 0

    def release(event: ServerSentEvent) -> bool:
        nonlocal seen
        if wanted(event):
            seen += 1
            provider.release(script)
        return True

    turn = desktop.engine.turn(script.text, on_event=release)
    answered(turn, "a streamed turn")
    return turn, seen


def _each_is_seen(
    desktop: DesktopApp, provider: ScriptedProvider, plan: Plan, kinds: tuple[str, ...]
) -> Turn:
    script = provider.script(plan)

    def wanted(event: ServerSentEvent) -> bool:
        return at(event.json(), "delta", "type") in kinds

    turn, seen = _release_on(desktop, provider, script, wanted)
    _was_released(provider, script, f"{seen} deltas in all", "each delta")
    return turn


def _was_released(provider: ScriptedProvider, script: Script, came: str, what: str) -> None:
    receipts = provider.receipts(script)
    hold = receipts[0].hold if receipts else "nothing arrived"
    expect(
        hold == "released",
        f"{what} at the client while the provider held back what follows",
        f"{came}, some only when the provider went on by itself after {_HOLD_MS // 1000} s ({hold})",
        hop=_HOP,
        silent=True,
    )
