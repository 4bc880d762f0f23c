"""Tables of situations on the page."""

from __future__ import annotations

from sample import sample_record, sample_result, sample_results

from gatecert.record import Cell, Evidence, Grid, GridRow
from gatecert.report import render_html


def test_a_table_of_situations_has_its_counts_its_cells_and_who_judges_them() -> None:
    text = render_html(sample_record(results=sample_results("AUTH-03", "CONN-01")))
    table = text[text.index('<h2 id="grid-1">') : text.index('<h2 id="requirements">')]
    for words in (
        "<b>4 situations: 1 good, 1 lost but told, 1 bad, 1 not tried.</b>",
        "Not tried: seen: not promised",
        "not tried; the cell says why",
        '<td class="g-good"><details>',
        '<b>backup</b> <span class="rest">1 + 1</span>',
        '<td class="g-bad"><details>',
        '<span class="unseen">bad:</span> <b>HTTP 502</b>',
        '<span class="unseen">not tried:</span> <b>not promised</b>',
        'Broken: <a href="#AUTH-03">AUTH-03</a>.',
    ):
        assert words in table, words
    assert table.count("<td class=") == 4
    assert '<a href="#grid-1">Fallback matrix (1 bad)</a>' in text
    assert '<a href="#grid-1">Fallback matrix: 1 of 4 situations bad.</a>' in text


def test_of_very_many_bad_cells_the_first_are_listed_and_all_are_in_the_table() -> None:
    rows = [GridRow(f"fault {n}", [Cell("bad", "HTTP 500", "x")]) for n in range(30)]
    evidence = Evidence(grids=[Grid("Matrix", "", ["whole"], rows)])
    text = render_html(sample_record(results=[sample_result("AUTH-03", evidence=evidence)]))
    assert "and 18 more in the table" in text
    assert text.count('<td class="g-bad">') == 30


def test_a_record_without_grids_has_no_table_of_situations() -> None:
    text = render_html(sample_record(results=sample_results("OVER-01", "AUTH-09")))
    assert "situation" not in text.partition("</style>")[2]
