"""Grids: parts put together, counted, and shown without trust."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sample import HOSTILE, sample_record, sample_result

from gatecert.record import Cell, Evidence, Grid, GridRow, Result, RunRecord
from gatecert.report.grids import GRADES, tables
from gatecert.report.html import render_html
from gatecert.report.summary import render_summary

COLUMNS = ["whole", "streamed"]


def cell(grade: str, shown: str = "shown · 1 + 1") -> Cell:
    return Cell(grade, shown, f"The story of {shown}.")


def part(identifier: str, rows: dict[str, list[Cell]], name: str = "Matrix") -> Result:
    grid = Grid(name, "What it is.", COLUMNS, [GridRow(n, cells) for n, cells in rows.items()])
    return sample_result(identifier, evidence=Evidence(grids=[grid]))


def record(*results: Result) -> RunRecord:
    return sample_record(results=list(results))


def test_parts_of_one_name_are_one_table() -> None:
    first = part("CONN-01", {"429": [cell("good"), cell("good")]})
    second = part(
        "AUTH-03",
        {"400": [cell("good"), cell("told")], "429": [cell("good"), cell("bad", "worse")]},
    )
    (table,) = tables(record(first, second))
    assert list(table.rows) == ["400", "429"]
    assert table.counts == {"bad": 1, "told": 1, "good": 2}
    assert [(row, column, seen.ids) for row, column, seen in table.bad] == [
        ("429", "streamed", ["AUTH-03"])
    ]
    assert table.rows["429"][0].ids == ["CONN-01", "AUTH-03"]


def test_what_was_tried_counts_before_what_was_not() -> None:
    first = part("CONN-01", {"429": [cell("none", "not looked at"), cell("good")]})
    second = part("AUTH-03", {"429": [cell("good", "answered"), cell("none")]})
    (table,) = tables(record(first, second))
    assert [seen.cell.grade for seen in table.rows["429"]] == ["good", "good"]


def test_tables_of_other_names_stay_apart() -> None:
    found = tables(record(part("CONN-01", {}), part("AUTH-03", {}, name="Another")))
    assert [table.name for table in found] == ["Matrix", "Another"]


def test_a_record_without_grids_has_no_section() -> None:
    assert tables(sample_record()) == []
    assert 'class="heat"' not in render_html(sample_record())


@given(st.lists(st.sampled_from(list(GRADES)), min_size=1, max_size=6))
def test_the_worst_that_was_tried_wins(grades: list[str]) -> None:
    parts = [part("CONN-01", {"row": [cell(grade), cell("good")]}) for grade in grades]
    (table,) = tables(record(*parts))
    wanted = next(grade for grade in GRADES if grade in grades)
    assert table.rows["row"][0].cell.grade == wanted


def test_the_page_shows_each_cell_with_its_story() -> None:
    rows = {"429": [cell("bad", "HTTP 429 · 1 + 0"), cell("none", "not tried")]}
    page = render_html(record(part("AUTH-03", rows)))
    assert page.count('<td class="g-bad">') == 1
    assert "The story of HTTP 429 · 1 + 0." in page
    assert 'href="#grid-matrix"' in page
    assert "1 cell wrong" in page
    assert "a requirement is broken here" in page


def test_cells_are_hostile_input() -> None:
    page = render_html(record(part("AUTH-03", {HOSTILE: [cell("bad", HOSTILE), cell("good")]})))
    assert "<script>alert" not in page
    assert "<img src=http://evil" not in page


def test_the_summary_lists_what_is_wrong() -> None:
    rows = {"429": [cell("bad", "HTTP 429 · 1 + 0"), cell("good")]}
    text = render_summary(record(part("AUTH-03", rows)))
    assert "### Matrix" in text
    assert "| 429 | whole | HTTP 429 · 1 + 0 |" in text
