"""The record as Markdown, for a step summary in CI."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gatecert.record import Result, RunRecord
from gatecert.report.facts import facts
from gatecert.report.grids import Table, tables
from gatecert.report.headline import headline
from gatecert.report.hints import as_sentence, recognised, short_hints
from gatecert.report.triage import Change, Unverified, by_area, changes, unverified
from gatecert.report.visible import visible
from gatecert.report.words import in_order, some, symbol, verdict_label

_MOST_CHANGES = 10
_MOST_ALSO = 8
_MOST_UNVERIFIED = 60
_MOST_CELLS = 40
_MOST_CHARS = 400
_MOST_BYTES = 200_000
_ICONS = {"fit": "✅", "unfit": "❌", "incomplete": "⚠️"}
_SPECIAL = re.compile(r"[\\`*_\[\]#~@]|(?<=:)/|(?<=www)\.")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}


def render_summary(record: RunRecord) -> str:
    """The record as GitHub Markdown, less than 200,000 bytes."""
    said = headline(record)
    lines = [f"## {_ICONS[said.tone]} {escaped(said.title)}", ""]
    lines += [escaped(" ".join(said.notes)), "", _target(record), ""]
    lines += _table(record)
    lines += _to_change(record)
    lines += _grids(tables(record))
    lines += _not_verified(unverified(record))
    return _bounded("\n".join(lines))


def escaped(text: str) -> str:
    """One line of text that means nothing to Markdown, also inside a table; long ones are cut."""
    line = " ".join(visible(text).split())
    if len(line) > _MOST_CHARS:
        line = line[: _MOST_CHARS - 1] + "…"
    line = _SPECIAL.sub(lambda found: f"\\{found.group()}", line)
    return re.sub(r"[&<>|]", lambda found: _ENTITIES[found.group()], line)


def _target(record: RunRecord) -> str:
    told = facts(record)
    names = ("Gateway", "Gateway version", "Client profile", "Tool", "Started", "Duration")
    return " · ".join(f"{name}: {escaped(told[name])}" for name in names if name in told)


def _table(record: RunRecord) -> list[str]:
    verdicts = in_order([r.verdict for r in record.results])
    if not verdicts:
        return []
    heads = [escaped(f"{symbol(v)} {verdict_label(v)}") for v in verdicts]
    totals = record.summary["verdicts"]
    return [
        _row(["Area", *heads]),
        _row(["---", *("--:" for _ in verdicts)]),
        *(_area(area, results, verdicts) for area, results in by_area(record).items()),
        _row(["**All**", *(f"**{totals[v]}**" for v in verdicts)]),
    ]


def _area(area: str, results: Sequence[Result], verdicts: Sequence[str]) -> str:
    found = [r.verdict for r in results]
    return _row([escaped(area), *(str(found.count(v) or "") for v in verdicts)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _to_change(record: RunRecord) -> list[str]:
    found = changes(record)
    if not found:
        return []
    title = "What to change first" if record.broken_musts else "What could be better"
    lines = ["", f"### {title}", ""]
    gateways = recognised(record.target, record.results)
    for place, change in enumerate(found[:_MOST_CHANGES], 1):
        lines += _change(place, change, gateways)
    further = len(found) - _MOST_CHANGES
    return [*lines, *([f"\n… and {further} more in the report."] if further > 0 else [])]


def _change(place: int, change: Change, gateways: Sequence[str]) -> list[str]:
    result = change.result
    new = ", provisional" if result.provisional else ""
    head = f"{result.id} ({result.level}, {verdict_label(result.verdict)}{new})"
    hints = as_sentence(short_hints(result, gateways)) if not change.check_first else ""
    suspect = f" Suspect: {escaped(result.suspect)}." if result.suspect else ""
    return [
        f"{place}. **{escaped(head)}** {escaped(result.title)}",
        f"   - Came: {escaped(result.came or result.reason)}",
        *_user(change),
        *([f"   - {escaped(_also(change))}"] if change.also else []),
        f"   - Change: {escaped(change.todo)}{suspect}",
        *([f"   - In known gateways: {escaped(hints)}"] if hints else []),
    ]


def _user(change: Change) -> list[str]:
    seen = change.result.evidence.seen
    if seen is None:
        return []
    told = f"the same as for {change.seen_as}." if change.seen_as else seen.text
    return [f"   - What the user sees: {escaped(told)}"]


def _also(change: Change) -> str:
    others = some([other.id for other in change.also], _MOST_ALSO)
    if change.one_answer:
        return f"{len(change.also) + 1} requirements fail with this answer, also {others}"
    return f"The same change is asked for by {others}"


def _grids(found: Sequence[Table]) -> list[str]:
    """Each table of situations in a line, and what is bad in it as a table."""
    lines: list[str] = []
    for table in found:
        lines += ["", f"### {escaped(table.title)}", "", escaped(f"{table.tally} {table.untried}")]
        if table.bad:
            lines += ["", _row(["Bad", "Where", "What came", "Requirement"]), _row(["---"] * 4)]
        for row, column, seen in table.bad[:_MOST_CELLS]:
            told = (row, column, seen.cell.shown, ", ".join(seen.ids))
            lines.append(_row([escaped(text) for text in told]))
        further = len(table.bad) - _MOST_CELLS
        lines += [f"\n… and {further} more in the report."] if further > 0 else []
    return lines


def _not_verified(found: Sequence[Unverified]) -> list[str]:
    if not found:
        return []
    lines = ["", f"### Not verified ({len(found)})", ""]
    lines += [f"- **{escaped(one.id)}** {escaped(one.why)}" for one in found[:_MOST_UNVERIFIED]]
    further = len(found) - _MOST_UNVERIFIED
    return [*lines, *([f"- … and {further} more"] if further > 0 else [])]


def _bounded(text: str) -> str:
    if len(text.encode()) < _MOST_BYTES:
        return text + "\n"
    kept = text.encode()[: _MOST_BYTES - 200].decode("utf-8", "ignore").rpartition("\n")[0]
    return f"{kept}\n\n… cut here; the report has the rest.\n"
