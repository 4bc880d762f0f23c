"""The journal: a line for each result as it is found, so that nothing learnt is lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from gatecert.record.model import Result, RunRecord, result_from_json

JOURNAL = "journal.jsonl"


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

    Lines that cannot be read are left out and counted; the last one may have been cut in the
    middle. Raises OSError if there is no journal, and ValueError if it has no head.
    """
    head: dict[str, Any] | None = None
    results: dict[str, Result] = {}
    damaged = 0
    lines = (folder / JOURNAL).read_text(encoding="ascii", errors="replace").split("\n")
    for line in filter(None, lines[:-1]):
        try:
            entry = json.loads(line)
            if "run" in entry:
                head = entry["run"]
            else:
                result = result_from_json(entry["result"])
                results[result.id] = result
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            damaged += 1
    if head is None:
        raise ValueError(f"{folder / JOURNAL} is no journal of a run: it has no head")
    lost = f"; {damaged} damaged lines of its journal are left out" if damaged else ""
    selected = head["selection"].get("ids", [])
    judged = [i for i, r in results.items() if r.verdict not in ("could-not-run", "error")]
    return RunRecord.from_json(
        {
            **head,
            "duration_ms": 0.0,
            "state": "broken-off",
            "state_detail": f"the process died before it could write its record{lost}",
            "not_verified": [i for i in selected if i not in judged],
            "results": [asdict(r) for r in results.values()],
        }
    )
