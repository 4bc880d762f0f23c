"""Tables of situations: merged without loss, counted to the last cell, and told in words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample import sample_record, sample_result

from gatecert.record import Cell, Evidence, Grid, GridRow, Result
from gatecert.report.grids import GRADES, Table, tables, tally

NAME = "Fallback matrix"


def grid(columns: Sequence[str], rows: dict[str, str], name: str = NAME) -> Grid:
    """A grid from rows of grades, one word for each cell: ``{"502": "good bad"}``."""
    cells = {
        row: [Cell(grade, f"{grade} · 1 + 1", f"A story of {row}.") for grade in grades.split()]
        for row, grades in rows.items()
    }
    return Grid(name, "About it.", columns, [GridRow(row, found) for row, found in cells.items()])


def seen(identifier: str, *grids: Grid) -> Result:
    return sample_result("AUTH-03", id=identifier, evidence=Evidence(grids=grids))


def found(*results: Result) -> list[Table]:
    return tables(sample_record(results=list(results)))


def grades(table: Table) -> dict[str, str]:
    return {name: " ".join(cell.grade for cell in row) for name, row in table.rows.items()}


def test_without_grids_there_is_no_table() -> None:
    assert found(sample_result("OVER-01")) == []


def test_grids_of_one_name_are_one_table_and_the_largest_says_the_order() -> None:
    (table,) = found(
        seen("A-01", grid(["tokens"], {"502": "bad"})),
        seen("A-02", grid(["whole", "streamed"], {"529": "good good", "502": "told good"})),
        seen("A-03", grid(["streamed"], {"cut": "told"})),
    )
    assert table.columns == ["whole", "streamed", "tokens"]
    assert grades(table) == {
        "529": "good good none",
        "502": "told good bad",
        "cut": "none told none",
    }


@pytest.mark.parametrize("order", [("A-01", "A-02"), ("A-02", "A-01")])
def test_of_a_cell_that_two_saw_the_bad_one_is_told_with_those_who_found_it_so(
    order: tuple[str, str],
) -> None:
    results = {
        "A-01": seen("A-01", grid(["whole"], {"502": "good"})),
        "A-02": seen("A-02", grid(["whole"], {"502": "bad"})),
    }
    (table,) = found(*(results[i] for i in order))
    ((row, column, cell),) = table.bad
    assert (row, column, cell.ids) == ("502", "whole", ["A-02"])


def test_what_was_tried_counts_before_what_was_not() -> None:
    tried, not_tried = grid(["whole"], {"502": "good"}), grid(["whole"], {"502": "none"})
    (table,) = found(seen("A-01", not_tried), seen("A-02", tried), seen("A-03", tried))
    assert [(c.grade, c.ids) for c in table.cells] == [("good", ["A-02", "A-03"])]


def test_tables_of_other_names_stay_apart_and_have_places_of_their_own() -> None:
    other = grid(["a"], {"r": "bad"}, "Metadata: ways to write it")
    first, second = found(seen("A-01", grid(["a"], {"r": "good"}), other))
    assert [(t.title, t.anchor) for t in (first, second)] == [
        (NAME, "grid-1"),
        ("Metadata", "grid-2"),
    ]
    assert [len(t.bad) for t in (first, second)] == [0, 1]


def test_a_blank_cell_says_why_it_is_blank() -> None:
    (table,) = found(seen("A-01", grid(["whole", "streamed"], {"502": "good"})))
    _, blank = table.cells
    assert (blank.grade, blank.ids) == ("none", [])
    assert table.untried == "Not tried: no requirement of this run looked at it (1)."


def test_a_grade_that_is_not_known_counts_as_not_tried() -> None:
    (table,) = found(seen("A-01", grid(["whole"], {"502": "splendid"})))
    assert grades(table) == {"502": "none"}
    assert table.counts == {"none": 1}


def test_the_counts_are_a_sentence() -> None:
    rows = {"1": "good good", "2": "told bad", "3": "good none"}
    (table,) = found(seen("A-01", grid(["a", "b"], rows)))
    assert table.tally == "6 situations: 3 good, 1 lost but told, 1 bad, 1 not tried."
    assert tally([]) == "none was looked at"


def test_the_few_words_of_a_cell_have_a_head_and_a_rest() -> None:
    (table,) = found(seen("A-01", grid(["a"], {"1": "good"})))
    assert [(c.head, c.rest) for c in table.cells] == [("good", "1 + 1")]


def test_the_commonest_reasons_for_what_was_not_tried_are_told() -> None:
    details = ["Not tried: no log."] * 3 + ["A stream cannot."] * 2 + ["URL missing"] + ["x", "y"]
    rows = [GridRow(str(n), [Cell("none", "no", text)]) for n, text in enumerate(details)]
    (table,) = found(seen("A-01", Grid(NAME, "", ["a"], rows)))
    assert table.untried == (
        "Not tried: no log (3); a stream cannot (2); URL missing (1); "
        "other reasons, which their cells tell (2)."
    )


def test_a_result_knows_the_cells_that_it_tells_of() -> None:
    first = seen("A-01", grid(["whole"], {"502": "good", "503": "bad"}))
    second = seen("A-02", grid(["whole"], {"504": "good"}))
    (table,) = found(first, second)
    assert tally(table.part_of("A-01")) == "1 good, 1 bad"
    assert table.part_of("OVER-01") == []


names = st.sampled_from(["a", "b", "c"])
cells = st.builds(Cell, st.sampled_from(sorted(GRADES)), st.text(max_size=3), st.text(max_size=3))
some_grids = st.builds(
    Grid,
    names,
    st.text(max_size=3),
    st.lists(names, max_size=3, unique=True),
    st.lists(st.builds(GridRow, names, st.lists(cells, max_size=4)), max_size=4),
)


@given(st.lists(st.lists(some_grids, max_size=3), max_size=4))
def test_whatever_is_merged_nothing_is_lost(evidence: list[list[Grid]]) -> None:
    results = [seen(f"A-0{n}", *grids) for n, grids in enumerate(evidence)]
    merged = {table.name: table for table in found(*results)}
    assert len({table.anchor for table in merged.values()}) == len(merged)
    for table in merged.values():
        assert all(len(row) == len(table.columns) for row in table.rows.values())
        assert sum(table.counts.values()) == len(table.cells)
        assert all(cell.ids or cell.grade == "none" for cell in table.cells)
        assert (table.untried == "") == ("none" not in table.counts)
    for result in results:
        for one in result.evidence.grids:
            table = merged[one.name]
            for row in one.rows:
                for column, cell in zip(one.columns, row.cells, strict=False):
                    told = table.rows[row.name][table.columns.index(column)]
                    # the worst is told, and whoever found it so is named
                    assert list(GRADES).index(told.grade) <= list(GRADES).index(cell.grade)
                    assert result.id in told.ids or told.grade != cell.grade
