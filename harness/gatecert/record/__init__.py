"""The run record: plain data, redacted when recorded, appended to a journal, written as JSON."""

from gatecert.record.journal import Journal, read_journal
from gatecert.record.model import (
    SCHEMA,
    Cell,
    Evidence,
    Grid,
    GridRow,
    RecordedExchange,
    RecordedMessage,
    RecordedReceipt,
    Result,
    RunRecord,
    Seen,
    read_run,
    schema,
)
from gatecert.record.redact import Redactor

__all__ = [
    "SCHEMA",
    "Cell",
    "Evidence",
    "Grid",
    "GridRow",
    "Journal",
    "RecordedExchange",
    "RecordedMessage",
    "RecordedReceipt",
    "Redactor",
    "Result",
    "RunRecord",
    "Seen",
    "read_journal",
    "read_run",
    "schema",
]
