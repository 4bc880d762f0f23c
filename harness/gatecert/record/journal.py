"""The journal: a line for each result as it is found, so that nothing learnt is lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from gatecert.record.model import Result, RunRecord, result_from_json, schema
from gatecert.record.shape import check_shape, parsed

JOURNAL = "journal.jsonl"
_LINE = {"type": "object", "properties": {"result": {"$ref": "#/$defs/result"}}}
_NOT_IN_HEAD = (
    "duration_ms",
    "state",
    "state_detail",
    "conformant",
    "complete",
    "not_verified",
    "summary",
    "results",
)


class Journal:
    """Appends to ``journal.jsonl`` in a run's folder. Raises OSError where it cannot be written."""

    def __init__(self, folder: Path, head: Mapping[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = (folder / JOURNAL).open("w", encoding="ascii")
        self._write({"run": dict(head)})

    def result(self, result: Result) -> None:
        """Append one result."""
        self._write({"result": asdict(result)})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def read_journal(folder: Path) -> RunRecord:
    """The record of a run that was broken off, as far as its journal goes.

    A last line that was cut in the middle is left out; other damaged lines are left out, counted,
    and told of in ``state_detail``. Raises OSError if there is no journal, and ValueError if it has
    no head that can be read.
    """
    text = (folder / JOURNAL).read_text(encoding="ascii", errors="replace")
    *lines, _torn = text.split("\n")
    entries = [_entry(line) for line in lines if line.strip()]
    heads = [entry for entry in entries if isinstance(entry, dict)]
    if not heads:
        raise ValueError(f"{JOURNAL} is no journal of a run: it has no head")
    results = {entry.id: entry for entry in entries if isinstance(entry, Result)}
    selected, unverified = heads[-1]["selection"]["ids"], ("could-not-run", "error")
    judged = [i for i, r in results.items() if r.verdict not in unverified]
    return RunRecord.from_json(
        {
            **heads[-1],
            "duration_ms": 0.0,
            "state": "broken-off",
            "state_detail": _detail(entries.count(None)),
            "not_verified": [i for i in selected if i not in judged],
            "results": [asdict(r) for r in results.values()],
        }
    )


def _entry(line: str) -> dict[str, Any] | Result | None:
    """The head or the result that a line holds; None if it is damaged."""
    try:
        found = parsed(line)
        check_shape(found, _LINE, schema())
        if "run" in found:
            head: dict[str, Any] = found["run"]
            check_shape(head, _head_shape(), schema())
            return head
        return result_from_json(found["result"])
    except (ValueError, KeyError):
        return None


def _head_shape() -> Mapping[str, Any]:
    """The schema of what is known of a run before it is over."""
    whole = schema()
    return {**whole, "required": [key for key in whole["required"] if key not in _NOT_IN_HEAD]}


def _detail(damaged: int) -> str:
    detail = "the process died before it could write its record"
    if not damaged:
        return detail
    lines = "line of its journal is" if damaged == 1 else "lines of its journal are"
    return f"{detail}; {damaged} damaged {lines} left out"
