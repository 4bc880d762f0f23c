from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop import SseParser, assemble
from gatecert.upstream import Block, Plan
from gatecert.upstream.framing import Writes, frames

sizes = st.lists(st.integers(min_value=1, max_value=40), max_size=8)


def written(plan: Plan, *, coding: str = "") -> list[bytes]:
    writes = Writes(plan.chunks, coding)
    done = [data for frame in frames(plan, "gc-token", "m") for data in writes.of(frame)]
    return [*done, writes.rest()]


@given(st.text(), sizes, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_split_carries_the_same_text(
    text: str, chunks: list[int], newline: str, comments: bool
) -> None:
    plan = Plan(blocks=[Block("text", [text])], chunks=chunks, newline=newline, comments=comments)
    message = assemble(SseParser().feed(b"".join(written(plan))))
    assert (message.text, message.problems) == (text, [])


@given(sizes.filter(bool))
def test_writes_are_as_long_as_the_plan_says(chunks: list[int]) -> None:
    *full, rest = written(Plan(chunks=chunks))
    assert [len(data) for data in full][: len(chunks)] == chunks[: len(full)]
    assert {len(data) for data in full[len(chunks) :]} <= {chunks[-1]}
    assert len(rest) < max(chunks)


def test_a_compressed_stream_is_flushed_after_each_event() -> None:
    plan = Plan()
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    plain = [reader.decompress(data) for data in written(plan, coding="gzip")]
    assert [data.endswith(b"\n\n") for data in plain] == [True] * (len(plain) - 1) + [False]
    assert reader.eof


def test_comments_stand_before_each_event() -> None:
    parser = SseParser()
    events = parser.feed(b"".join(frames(Plan(comments=True), "gc-token", "m")))
    assert parser.comments == len(events)


def test_a_short_directive_asks_for_a_long_answer() -> None:
    block = Block("text", ["ab", "c"], repeat=3, widen=2)
    assert list(block.deltas()) == ["abab", "cc"] * 3
    assert block.joined == "ababcc" * 3
