"""What a run leaves in its folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sample import sample_record

from gatecert import report
from gatecert.record import read_run
from gatecert.report import render_html, render_junit, render_summary, write_report

FILES = {"run.json", "index.html", "junit.xml", "summary.md"}


def test_all_four_files_are_written_and_the_page_is_named(tmp_path: Path) -> None:
    record, folder = sample_record(), tmp_path / "a" / "b"
    assert write_report(record, folder) == folder / "index.html"
    assert {path.name for path in folder.iterdir()} == FILES
    assert read_run(folder / "run.json") == record
    for name, render in (
        ("index.html", render_html),
        ("junit.xml", render_junit),
        ("summary.md", render_summary),
    ):
        assert (folder / name).read_text(encoding="utf-8") == render(record)


def test_a_later_report_replaces_an_earlier_one(tmp_path: Path) -> None:
    write_report(sample_record(), tmp_path)
    write_report(sample_record(state="interrupted"), tmp_path)
    assert json.loads((tmp_path / "run.json").read_text())["state"] == "interrupted"
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_a_file_that_cannot_be_made_leaves_the_old_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(sample_record(), tmp_path)
    before = (tmp_path / "index.html").read_bytes()

    def full_disk(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_report(sample_record(state="interrupted"), tmp_path)
    assert (tmp_path / "index.html").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_the_record_is_written_even_if_a_page_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(record: object) -> str:
        raise RuntimeError("a fault in the template")

    monkeypatch.setattr(report, "render_html", broken)
    with pytest.raises(RuntimeError):
        write_report(sample_record(), tmp_path)
    assert read_run(tmp_path / "run.json") == sample_record()


def test_the_export_list_is_whole() -> None:
    assert set(report.__all__) == {"render_html", "render_junit", "render_summary", "write_report"}
    assert all(hasattr(report, name) for name in report.__all__)
