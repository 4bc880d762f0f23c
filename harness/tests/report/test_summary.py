"""The summary: a step summary that a gateway's words cannot bend."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sample import HOSTILE, sample_record, sample_result, sample_results

from gatecert.report import render_summary
from gatecert.report.summary import escaped


def test_the_headline_comes_first() -> None:
    first, *_ = render_summary(sample_record()).splitlines()
    assert first == "## ❌ Not fit: 1 requirement broken"


def test_the_table_counts_by_area() -> None:
    text = render_summary(sample_record()).partition("###")[0]
    lines = [line for line in text.splitlines() if line[:1] == "|"]
    heads, rule, *rows = [line.strip("| ").split(" | ") for line in lines]
    assert heads[:2] == ["Area", "✗ fail"]
    assert len(rule) == len(heads)
    auth = next(line for line in lines if line.startswith("| auth |"))
    assert auth.count("|") == len(heads) + 1
    assert auth.split("|")[2].strip() == "1"
    assert lines[-1].count("**1**") == 9
    assert len(rows) == 9


def test_a_table_of_situations_is_a_line_of_counts_and_a_table_of_what_is_bad() -> None:
    text = render_summary(sample_record(results=sample_results("AUTH-03")))
    section = text[text.index("### Fallback matrix\n") :]
    assert "4 situations: 1 good, 1 lost but told, 1 bad, 1 not tried. Not tried: seen:" in section
    heads, rule, bad = [line for line in section.splitlines() if line[:1] == "|"]
    assert heads == "| Bad | Where | What came | Requirement |"
    assert rule.count("---") == 4
    assert bad.startswith("| 502 | streamed ")
    assert bad.endswith(" | HTTP 502 | AUTH-03 |")
    assert bad.count("|") == 5


def test_without_grids_no_situation_is_told_of() -> None:
    assert "situation" not in render_summary(sample_record(results=sample_results("OVER-01")))


def test_what_to_change_is_ranked_and_says_how() -> None:
    text = render_summary(sample_record())
    places = [text.index(f"**{i} (") for i in ("AUTH-03", "STREAM-07", "MSG-05")]
    assert places == sorted(places)
    assert "Change: fix for AUTH-03 Suspect: gateway." in text
    assert "   - What the user sees: The user waits, then reads" in text


def test_one_answer_is_told_once_with_the_number_of_requirements() -> None:
    came = "HTTP 404 'no route'"
    same = [
        sample_result("AUTH-03", id=f"MSG-{n}", area="messages", came=came) for n in range(10, 30)
    ]
    basic = sample_result("AUTH-03", id="URL-06", area="urls", came=came, fix="Ignore the query.")
    text = render_summary(sample_record(results=[*same, basic]))
    section = text[text.index("### What to change first") :]
    assert section.count("Change: ") == 1
    assert "1. **URL-06 (MUST, fail)**" in section
    assert "21 requirements fail with this answer, also MSG-10, MSG-11" in section
    assert "MSG-17 and 12 more" in section
    assert "Change: Ignore the query." in section


def test_the_same_line_of_the_user_is_told_once_and_then_pointed_to() -> None:
    both = [
        sample_result("AUTH-03", id=name, area="streaming", came=name, fix=name)
        for name in ("STREAM-01", "STREAM-02")
    ]
    text = render_summary(sample_record(results=both))
    assert text.count("What the user sees: The user waits, then reads") == 1
    assert text.count("What the user sees: the same as for STREAM-01.") == 1


def test_what_was_not_verified_is_listed() -> None:
    text = render_summary(sample_record())
    section = text[text.index("### Not verified (2)") :]
    assert "**ERR-06** reason of ERR-06" in section
    assert "**OVER-01** reason of OVER-01" in section


def test_a_fit_gateway_gets_no_list_of_repairs() -> None:
    text = render_summary(sample_record(results=sample_results("CONN-01", "AUTH-09")))
    assert text.startswith("## ✅ Fit for Claude Desktop\n")
    assert "### What" not in text


def test_nothing_judged_makes_a_summary_without_a_table() -> None:
    text = render_summary(sample_record(results=[], state="not-started", not_verified=["AUTH-01"]))
    assert "Incomplete: the run could not start" in text
    assert "| Area" not in text
    assert "- **AUTH-01** not reached: the run could not start" in text


def test_hostile_text_means_nothing_to_markdown() -> None:
    text = render_summary(sample_record())
    assert "<" not in text.replace("&lt;", "")
    assert "](" not in text.replace("\\](", "")
    assert "://" not in text
    assert not [c for c in HOSTILE if not c.isprintable() and c in text]
    assert "`" not in text.replace("\\`", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "a&#124;b"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("`x` *y* _z_", "\\`x\\` \\*y\\* \\_z\\_"),
        ("https://evil.test", "https:\\//evil.test"),
        ("www.evil.test", "www\\.evil.test"),
        ("one\n\ntwo\tthree", "one two three"),
        ("back\\slash|", "back\\\\slash&#124;"),
        ("@someone #7", "\\@someone \\#7"),
        ("\u202e", "\\\\u202e"),
    ],
)
def test_markdown_is_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_a_long_text_is_cut() -> None:
    assert escaped("x" * 10_000) == "x" * 399 + "…"


def test_the_summary_stays_small_whatever_the_record() -> None:
    wide = sample_result("AUTH-03", reason="|" * 9_000, came="|" * 9_000, title="|" * 9_000)
    many = [
        replace(wide, id=f"AUTH-{n}", fix=f"{n}" + "|" * 9_000, came=chr(0x4E00 + n) + "|" * 9_000)
        for n in range(500)
    ]
    lost = [f"FALL-{n}" for n in range(9_000)]
    text = render_summary(sample_record(results=many, not_verified=lost))
    assert len(text.encode()) < 200_000
    assert text.startswith("## ❌ Not fit: 500 requirements broken")
    assert "more in the report" in text


def test_very_many_areas_are_cut_at_a_line() -> None:
    wide = sample_result("CONN-01")
    many = [replace(wide, area=f"area-{n}-{'x' * 300}") for n in range(1_000)]
    text = render_summary(sample_record(results=many))
    assert len(text.encode()) < 200_000
    assert text.endswith("… cut here; the report has the rest.\n")
