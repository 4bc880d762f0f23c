"""What is provisional does not count yet, and nobody may miss that it will."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from sample import sample_record, sample_result

from gatecert.record import Result, RunRecord
from gatecert.report import render_html, render_junit, render_summary
from gatecert.report.headline import headline
from gatecert.report.provisional import counts_from, provisional_line
from gatecert.report.triage import changes

TOOL = {"name": "gatecert", "version": "0.2.0"}
LINE = "new in 0.2, counts from 0.3 on; --enforce-provisional makes it count now"


def new(verdict: str = "warn", **changes: Any) -> Result:
    return sample_result("AUTH-03", **{"verdict": verdict, "provisional": True, **changes})


def record(*results: Result, **changes: Any) -> RunRecord:
    return sample_record(results=list(results), tool=TOOL, **changes)


def test_the_title_does_not_hide_it() -> None:
    found = headline(record(sample_result("CONN-01"), new(), new(id="AUTH-04")))
    assert found.tone == "fit"
    assert found.title == "Fit for Claude Desktop, but 2 provisional requirements broken"
    assert found.notes[0] == "Every MUST that counts already holds."
    assert "2 provisional requirements are broken; they will fail from 0.3 on." in found.notes
    assert not [note for note in found.notes if "SHOULD" in note]


def test_a_gateway_that_is_unfit_anyway_hears_of_it_too() -> None:
    found = headline(record(sample_result("AUTH-03", id="AUTH-04"), new()))
    assert found.title == "Not fit: 1 requirement broken"
    assert "1 provisional requirement is broken; it will fail from 0.3 on." in found.notes


def test_an_incomplete_run_says_which_musts_hold() -> None:
    found = headline(record(new(), state="interrupted"))
    assert found.notes[0] == "No MUST that counts already was found broken."


def test_a_recorded_deviation_counts_as_provisional_as_well() -> None:
    found = headline(record(sample_result("CONN-01"), new("known")))
    assert found.tone == "fit"
    assert "1 provisional requirement broken" in found.title


def test_what_holds_or_is_only_recommended_is_not_counted() -> None:
    found = headline(record(new("pass"), new(id="STREAM-07", level="SHOULD")))
    assert found.title == "Fit for Claude Desktop"
    assert "1 recommendation (SHOULD) not met." in found.notes


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (new(), LINE),
        (new("pass"), LINE),
        (new("fail"), "new in 0.2; counted in this run because of --enforce-provisional"),
        (new(level="SHOULD"), "new in 0.2"),
        (sample_result("AUTH-03"), ""),
    ],
)
def test_the_line_says_from_when_it_counts(result: Result, line: str) -> None:
    assert provisional_line(result, record(result)) == line


def test_a_strange_version_is_no_fault() -> None:
    odd = sample_record(results=[new()], tool={"name": "gatecert", "version": "dev"})
    assert counts_from(odd) == "the next version"


def test_it_is_ranked_between_failures_and_recommendations() -> None:
    should = sample_result("STREAM-07", came="a", area="connection")
    failed = sample_result("AUTH-03", id="OVER-09", area="overhead", came="b")
    found = changes(record(should, new(came="c"), failed))
    assert [change.result.id for change in found] == ["OVER-09", "AUTH-03", "STREAM-07"]


def test_every_output_shows_it() -> None:
    one = record(new())
    assert "**AUTH-03 (MUST, warn, provisional)**" in render_summary(one)
    page = render_html(one)
    assert '<span class="new">provisional</span>' in page
    assert f"<dt>Provisional</dt><dd>{LINE}</dd>" in page
    case = ET.fromstring(render_junit(one)).find("testsuite/testcase")
    assert case is not None
    properties = {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
    assert properties["provisional"] == "true"
    assert f"provisional: {LINE}" in (case.findtext("system-out") or "")
    assert "provisional" not in render_html(record(sample_result("CONN-01")))
