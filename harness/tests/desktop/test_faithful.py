"""What each client makes of a stream, beside what the captures say of it."""

from __future__ import annotations

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recovery_cases import draft, fault

from gatecert.desktop import SseParser
from gatecert.desktop.faithful import (
    ENGINE_197,
    ENGINE_330,
    PYTHON_SDK,
    TS_SDK,
    UNPARSED_INPUT,
    ReaderMode,
    Reading,
    read_stream,
)
from gatecert.fidelity.faults import TEXT

MODES = (ENGINE_330, ENGINE_197, PYTHON_SDK, TS_SDK)
HARMLESS = (
    "text s_crlf s_cr s_comments s_bytewise s_nospace s_noping s_done s_unknownevent "
    "s_unknowndelta s_ctplain s_noct s_http10 s_extrafields nullstop pause"
).split()


def reading(name: str, mode: ReaderMode) -> Reading:
    return read_stream(fault(name).body, mode)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
@pytest.mark.parametrize("name", HARMLESS)
def test_what_no_client_minds(name: str, mode: ReaderMode) -> None:
    found = reading(name, mode)
    assert (found.text, found.shown, found.defect) == (TEXT, TEXT, "")


@pytest.mark.parametrize(
    ("name", "defects"),
    [  # engine 2.1.330, engine 2.1.197, Python, TypeScript
        ("s_noevent", ("no-events", "no-events", "no-events", "no-events")),
        ("s_bom", ("", "", "no-message-start", "")),
        ("s_badjson", ("bad-json", "bad-json", "bad-json", "bad-json")),
        ("s_nostart", ("no-message-start",) * 4),
        ("s_nocbstart", ("no-block",) * 4),
        ("s_nocbstop", ("", "", "", "")),
        ("s_deltaafterstop", ("late-delta", "", "", "")),
        ("s_nodelta", ("no-stop-reason", "", "", "no-end")),
        ("s_nostop", ("", "", "", "no-end")),
        ("s_nolastblank", ("", "", "", "no-end")),
        ("s_nousage", ("", "", "no-usage", "no-usage")),
        ("s_nullusage", ("", "", "no-usage", "no-usage")),
        ("s_end_mid", ("in-block", "in-block", "", "no-end")),
        ("s_end_start", ("no-events", "no-events", "", "no-end")),
        ("s_fakegzip", ("no-events", "no-events", "bad-text", "no-events")),
        ("s_err_mid", ("error-event",) * 4),
        ("html", ("no-events",) * 4),
        ("emptysse", ("no-events",) * 4),
    ],
)
def test_where_each_client_gives_up(name: str, defects: tuple[str, ...]) -> None:
    assert tuple(reading(name, mode).defect for mode in MODES) == defects


def test_a_block_without_its_stop_is_lost_in_the_engine_alone() -> None:
    texts = [reading("s_nocbstop", mode).text for mode in MODES]
    assert texts == ["", "", TEXT, TEXT]
    assert (reading("s_nocbstop", ENGINE_330).shown, reading("s_nocbstop", ENGINE_330).lost) == (
        TEXT,
        1,
    )


def test_a_late_delta_is_appended_by_all_but_the_newest_engine() -> None:
    assert [reading("s_deltaafterstop", mode).text for mode in MODES] == [
        TEXT,
        *[TEXT + "Hello fr"] * 3,
    ]


def test_a_tools_input_in_its_start_counts_for_the_sdks_alone() -> None:
    arguments = {"command": "echo toolran", "description": "echo"}
    inputs = [reading("s_toolfullinput", mode).tools[0]["input"] for mode in MODES]
    assert inputs == [{}, {}, arguments, arguments]


def test_truncated_input_is_marked_by_the_engine_and_dropped_by_the_sdks() -> None:
    inputs = [reading("s_toolbadjson", mode).tools[0]["input"] for mode in MODES]
    assert [list(given) for given in inputs] == [[UNPARSED_INPUT], [UNPARSED_INPUT], [], []]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
@pytest.mark.parametrize("given_text", [5, {"a": 1}, [1], '{"a": 1}'])
def test_the_text_of_an_input_in_its_blocks_start_is_no_input(
    mode: ReaderMode, given_text: object
) -> None:
    start = {"index": 0, "content_block": {"type": "shiny", "partial_json": given_text}}
    body = b"".join(
        b"event: %s\ndata: %s\n\n" % (name, json.dumps(data).encode())
        for name, data in (
            (b"message_start", {"message": {"id": "m"}}),
            (b"content_block_start", start),
            (b"content_block_stop", {"index": 0}),
        )
    )
    assert read_stream(body, mode).blocks == [{"type": "shiny"}]


def test_a_long_answer_takes_time_in_proportion_to_its_length() -> None:
    delta = {"index": 0, "delta": {"type": "text_delta", "text": "x" * 500}}
    start = {"index": 0, "content_block": {"type": "text"}}
    head = (
        b"event: message_start\ndata: {}\n\nevent: content_block_start\ndata: "
        + json.dumps(start).encode()
        + b"\n\n"
    )
    body = head + b"event: content_block_delta\ndata: %s\n\n" % json.dumps(delta).encode() * 20_000
    began = time.process_time()
    assert len(read_stream(body, PYTHON_SDK).text) == 10_000_000
    # pieces that are joined one by one take ten times as long and more
    assert time.process_time() - began < 8


@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from(HARMLESS)).map(
        lambda n: b"".join(fault(one, draft()).body for one in n)
    ),
    st.sampled_from(MODES),
)
def test_whatever_comes_is_read_and_never_raises(body: bytes, mode: ReaderMode) -> None:
    assert isinstance(read_stream(body, mode).text, str)


@given(
    st.sampled_from([*HARMLESS, "s_bom", "s_nocbstop", "s_badjson", "s_fakegzip", "html"]),
    st.lists(st.integers(0, 1200), max_size=20),
    st.booleans(),
)
def test_any_split_gives_the_same_events(name: str, cuts: list[int], keeps_bom: bool) -> None:
    body = fault(name).body
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    split, whole = SseParser(keeps_bom=keeps_bom), SseParser(keeps_bom=keeps_bom)
    events = [event for a, b in pairwise(edges) for event in split.feed(body[a:b])]
    assert events == whole.feed(body)
    assert split.unfinished == whole.unfinished
