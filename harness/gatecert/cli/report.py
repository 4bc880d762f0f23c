"""``gatecert report``: render a record again, or rebuild it from a journal."""

from __future__ import annotations

import argparse
from pathlib import Path

from gatecert.errors import EXIT_CONFORMANT, UsageError
from gatecert.record import RunRecord, read_journal, read_run
from gatecert.report import write_report


def rebuild_report(arguments: argparse.Namespace) -> int:
    """Write the report of a run's folder anew. Raises UsageError."""
    folder = Path(arguments.folder)
    record = _record(folder)
    print(f"report: {write_report(record, folder)}")
    return EXIT_CONFORMANT


def _record(folder: Path) -> RunRecord:
    source = folder / "run.json"
    try:
        return read_run(source) if source.exists() else read_journal(folder)
    except FileNotFoundError:
        raise UsageError(f"{folder} holds neither run.json nor a journal of a run") from None
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise UsageError(f"{folder}: the record cannot be read: {exc}") from None
