"""Streams: long ones, large events, any split of the bytes, and many streams at once."""

import json
import threading
from concurrent.futures import Future, wait

from hypothesis import strategies as st

from gatecert.suite import (
    HOLD_MS,
    MUST,
    SHOULD,
    Block,
    DesktopApp,
    Desktops,
    Explore,
    Plan,
    Script,
    ScriptedProvider,
    ServerSentEvent,
    Together,
    Turn,
    answered,
    expect,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
# half the usual: a gateway that holds back fails many of these, and each takes its time
_HOLD_MS = HOLD_MS // 2
_STREAMS = 16
# what readers of lines and of characters stumble over; "@" could end a directive
_AWKWARD = ["\u2028", "\u2029", "\x85", "\r", "\n", "\x0b", "\x1c", "\x7f", "\ufeff", "😀", "\n\n"]
_texts = st.lists(
    st.sampled_from([*_AWKWARD, "data: x", "event: y", ":"])
    | st.text(st.characters(codec="utf-8", exclude_characters="@\x00"), max_size=8),
    max_size=6,
).map("".join)
_splits = st.lists(st.integers(min_value=1, max_value=120), min_size=1, max_size=30)


@requirement(
    "STREAM-70",
    MUST,
    source="field: gateways that cut long streams, or slow down with their length",
    why="Long answers break off, or become slower and slower.",
    fix="Set no limit on the number of events or on the bytes of a stream.",
    since="0.2",
)
def test_very_long_stream_is_complete(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A stream of 10,000 events and four megabytes arrives complete and in order."""
    block = Block("text", [f"<{number:03}>" for number in range(500)], repeat=20, widen=60)
    turn = desktop.engine.turn(provider.script(Plan(blocks=[block])).text)
    answered(turn, "a stream of 10,000 events")
    same(block.joined, turn.text, "the streamed text", hop=_HOP)


@requirement(
    "STREAM-71",
    MUST,
    source="field: line and event limits of 64 kB and more in readers of streams",
    why="An answer with one large piece, such as a search result, breaks off.",
    fix="Set no limit on the length of an event or of its line.",
    since="0.2",
)
def test_large_event_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A single event of one megabyte arrives whole."""
    block = Block("text", ["0123456789abcdeé"], widen=65_536)
    turn = desktop.engine.turn(provider.script(Plan(blocks=[block])).text)
    answered(turn, "a stream with an event of 1 MB")
    same(block.joined, turn.text, "the streamed text", hop=_HOP)


@requirement(
    "STREAM-72",
    MUST,
    source="standard: HTML, server-sent events: lines end by LF, CR and CRLF only; RFC 9112: chunks "
    "mean nothing",
    why="Now and then a character, a line or a whole event of an answer is broken.",
    fix="Relay bytes. Where you must read events, keep what is unfinished until its blank line, split "
    "lines at LF and CR only, and decode UTF-8 after joining.",
    since="0.2",
)
def test_any_split_reads_the_same(
    desktop: DesktopApp, provider: ScriptedProvider, explore: Explore
) -> None:
    """However the provider's bytes are split, text and tool arguments of any kind read the same."""

    def check(example: tuple[list[str], str, list[int]]) -> None:
        pieces, argument, chunks = example
        arguments = json.dumps({"text": argument}, ensure_ascii=False)
        tool = Block("tool_use", [arguments[:5], arguments[5:]], "Write", "toolu_01GcSplit")
        plan = Plan(blocks=[Block("text", pieces), tool], chunks=chunks, stop_reason="tool_use")
        turn = desktop.engine.turn(provider.script(plan).text)
        answered(turn, "a streamed turn")
        same("".join(pieces), turn.text, "the text", hop=_HOP)
        came = [block.get("input") for block in turn.blocks if block.get("type") == "tool_use"]
        same([{"text": argument}], came, "the input of the tool call", hop=_HOP)

    explore(st.tuples(st.lists(_texts, min_size=1, max_size=4), _texts, _splits), check)


@requirement(
    "STREAM-73",
    SHOULD,
    source="standard: HTML, server-sent events: CRLF ends a line, a colon begins a comment",
    why="Behind a second gateway, which writes its events so, answers are empty or garbled.",
    fix="Relay bytes; where you must read events, follow the standard.",
    since="0.2",
)
def test_other_line_ends_and_comments_pass(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A stream whose lines end in CRLF, with comments between its events, reads the same."""
    blocks = [Block("text", [f"{number}: ü\n" for number in range(20)])]
    plan = Plan(blocks=blocks, newline="\r\n", comments=True, chunks=[7] * 60 + [301])
    turn = desktop.engine.turn(provider.script(plan).text)
    answered(turn, "a streamed turn")
    same(blocks[0].joined, turn.text, "the text", hop=_HOP)


@requirement(
    "STREAM-74",
    MUST,
    source="field: Portkey issue 1659: streams truncated under concurrency, tool payloads lost; "
    "observed: subagents run in parallel",
    why="With several agents at work, answers are mixed, lack their end, or wait for each other.",
    fix="Share no buffer between requests, and let as many streams be open as users need.",
    since="0.2",
)
def test_many_streams_at_once(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Sixteen streams that are open at the same time all begin to arrive, and each is exact."""
    blocks = [_payload(number) for number in range(_STREAMS)]
    # the last chunk before the hold ends inside an event
    plans = [Plan(blocks=[b], hold_after=8, hold_ms=HOLD_MS, chunks=[1_009]) for b in blocks]
    scripts = [provider.script(plan) for plan in plans]
    turns, shown = _all_open(desktop, provider, scripts)
    for block, turn in zip(blocks, turns, strict=True):
        answered(turn, f"each of {_STREAMS} streams at once")
        came = [b.get("input") for b in turn.blocks if b.get("type") == "tool_use"]
        same([json.loads(block.joined)], came, "the input of its own tool call", hop=_HOP)
    expect(
        shown == _STREAMS,
        f"the first events of all {_STREAMS} streams while all of them are open",
        f"those of {shown} of them",
        hop=_HOP,
    )


@requirement(
    "STREAM-75",
    MUST,
    source="field: one client's disconnect ends the work of others",
    why="When somebody stops an answer, other people's answers break off.",
    fix="When a client leaves, end its own request at the provider and nothing else.",
    since="0.2",
)
def test_leaving_harms_no_other_stream(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A stream goes on unharmed when the client of another one leaves."""
    stays = provider.script(Plan(hold_after=5, hold_ms=_HOLD_MS))
    leaves = provider.script(Plan(hold_after=5, hold_ms=_HOLD_MS))
    first, second = desktops(), desktops(silence_s=2)
    with Together(1) as pool:
        kept = pool.submit(first.engine.turn, stays.text)
        provider.wait_for_arrival(stays, kept)
        second.engine.turn(leaves.text, on_event=lambda event: event.name != "content_block_delta")
        provider.receipts(leaves, wait_ms=2_000)  # until the provider has noticed, where it does
        provider.release(stays)
        turn = kept.result()
    answered(turn, "a stream beside which another client left")
    same(stays.answer, turn.text, "its text", hop=_HOP)


def _payload(number: int) -> Block:
    arguments = {"number": number, "text": f"payload {number:02} é " * 1_500}
    text = json.dumps(arguments, ensure_ascii=False)
    pieces = [text[i : i + 800] for i in range(0, len(text), 800)]
    return Block("tool_use", pieces, "Write", f"toolu_01GcMany{number:02}")


def _all_open(
    desktop: DesktopApp, provider: ScriptedProvider, scripts: list[Script]
) -> tuple[list[Turn], int]:
    """Open all streams, then let them go on in turn, the last one first.

    Also how many had begun to show their block by then, in half the time for which they are held:
    if one went on by itself before, what waits for its place would be taken for open.
    """
    shown: set[str] = set()
    all_shown = threading.Event()

    def ask(script: Script) -> Turn:
        def note(event: ServerSentEvent) -> bool:
            if event.name == "content_block_start":
                shown.add(script.token)
            if len(shown) == len(scripts):
                all_shown.set()
            return True

        return desktop.engine.turn(script.text, on_event=note)

    with Together(len(scripts)) as pool:
        asked: list[Future[Turn]] = [pool.submit(ask, script) for script in scripts]
        all_shown.wait(HOLD_MS / 2_000)
        count = len(shown)
        for script in reversed(scripts):
            provider.release(script)
        wait(asked)
    return [one.result() for one in asked], count
