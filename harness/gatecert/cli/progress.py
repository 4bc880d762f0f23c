"""What a run shows while it goes on, and at its end."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table

from gatecert.cli.ending import ending, plain, result_line, slowest_lines
from gatecert.cli.telling import debugging, internal_error, tell
from gatecert.gateways.target import Target
from gatecert.record import Result, RunRecord
from gatecert.report.causes import answer_of

_MOST_WITH_ONE_ANSWER = 3


class _Console(Console):
    """A console that falls silent when its reader has left, as ``| head`` does."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


class Progress:
    """A pytest plugin that talks to the user; with ``to_json`` it talks on stderr."""

    def __init__(self, *, quiet: bool, verbose: bool, to_json: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._console = _Console(stderr=to_json, highlight=False, soft_wrap=True, emoji=False)
        self._bar: Bar | None = None
        self._task: Any = None
        self._area = ""
        self._told: Counter[str] = Counter()
        self.record: RunRecord | None = None

    def pytest_gatecert_says(self, line: str) -> None:
        """Something the user waits for."""
        if not self._quiet:
            self._console.print(plain(line))

    def pytest_gatecert_started(self, target: Target, identifiers: list[str]) -> None:
        """The gateway is up."""
        if self._quiet:
            return
        provider = "scripted provider" if target.scripted else "live provider"
        name = " ".join(filter(None, (f"[bold]{plain(target.name)}[/]", plain(target.version))))
        self._console.print(
            f"Certifying {name} at {plain(target.base_url)} ({provider}), "
            f"{len(identifiers)} requirements"
        )
        if self._console.is_terminal and not self._verbose:
            self._bar = Bar(
                TextColumn("{task.description}", justify="left"),
                BarColumn(),
                MofNCompleteColumn(),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task("starting", total=len(identifiers))
            self._bar.start()

    def pytest_gatecert_result(self, result: Result) -> None:
        """A requirement has been judged."""
        if self._quiet:
            return
        if self._bar is not None:
            self._bar.update(self._task, advance=1, description=f"{result.id:10} {result.area}")
        elif not self._verbose and result.area != self._area:
            self._area = result.area
            self._console.print(f"  {result.area} …")
        if self._verbose or result.verdict in ("fail", "error", "fixed"):
            self._tell(result)

    def _tell(self, result: Result) -> None:
        """A line for the result; the same answer over and over is told a few times only."""
        answer = answer_of(result.came)
        self._told[answer] += 1
        more = self._told[answer] - _MOST_WITH_ONE_ANSWER
        if self._verbose or not answer or more <= 0:
            self._console.print(result_line(result))
        elif more == 1:
            self._console.print(
                "        … more with an answer that stands above; the end counts them"
            )

    def pytest_gatecert_finished(self, record: RunRecord, folder: Path) -> None:
        """Record and report are written."""
        self._end_bar()
        self.record = record
        if not self._quiet:
            self._summary(record, folder)

    def pytest_internalerror(self, excrepr: object) -> None:
        """A fault of ours: the user should be able to report it."""
        text = str(excrepr).strip()
        if debugging():
            print(text, file=sys.stderr)
        tell(internal_error(text.rpartition("\n")[2]))

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._end_bar()

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _summary(self, record: RunRecord, folder: Path) -> None:
        self._console.print(_area_table(record))
        slow = slowest_lines(record) if self._verbose else []
        for line in [*slow, *ending(record, folder)]:
            self._console.print(line)


def _area_table(record: RunRecord) -> Table:
    areas = record.summary["areas"]
    shown = list(record.summary["verdicts"])
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("area")
    for verdict in shown:
        table.add_column(verdict, justify="right")
    for area, counts in areas.items():
        table.add_row(area, *(str(counts.get(verdict, "")) for verdict in shown))
    return table
