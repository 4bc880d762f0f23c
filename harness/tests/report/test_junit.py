"""JUnit: whatever reads it must neither miss a failure nor invent one."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from sample import HOSTILE, VERDICT_OF, sample_record, sample_result, sample_results

from gatecert.record import RunRecord
from gatecert.report import render_junit


def suite(record: RunRecord | None = None) -> ET.Element:
    found = ET.fromstring(render_junit(record or sample_record())).find("testsuite")
    assert found is not None
    return found


def case(identifier: str, record: RunRecord | None = None) -> ET.Element:
    (found,) = [c for c in suite(record) if c.get("name", "").startswith(identifier)]
    return found


def test_every_requirement_is_one_test_case() -> None:
    cases = suite().findall("testcase")
    assert [c.attrib["name"].split(" ")[0] for c in cases] == list(VERDICT_OF)
    assert {c.attrib["classname"] for c in cases} >= {"auth", "streaming", "overhead"}
    assert cases[0].attrib["time"] == "0.013"


@pytest.mark.parametrize(
    ("identifier", "outcomes"),
    [
        ("CONN-01", []),
        ("AUTH-03", ["failure"]),
        ("AUTH-09", ["skipped"]),
        ("URL-02", ["system-out"]),
        ("MODEL-04", ["system-out"]),
        ("MSG-05", ["skipped"]),
        ("STREAM-07", ["system-out"]),
        ("ERR-06", ["error"]),
        ("OVER-01", ["skipped"]),
    ],
)
def test_verdicts_become_outcomes(identifier: str, outcomes: list[str]) -> None:
    assert [e.tag for e in case(identifier) if e.tag != "properties"] == outcomes


@pytest.mark.parametrize("identifier", list(VERDICT_OF))
def test_properties_carry_level_verdict_and_suspect(identifier: str) -> None:
    found = {p.attrib["name"]: p.attrib["value"] for p in case(identifier).iter("property")}
    result = sample_result(identifier)
    assert found == {"level": result.level, "verdict": result.verdict, "suspect": result.suspect}


def test_situations_are_counted_for_the_run_and_told_of_each_failure() -> None:
    counts = "1 good, 1 lost but told, 1 bad, 1 not tried"
    told = {p.attrib["name"]: p.attrib["value"] for p in suite().iterfind("properties/property")}
    assert told["Fallback matrix"] == counts
    failure = case("AUTH-03").find("failure")
    assert failure is not None
    assert f"Fallback matrix: {counts} (502, streamed" in (failure.text or "")


def test_counts_agree_with_the_cases() -> None:
    found = suite()
    counts = {name: int(found.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": 9, "failures": 1, "errors": 1, "skipped": 3}


def test_a_failure_says_what_came_and_what_to_change() -> None:
    failure = case("AUTH-03").find("failure")
    assert failure is not None
    assert "what the user sees: The user waits, then reads" in (failure.text or "")
    for words in ("expected: a clean text", "fix: fix for AUTH-03", "gateway → provider"):
        assert words in (failure.text or "")
    assert "reason of AUTH-03" in failure.attrib["message"]


def test_a_recorded_deviation_names_its_reason_and_link() -> None:
    skipped = case("MSG-05").find("skipped")
    assert skipped is not None
    assert "the vendor works on it https://example.com/issues/7" in (skipped.text or "")
    assert skipped.attrib["message"].startswith("known: ")


def test_what_was_never_reached_is_skipped_and_not_forgotten() -> None:
    record = sample_record(
        results=sample_results("CONN-01"), state="interrupted", not_verified=["FALL-01"]
    )
    assert case("FALL-01", record).find("skipped") is not None
    assert suite(record).attrib["tests"] == "3"


def test_a_run_that_did_not_finish_is_an_error_of_its_own() -> None:
    record = sample_record(results=sample_results("CONN-01"), state="not-started", state_detail="x")
    assert suite(record).attrib["errors"] == "1"
    error = case("the run itself", record).find("error")
    assert error is not None
    assert error.attrib["message"] == "the run could not start: x"
    assert suite(sample_record(results=sample_results("CONN-01"))).attrib["errors"] == "0"


@pytest.mark.parametrize("identifiers", [["AUTH-09"], ["AUTH-09", "OVER-01"]])
def test_a_run_that_judged_nothing_is_an_error_too(identifiers: list[str]) -> None:
    error = case("the run itself", sample_record(results=sample_results(*identifiers))).find(
        "error"
    )
    assert error is not None
    assert error.attrib["message"] == "no requirement was judged"


def test_the_suite_says_whether_the_run_is_conformant_and_complete() -> None:
    properties = suite(sample_record(state="interrupted")).find("properties")
    assert properties is not None
    told = {p.attrib["name"]: p.attrib["value"] for p in properties}
    assert (told["state"], told["conformant"], told["complete"]) == (
        "interrupted",
        "false",
        "false",
    )


def test_characters_that_xml_forbids_are_not_in_it() -> None:
    text = render_junit(sample_record())
    assert not [c for c in HOSTILE if not c.isprintable() and c in text]
    assert "\\x1b[31m" in text
    text.encode("utf-8")
