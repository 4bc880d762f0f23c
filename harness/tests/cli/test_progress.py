"""What the terminal shows while a run goes on."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from sample import HOSTILE, sample_record, sample_result, sample_results

from gatecert.cli.progress import Progress
from gatecert.gateways.target import Target

NOT_FOUND = "HTTP 404 'no route'"


def progress(**changes: bool) -> Progress:
    return Progress(**{"quiet": False, "verbose": False, "to_json": False, **changes})


def target(**changes: Any) -> Target:
    return Target(
        **{"name": "live", "kind": "external", "base_url": "http://gw", "api_key": "k", **changes}
    )


def test_no_blank_stands_for_a_version_that_is_not_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress().pytest_gatecert_started(target(), ["AUTH-01"])
    progress().pytest_gatecert_started(target(version="2"), ["AUTH-01"])
    assert capsys.readouterr().out.splitlines() == [
        "Certifying live at http://gw (live provider), 1 requirements",
        "Certifying live 2 at http://gw (live provider), 1 requirements",
    ]


def test_the_same_answer_is_told_a_few_times_only(capsys: pytest.CaptureFixture[str]) -> None:
    shown, all_of_it = progress(), progress(verbose=True)
    for one in (shown, all_of_it):
        for number in range(9):
            result = sample_result("AUTH-03", id=f"X-{number}", came=NOT_FOUND, reason="r")
            one.pytest_gatecert_result(result)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["auth", *["fail"] * 3, "…", *["fail"] * 9]


def test_values_that_are_alike_are_all_told(capsys: pytest.CaptureFixture[str]) -> None:
    shown = progress()
    for number in range(9):
        shown.pytest_gatecert_result(sample_result("AUTH-03", id=f"X-{number}", came="nothing"))
    assert capsys.readouterr().out.count("fail") == 9


def test_what_a_gateway_says_reaches_no_terminal_raw(capsys: pytest.CaptureFixture[str]) -> None:
    shown = progress()
    shown.pytest_gatecert_says(f"x\n::error::{HOSTILE}")
    shown.pytest_gatecert_started(target(name=HOSTILE, version=f"\n::set::{HOSTILE}"), [])
    for result in sample_results():
        shown.pytest_gatecert_result(result)
    shown.pytest_gatecert_finished(sample_record(), Path("r"))
    out = capsys.readouterr().out
    assert out.replace("\n", "").isprintable()
    assert not [line for line in out.splitlines() if line.startswith("::")]


def test_a_stream_that_knows_ascii_only_is_no_reason_to_die(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors="backslashreplace")
    monkeypatch.setattr(sys, "stdout", stream)
    shown = progress()
    for result in sample_results():
        shown.pytest_gatecert_result(result)
    shown.pytest_gatecert_finished(sample_record(), Path("r"))
    stream.flush()
    assert b"connection \\u2026" in raw.getvalue()


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_fault_that_pytest_meets_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], debug: str
) -> None:
    monkeypatch.setenv("GATECERT_DEBUG", debug)
    progress().pytest_internalerror("Traceback:\n  a line\nE   LookupError: odd")
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("gatecert: internal error: E LookupError: odd (please report")
    assert len(lines) == (4 if debug else 1)


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    shown = progress(quiet=True)
    shown.pytest_gatecert_says("x")
    shown.pytest_gatecert_started(target(), [])
    shown.pytest_gatecert_result(sample_result("AUTH-03"))
    shown.pytest_gatecert_finished(sample_record(), Path("r"))
    assert capsys.readouterr() == ("", "")
    assert shown.record is not None
