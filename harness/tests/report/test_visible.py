"""Characters that hide, reorder or recolour text are shown as escapes, all others as they are."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.report.visible import marked, one_line, visible

ANY = st.text(st.characters())  # surrogates too


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x00\x07\x7f\x9b", "\\x00\\x07\\x7f\\x9b"),
        ("a\rb", "a\\rb"),
        ("\u200b\u200d\ufeff\u00ad\u00a0", "\\u200b\\u200d\\ufeff\\xad\\xa0"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\U000e0041\U000e0100", "\\U000e0041\\U000e0100"),
        ("\u3164\u115f\u2800", "\\u3164\\u115f\\u2800"),
        ("\ud800", "\\ud800"),
        ("\ufffe\uffff", "\\ufffe\\uffff"),
        ("plain\ttext\nwith Ünïcödé, 漢字 and 😀", "plain\ttext\nwith Ünïcödé, 漢字 and 😀"),
    ],
)
def test_what_cannot_be_seen_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY)
def test_everything_shown_can_be_seen_and_written(text: str) -> None:
    shown = visible(text)
    assert shown.replace("\n", "").replace("\t", "").isprintable()
    shown.encode("utf-8")


@given(ANY)
def test_marking_adds_mark_up_and_nothing_else(text: str) -> None:
    without = re.sub(r"</?b[^>]*>", "", str(marked(text)))
    assert html.unescape(without) == visible(text)


@given(ANY)
def test_marked_text_brings_no_mark_up_of_its_own(text: str) -> None:
    rest = re.sub(r'<b class="esc">\\\w+</b>', "", str(marked(text)))
    assert not set(rest) & set("<>\"'")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one\n::error::two\r\n  three", "one ::error::two\\r three"),
        ("::error::it is", ": :error::it is"),
        (" \n::warning file=x::it", ": :warning file=x::it"),
        ("a ##[error]b ##vso[task.x]c", "a # #[error]b # #vso[task.x]c"),
        ("## a heading", "## a heading"),
        ("\x1b[31mred\u202e", "\\x1b[31mred\\u202e"),
        ("half \ud800", "half \\ud800"),
        ("  tabs\tand   blanks ", "tabs and blanks"),
        ("", ""),
    ],
)
def test_a_line_is_one_and_commands_nothing(text: str, line: str) -> None:
    assert one_line(text) == line


@given(ANY)
def test_a_line_is_one_whatever_came(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line.isprintable()
    assert not line.startswith("::")
    assert "##[" not in line
    line.encode("utf-8")


@given(ANY, st.integers(8, 60))
def test_a_long_line_loses_its_middle(text: str, most: int) -> None:
    assert len(one_line(text * 5, most)) <= most


def test_beginning_and_end_of_a_long_line_stay() -> None:
    assert one_line("a" * 50 + "b" * 50, 23) == "aaaaaaaaaaaaaaa … bbbbb"
