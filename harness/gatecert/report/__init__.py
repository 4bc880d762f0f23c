"""Makes pages from a run record: HTML, JUnit and a summary in Markdown."""

from __future__ import annotations

import json
import os
from pathlib import Path

from gatecert.record import RunRecord
from gatecert.report.html import render_html
from gatecert.report.junit import render_junit
from gatecert.report.summary import render_summary

__all__ = ["render_html", "render_junit", "render_summary", "write_report"]


def write_report(record: RunRecord, folder: Path) -> Path:
    """Write record and reports into a folder, made if need be; returns the page's path.

    Each file is replaced as a whole or not at all, ``run.json`` first. Raises OSError where the
    folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / "run.json", _json(record))
    _replace(folder / "junit.xml", render_junit(record))
    _replace(folder / "summary.md", render_summary(record))
    _replace(folder / "index.html", render_html(record))
    return folder / "index.html"


def _json(record: RunRecord) -> str:
    # ASCII only, so that a lone surrogate in evidence cannot keep the record from being written
    return json.dumps(record.to_json(), indent=1) + "\n"


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
