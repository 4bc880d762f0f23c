from __future__ import annotations

import ast
import codecs
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatecert.desktop import ServerSentEvent, SseParser, sse

BOM = "\ufeff".encode()
LINE_ENDS = [b"\n", b"\r", b"\r\n"]
FRAGMENTS = [
    b"event: ping",
    b"event:",
    b"data: one",
    b"data:two",
    b"data",
    b"data:  two blanks",
    b"id: 7",
    b": comment",
    b":",
    BOM,
    "data: é漢😀".encode(),
    b"\xff\xf0\x9f",
    *LINE_ENDS,
    *LINE_ENDS,
]

streams = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=6), max_size=40).map(b"".join)


def read(*chunks: bytes) -> list[ServerSentEvent]:
    parser = SseParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


def pairs(*chunks: bytes) -> list[tuple[str | None, str]]:
    return [(event.name, event.data) for event in read(*chunks)]


def oracle(stream: bytes) -> tuple[list[ServerSentEvent], int]:
    """The events and the number of comments, found slowly and line by line."""
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(stream).removeprefix("\ufeff")
    events: list[ServerSentEvent] = []
    comments = 0
    name: str | None = None
    data: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]:
        key, colon, value = line.partition(":")
        value = value[1:] if value[:1] == " " else value
        if not line:
            if data:
                events.append(ServerSentEvent(name, "\n".join(data)))
            name, data = None, []
        elif colon and not key:
            comments += 1
        elif key == "event":
            name = value
        elif key == "data":
            data.append(value)
    return events, comments


@given(streams, st.lists(st.integers(min_value=0, max_value=200), max_size=12))
@example(b"data: a\r\n\r\ndata: b\r\r\n\n", [8, 9, 10])
@example(BOM + b"data: x\n\n", [1, 2])
def test_any_split_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), max([len(stream), *cuts])]
    split, whole = SseParser(), SseParser()
    chunks = [stream[a:b] for a, b in pairwise(edges)]
    events = [event for chunk in chunks for event in split.feed(chunk)]
    assert b"".join(chunks) == stream
    assert events == whole.feed(stream)
    assert (split.comments, split.unfinished) == (whole.comments, whole.unfinished)


@given(streams)
def test_one_byte_at_a_time_gives_what_a_slow_reader_finds(stream: bytes) -> None:
    parser = SseParser()
    found = [event for byte in stream for event in parser.feed(bytes([byte]))]
    assert (found, parser.comments) == oracle(stream)


@pytest.mark.parametrize("end", LINE_ENDS)
def test_every_line_end_ends_a_line(end: bytes) -> None:
    assert pairs(end.join([b"event: a", b"data: 1", b"", b""])) == [("a", "1")]


def test_line_ends_may_be_mixed() -> None:
    assert pairs(b"event: a\rdata: 1\r\n\ndata: 2\n\r") == [("a", "1"), (None, "2")]


def test_a_line_end_split_between_reads_counts_once() -> None:
    assert pairs(b"data: 1\r", b"\ndata: 2\r", b"\n\r", b"\n") == [(None, "1\n2")]


def test_an_event_without_its_line_has_no_name() -> None:
    assert pairs(b"data: 1\n\n") == [(None, "1")]


def test_a_name_does_not_pass_to_the_next_event() -> None:
    assert pairs(b"event: a\ndata: 1\n\ndata: 2\n\n") == [("a", "1"), (None, "2")]
    assert pairs(b"event: a\n\ndata: 2\n\n") == [(None, "2")]


def test_an_empty_name_is_not_a_missing_one() -> None:
    assert pairs(b"event:\ndata: 1\n\n") == [("", "1")]


def test_data_lines_are_joined_by_line_feeds() -> None:
    assert pairs(b"data: 1\ndata\ndata:  3\n\n") == [(None, "1\n\n 3")]


def test_empty_data_is_an_event_and_no_data_is_none() -> None:
    assert pairs(b"event: a\ndata:\n\nevent: b\n\n") == [("a", "")]


def test_comments_are_counted_and_are_no_events() -> None:
    parser = SseParser()
    assert parser.feed(b": one\n:\n\ndata: 1\n: two\n\n") == [ServerSentEvent(None, "1")]
    assert parser.comments == 3


def test_one_byte_order_mark_is_taken_off() -> None:
    assert pairs(BOM + b"data: 1\n\n") == [(None, "1")]
    assert pairs(BOM[:1], BOM[1:] + b"data: 1\n\n") == [(None, "1")]
    assert pairs(BOM + BOM + b"data: 1\n\n") == []
    assert pairs(b"data: " + BOM + b"1\n\n") == [(None, "\ufeff1")]


def test_a_character_split_between_reads_is_whole() -> None:
    stream = "data: 漢😀\n\n".encode()
    assert pairs(stream[:7], stream[7:10], stream[10:]) == [(None, "漢😀")]


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    assert pairs(b"data: \xff!\n\n") == [(None, "\ufffd!")]


@pytest.mark.parametrize("rest", [b"data", b"data: 1\n", b"event: a\n", b": c"])
def test_what_no_blank_line_completed_is_unfinished(rest: bytes) -> None:
    parser = SseParser()
    parser.feed(b"data: 1\n\n")
    assert not parser.unfinished
    assert parser.feed(rest) == []
    assert parser.unfinished


def test_data_is_json_or_none() -> None:
    assert ServerSentEvent("a", '{"x": [1]}').json() == {"x": [1]}
    assert ServerSentEvent("a", "[DONE]").json() is None
    assert ServerSentEvent("a", "[" * 100_000).json() is None


def test_a_long_line_in_single_bytes_is_read() -> None:
    line = b"data: " + b"x" * 100_000 + b"\n\n"
    assert pairs(*(line[i : i + 1] for i in range(len(line)))) == [(None, "x" * 100_000)]


def test_the_parser_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(Path(sse.__file__).read_text("utf-8"))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
    assert "json" in imported
    assert imported <= sys.stdlib_module_names
