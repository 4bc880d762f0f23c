"""What the terminal shows at the end of a run: the verdict, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape

from gatecert.record import Result, RunRecord
from gatecert.report.facts import slowest
from gatecert.report.hints import as_sentence, hints_for, recognised
from gatecert.report.provisional import broken_provisional, counts_from
from gatecert.report.triage import Change, changes
from gatecert.report.visible import one_line
from gatecert.report.words import count, duration, some
from gatecert.requirements import REASONS

_COLOURS = {
    "pass": "green",
    "fail": "bold red",
    "warn": "yellow",
    "error": "bold magenta",
    "known": "cyan",
    "fixed": "bold cyan",
}
_TOLD = ("fail", "error", "fixed", "warn")
_MOST_TOLD = 12
_MOST_NAMED = 12
_MOST_CHARACTERS = 400
_FEWEST_TO_COMPARE = 4
NOTHING_JUDGED = "no requirement could be judged, so this run says nothing about the gateway"
_LIVE = (
    "the provider is live and cannot be scripted: add [upstream] listen (or --upstream-listen) "
    "and route the gateway there"
)


def ending(record: RunRecord, folder: Path) -> list[str]:
    """The lines below the table, with console mark-up; the verdict and the report come last."""
    lines = [*_findings(record), *_could_not_run(record)]
    if record.known_file:
        known = record.known_file
        lines.append(f"known deviations: {plain(str(known['path']))}, {known['entries']} entries")
    if record.state != "finished":
        lines.append(f"[bold]partial:[/] {plain(record.state)}, {plain(record.state_detail)}")
    if record.not_verified:
        lines.append(f"not verified: {plain(some(record.not_verified, _MOST_NAMED))}")
    return [*lines, headline(record), f"report: {plain(str(folder / 'index.html'))}"]


def headline(record: RunRecord) -> str:
    """The verdict on the gateway in one line, with console mark-up."""
    return _verdict(record) + _provisional(record)


def _provisional(record: RunRecord) -> str:
    """What will fail once it counts: no verdict may hide it."""
    new = len(broken_provisional(record))
    if not new:
        return ""
    words = f"{count(new, 'provisional requirement')} broken"
    return f"; [yellow]{words}, failing from {plain(counts_from(record))} on[/]"


def _verdict(record: RunRecord) -> str:
    fails = [r for r in record.broken_musts if r.verdict == "fail"]
    if fails:
        return f"[bold red]NOT CONFORMANT[/]: {len(fails)} MUST requirements failed"
    if not record.conformant and record.judged:
        shown = len(record.broken_musts)
        return f"[bold yellow]NO NEW FAILURES[/]: {shown} known deviations from a MUST still show"
    if not record.judged:
        return f"[bold yellow]NOT JUDGED[/]: {NOTHING_JUDGED}"
    if record.state != "finished":
        return "[bold yellow]NOT JUDGED[/]: the run is partial; what was judged holds"
    if record.not_verified:
        open_ = len(record.not_verified)
        return f"[bold yellow]CONFORMANT, INCOMPLETE[/]: {open_} requirements could not be verified"
    if not record.whole_catalogue:
        scope = f"{record.selected} of {record.catalogue['requirements']}"
        return f"[bold yellow]CONFORMANT AS FAR AS SELECTED[/]: {scope} requirements were run"
    which = "counts already" if broken_provisional(record) else "applies"
    return f"[bold green]CONFORMANT[/]: every MUST that {which} holds"


def slowest_lines(record: RunRecord) -> list[str]:
    """The requirements that took longest, with console mark-up."""
    found = slowest(record)
    if len(found) < _FEWEST_TO_COMPARE:
        return []
    head = f"the {len(found)} slowest requirements:"
    return [head, *(f"  {duration(r.duration_ms):>9}  {r.id:10} {plain(r.title)}" for r in found)]


def result_line(result: Result) -> str:
    """A result in one line, with console mark-up."""
    colour = _COLOURS.get(result.verdict, "dim")
    words = result.title if result.verdict == "pass" else result.reason
    suspect = f" [dim](suspect: {plain(result.suspect)})[/]" if result.suspect else ""
    new = "[dim]provisional:[/] " if result.provisional and result.verdict != "pass" else ""
    return f"  [{colour}]{result.verdict:5}[/] {result.id:10} {new}{plain(words)}{suspect}"


def plain(text: str) -> str:
    """Text from outside as one line that can neither colour, hide nor command anything."""
    return escape(one_line(text, _MOST_CHARACTERS))


def _findings(record: RunRecord) -> list[str]:
    """Failures, errors, what is fixed, and warnings; what has one cause is told once."""
    apart = [Change(r) for r in record.results if r.verdict in ("error", "fixed")]
    found = [c for c in [*changes(record), *apart] if c.result.verdict in _TOLD or _fails(c)]
    found.sort(key=lambda change: 0 if _fails(change) else _TOLD.index(change.result.verdict))
    gateways = recognised(record.target, record.results)
    lines = [line for change in found[:_MOST_TOLD] for line in _change(change, gateways)]
    further = len(found) - _MOST_TOLD
    return [*lines, *([f"  … and {further} more in the report"] if further > 0 else [])]


def _fails(change: Change) -> bool:
    return any(r.verdict == "fail" for r in (change.result, *change.also))


def _change(change: Change, gateways: Sequence[str]) -> list[str]:
    lines = [result_line(change.result)]
    if change.one_answer:
        lines.append(
            f"{len(change.also) + 1} requirements fail with this answer, also {_also(change)}"
        )
    elif change.also:
        lines.append(f"the same change is asked for by {_also(change)}")
    if change.result.verdict not in ("error", "fixed"):
        lines.append(f"what to do: {plain(change.todo)}")
        hints = hints_for(change.result, gateways) if not change.check_first else {}
        lines += [f"in {plain(as_sentence(hints))}"] if hints else []
    return [lines[0], *(f"           [dim]{line}[/]" for line in lines[1:])]


def _also(change: Change) -> str:
    return plain(some([other.id for other in change.also], _MOST_NAMED))


def _could_not_run(record: RunRecord) -> list[str]:
    """A line for each reason why requirements could not be judged."""
    by_code: dict[str, list[Result]] = {}
    for result in record.results:
        if result.verdict == "could-not-run":
            by_code.setdefault(result.reason_code, []).append(result)
    return [
        f"could-not-run: {len(results)} ({plain(_why(code, results))})"
        for code, results in by_code.items()
    ]


def _why(code: str, results: Sequence[Result]) -> str:
    if code == "live-provider":
        return _LIVE
    reasons = {result.reason for result in results}
    return reasons.pop() if len(reasons) == 1 else REASONS.get(code, code)
