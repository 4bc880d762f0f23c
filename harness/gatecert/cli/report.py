"""``gatecert report``: render a record again, or rebuild it from a journal."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

from gatecert.errors import EXIT_CONFORMANT, RunError, UsageError
from gatecert.record import RunRecord, read_journal, read_run
from gatecert.record.journal import JOURNAL
from gatecert.report import write_report
from gatecert.report.visible import one_line

_RECORD = "run.json"


def rebuild_report(arguments: argparse.Namespace) -> int:
    """Write the report of a run's folder anew. Raises UsageError and RunError."""
    folder = Path(arguments.folder)
    record = _record(folder)
    try:
        page = write_report(record, folder)
    except OSError as exc:
        raise RunError(f"{folder}: the report cannot be written there ({exc.strerror})") from None
    if record.state == "broken-off":
        print(f"rebuilt from the journal: {one_line(record.state_detail)}")
    print(f"report: {page}")
    return EXIT_CONFORMANT


def _record(folder: Path) -> RunRecord:
    """The newest record in the folder. Raises UsageError if there is none that can be read."""
    try:
        written = read_run(folder / _RECORD)
    except FileNotFoundError:
        return _from_journal(folder)
    except (OSError, ValueError) as exc:
        hint = f"; remove it, and {JOURNAL} is taken" if _journal(folder) else ""
        raise UsageError(_damaged(folder / _RECORD, exc) + hint) from None
    # a later run into the same folder may have been killed before it could write its record
    journal = _journal(folder)
    return journal if journal and _moment(journal) > _moment(written) else written


def _from_journal(folder: Path) -> RunRecord:
    try:
        return read_journal(folder)
    except FileNotFoundError:
        raise UsageError(f"{folder} holds neither run.json nor a journal of a run") from None
    except (OSError, ValueError) as exc:
        raise UsageError(_damaged(folder / JOURNAL, exc)) from None


def _journal(folder: Path) -> RunRecord | None:
    """What the journal tells, if there is one that can be read."""
    try:
        return read_journal(folder)
    except (OSError, ValueError):
        return None


def _moment(record: RunRecord) -> datetime.datetime:
    """When the run began; the beginning of time if the record does not tell."""
    nothing = datetime.datetime.min.replace(tzinfo=datetime.UTC)
    try:
        at = datetime.datetime.fromisoformat(record.started)
    except ValueError:
        return nothing
    return at if at.tzinfo is not None else nothing


def _damaged(path: Path, exc: Exception) -> str:
    words = getattr(exc, "strerror", None) or str(exc)
    return f"{path}: the record cannot be read ({one_line(words, 200)})"
