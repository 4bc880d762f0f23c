"""``gatecert report``: render a record again, or rebuild it from a journal."""

from __future__ import annotations

import argparse
from pathlib import Path

from gatecert.errors import EXIT_CONFORMANT, UsageError
from gatecert.record import RunRecord, read_journal, read_run
from gatecert.record.journal import JOURNAL
from gatecert.report import write_report

# what a file that somebody has edited, or that was cut, can lead to
_DAMAGED = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def rebuild_report(arguments: argparse.Namespace) -> int:
    """Write the report of a run's folder anew. Raises UsageError."""
    folder = Path(arguments.folder)
    record = _record(folder)
    try:
        print(f"report: {write_report(record, folder)}")
    except _DAMAGED as exc:
        raise _damaged(folder, exc) from None
    return EXIT_CONFORMANT


def _record(folder: Path) -> RunRecord:
    try:
        written = read_run(folder / "run.json") if (folder / "run.json").exists() else None
        if written is None or _journal_is_newer(folder, written):
            return read_journal(folder)
        return written
    except FileNotFoundError:
        raise UsageError(f"{folder} holds neither run.json nor a journal of a run") from None
    except _DAMAGED as exc:
        raise _damaged(folder, exc) from None


def _journal_is_newer(folder: Path, written: RunRecord) -> bool:
    """Whether a later run into the same folder was killed before it could write its record."""
    if not (folder / JOURNAL).exists():
        return False
    try:
        return read_journal(folder).started > written.started
    except _DAMAGED:
        return False


def _damaged(folder: Path, exc: Exception) -> UsageError:
    words = " ".join(str(exc).split())[:200]
    return UsageError(f"{folder}: the record cannot be read ({type(exc).__name__}: {words})")
