"""The record as JUnit XML: one test case for each requirement."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from gatecert.record import Result, RunRecord
from gatecert.report.grids import Table, tables, tally
from gatecert.report.hints import as_sentence, recognised, told_hints
from gatecert.report.provisional import provisional_line
from gatecert.report.triage import by_area, unverified
from gatecert.report.visible import visible
from gatecert.report.words import state_words, verdict_label

_HEAD = '<?xml version="1.0" encoding="utf-8"?>'
_OUTCOMES: Mapping[str, str] = {
    "fail": "failure",
    "error": "error",
    "not-applicable": "skipped",
    "could-not-run": "skipped",
    "known": "skipped",
}
_NOTED = ("warn", "info", "fixed")


def render_junit(record: RunRecord) -> str:
    """The record as JUnit XML. Times are seconds.

    A broken SHOULD and a missing MAY pass with a note, because CI would count them as failures.
    What was selected and never reached is a skipped test case, so that it is not forgotten; a run
    that did not finish, or judged nothing, has an error of its own, so that no dashboard is green.
    """
    suites = ET.Element("testsuites", name="gatecert")
    suite = ET.SubElement(suites, "testsuite", _suite(record))
    _properties(suite, _run_properties(record))
    gateways, found = recognised(record.target, record.results), tables(record)
    for area, results in by_area(record).items():
        for result in results:
            _case(suite, area, result, _detail(result, record, gateways, found))
    for one in unverified(record):
        if one.result is None:
            case = _element(suite, "testcase", classname="not reached", name=one.id, time="0")
            _element(case, "skipped", message=one.why)
    trouble = _trouble(record)
    if trouble:
        case = _element(suite, "testcase", classname="gatecert", name="the run itself", time="0")
        _element(case, "error", message=trouble)
    _count(suite)
    ET.indent(suites, " ")
    return f"{_HEAD}\n{ET.tostring(suites, encoding='unicode')}\n"


def _trouble(record: RunRecord) -> str:
    """Why the run is not valid, or ``""``."""
    if record.state != "finished":
        return ": ".join(filter(None, (state_words(record.state), record.state_detail)))
    return "" if record.judged else "no requirement was judged"


def _suite(record: RunRecord) -> dict[str, str]:
    return {
        "name": visible(f"gatecert {record.target['name']}"),
        "timestamp": visible(record.started),
        "time": f"{record.duration_ms / 1000:.3f}",
    }


def _run_properties(record: RunRecord) -> dict[str, str]:
    return {
        "target": str(record.target["name"]),
        "target-version": str(record.target["version"]),
        "state": record.state,
        "conformant": str(record.conformant).lower(),
        "complete": str(record.complete).lower(),
        **{table.title: tally(table.cells) for table in tables(record)},
    }


def _case(suite: ET.Element, area: str, result: Result, detail: str) -> None:
    name, seconds = f"{result.id} {result.title}", f"{result.duration_ms / 1000:.3f}"
    case = _element(suite, "testcase", classname=area, name=name, time=seconds)
    told = {"level": result.level, "verdict": result.verdict, "suspect": result.suspect}
    _properties(case, {**told, "provisional": "true"} if result.provisional else told)
    outcome = _OUTCOMES.get(result.verdict)
    if outcome:
        message = f"{verdict_label(result.verdict)}: {result.reason}"
        _element(case, outcome, message=message).text = visible(detail)
    elif result.verdict in _NOTED:
        note = f"{verdict_label(result.verdict)}: {detail}"
        ET.SubElement(case, "system-out").text = visible(note)


def _detail(
    result: Result, record: RunRecord, gateways: Sequence[str], found: Sequence[Table]
) -> str:
    known = result.known or {}
    to_change = result.verdict in ("fail", "warn", "known")
    lines = {
        "": result.reason,
        "expected": result.expected,
        "came": result.came,
        **_situations(result, found),
        "what the user sees": result.evidence.seen.text if result.evidence.seen else "",
        "why": result.why,
        "fix": result.fix if to_change else "",
        "in known gateways": as_sentence(told_hints(result, gateways)) if to_change else "",
        "provisional": provisional_line(result, record),
        "suspect": ", ".join(filter(None, (result.suspect, result.hop))),
        "recorded": " ".join(filter(None, (known.get("reason"), known.get("link")))),
    }
    return "\n".join(f"{k}: {v}" if k else v for k, v in lines.items() if v)


def _situations(result: Result, found: Sequence[Table]) -> dict[str, str]:
    """What the result tells of each table of situations, its bad cells by name."""
    told = {}
    for table in found:
        bad = "; ".join(f"{row}, {c}" for row, c, seen in table.bad if result.id in seen.ids)
        cells = table.part_of(result.id)
        if cells:
            told[table.title] = f"{tally(cells)}{f' ({bad})' if bad else ''}"
    return told


def _properties(parent: ET.Element, values: Mapping[str, str]) -> None:
    group = ET.SubElement(parent, "properties")
    for name, value in values.items():
        _element(group, "property", name=name, value=value)


def _element(parent: ET.Element, tag: str, **attributes: str) -> ET.Element:
    return ET.SubElement(parent, tag, {k: visible(v) for k, v in attributes.items()})


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    for plural, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(plural, str(len(suite.findall(f"testcase/{tag}"))))
