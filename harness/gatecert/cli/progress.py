"""What a run shows while it goes on, and at its end."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table

from gatecert.gateways.target import Target
from gatecert.record import Result, RunRecord
from gatecert.report.triage import changes
from gatecert.report.visible import visible

_COLOURS = {
    "pass": "green",
    "fail": "bold red",
    "warn": "yellow",
    "error": "bold magenta",
    "known": "cyan",
    "fixed": "bold cyan",
}
_MOST_TOLD = 12
_MOST_NAMED = 12


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
        self._console = _Console(stderr=to_json, highlight=False, soft_wrap=True)
        self._bar: Bar | None = None
        self._task: Any = None
        self._area = ""
        self.record: RunRecord | None = None

    def pytest_gatecert_says(self, line: str) -> None:
        """Something the user waits for."""
        if not self._quiet:
            self._console.print(_plain(line))

    def pytest_gatecert_started(self, target: Target, identifiers: list[str]) -> None:
        """The gateway is up."""
        if self._quiet:
            return
        provider = "scripted provider" if target.scripted else "live provider"
        name = " ".join(filter(None, (f"[bold]{_plain(target.name)}[/]", _plain(target.version))))
        self._console.print(
            f"Certifying {name} at {_plain(target.base_url)} ({provider}), "
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
            self._console.print(_line(result))

    def pytest_gatecert_finished(self, record: RunRecord, folder: Path) -> None:
        """Record and report are written."""
        self._end_bar()
        self.record = record
        if not self._quiet:
            self._summary(record, folder)

    def pytest_internalerror(self, excrepr: object) -> None:
        """A fault of ours: the user should be able to report it."""
        print(f"gatecert: fault in the harness:\n{excrepr}", file=sys.stderr)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._end_bar()

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _summary(self, record: RunRecord, folder: Path) -> None:
        say = self._console.print
        say(_area_table(record))
        for line in [*_changes(record), *_rest(record)]:
            say(line)
        if record.known_file:
            known = record.known_file
            say(f"known deviations: {_plain(str(known['path']))}, {known['entries']} entries")
        if record.state != "finished":
            say(f"[bold]partial:[/] {_plain(record.state)}, {_plain(record.state_detail)}")
        if record.not_verified:
            say(f"not verified: {_some(record.not_verified)}")
        say(headline(record))
        say(f"report: {_plain(str(folder / 'index.html'))}")


def _changes(record: RunRecord) -> list[str]:
    """What to change, the most harmful first, each with its finding and its mend."""
    found = [c for c in changes(record) if c.result.verdict != "known"]
    lines = []
    for change in found[:_MOST_TOLD]:
        lines += [
            _line(change.result),
            f"           [dim]what to do: {_plain(change.result.fix)}[/]",
        ]
        if change.also:
            why = "the same answer" if change.one_answer else "the same change"
            also = _some([other.id for other in change.also])
            lines.append(f"           [dim]{why}: {also}[/]")
    further = len(found) - _MOST_TOLD
    return [*lines, *([f"  … and {further} more in the report"] if further > 0 else [])]


def _rest(record: RunRecord) -> list[str]:
    """What is neither held nor broken: errors and fixed ones by name, the unverified by reason."""
    named = [_line(r) for r in record.results if r.verdict in ("error", "fixed")]
    unverified: dict[str, list[Result]] = {}
    for result in record.results:
        if result.verdict == "could-not-run":
            unverified.setdefault(result.reason, []).append(result)
    grouped = [
        f"  [dim]could-not-run[/] {len(results)}: {_plain(reason)}"
        for reason, results in unverified.items()
    ]
    return [*named, *grouped]


def _some(identifiers: Sequence[str]) -> str:
    shown = ", ".join(identifiers[:_MOST_NAMED])
    further = len(identifiers) - _MOST_NAMED
    return f"{shown} and {further} more" if further > 0 else shown


def headline(record: RunRecord) -> str:
    """The verdict on the gateway in one line, with console mark-up."""
    fails = [r for r in record.broken_musts if r.verdict == "fail"]
    if fails:
        return f"[bold red]NOT CONFORMANT[/]: {len(fails)} MUST requirements failed"
    if not record.conformant and record.judged:
        count = len(record.broken_musts)
        return f"[bold yellow]NO NEW FAILURES[/]: {count} known deviations from a MUST still show"
    if not record.judged:
        return "[bold yellow]NOT JUDGED[/]: no requirement could be judged"
    if record.state != "finished":
        return "[bold yellow]NOT JUDGED[/]: the run is partial; what was judged holds"
    if record.not_verified:
        count = len(record.not_verified)
        return f"[bold yellow]CONFORMANT, INCOMPLETE[/]: {count} requirements could not be verified"
    if not record.whole_catalogue:
        scope = f"{record.selected} of {record.catalogue['requirements']}"
        return f"[bold yellow]CONFORMANT AS FAR AS SELECTED[/]: {scope} requirements were run"
    return "[bold green]CONFORMANT[/]: every MUST that applies holds"


def _line(result: Result) -> str:
    colour = _COLOURS.get(result.verdict, "dim")
    words = result.title if result.verdict == "pass" else result.reason
    suspect = f" [dim](suspect: {result.suspect})[/]" if result.suspect else ""
    return f"  [{colour}]{result.verdict:5}[/] {result.id:10} {_plain(words)}{suspect}"


def _plain(text: str) -> str:
    """Text from outside as one line that can neither colour, hide nor command anything."""
    return escape(" ".join(visible(text).split()))


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
