"""Grids of situations: what requirements saw of them, put together to one table for each name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gatecert.record import Cell, Grid, Result, RunRecord
from gatecert.report.words import count

# how a cell is marked beside its colour, and what that means, the worst first
GRADES: Mapping[str, tuple[str, str]] = {
    "bad": ("✗", "a requirement is broken here"),
    "told": ("!", "it went wrong and the client was told; nothing better is promised"),
    "good": ("✓", "as it should be"),
    "none": ("–", "not tried; the cell says why"),
}
_EMPTY = Cell("none", "not looked at", "No requirement of this run looked at it.")
# how a number of cells is told, the good ones first
_COUNTED: Mapping[str, str] = {
    "good": "good",
    "told": "lost but told",
    "bad": "bad",
    "none": "not tried",
}
_HELD = ("pass", "fixed")
_MOST_REASONS = 3
# the sentence that tells the reasons begins so itself
_PREFIX = re.compile(r"^Not (?:tried|judged): (?=.)", re.DOTALL)


@dataclass(frozen=True)
class Seen:
    """A cell, and the requirements that looked at it; of a bad one those that it breaks, too."""

    cell: Cell
    ids: Sequence[str]

    @property
    def grade(self) -> str:
        """The cell's grade; one that is not known counts as not tried."""
        return self.cell.grade if self.cell.grade in GRADES else "none"

    @property
    def head(self) -> str:
        """The first of its few words."""
        return self.cell.shown.partition(" · ")[0]

    @property
    def rest(self) -> str:
        """The others."""
        return self.cell.shown.partition(" · ")[2]


@dataclass(frozen=True)
class Table:
    """One grid, whole. ``anchor`` is its place on the page."""

    name: str
    about: str
    columns: Sequence[str]
    rows: Mapping[str, Sequence[Seen]]
    anchor: str

    @property
    def title(self) -> str:
        """The name without what explains it: what stands before a colon."""
        return self.name.partition(":")[0]

    @property
    def cells(self) -> list[Seen]:
        """Every cell, row by row."""
        return [seen for row in self.rows.values() for seen in row]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many cells have each grade, the worst first."""
        found = Counter(seen.grade for seen in self.cells)
        return {grade: found[grade] for grade in GRADES if found[grade]}

    @property
    def tally(self) -> str:
        """The counts as a sentence."""
        return f"{count(len(self.cells), 'situation')}: {tally(self.cells)}."

    @property
    def untried(self) -> str:
        """Why nothing was tried in some cells, as a sentence, or ``""``."""
        reasons = Counter(_reason(seen.cell) for seen in self.cells if seen.grade == "none")
        if not reasons:
            return ""
        common = reasons.most_common(_MOST_REASONS)
        shown = [f"{reason} ({number})" for reason, number in common]
        others = reasons.total() - sum(number for _, number in common)
        further = [f"other reasons, which their cells tell ({others})"] if others else []
        return f"Not tried: {'; '.join([*shown, *further])}."

    @property
    def bad(self) -> list[tuple[str, str, Seen]]:
        """Row, column and cell of all that is wrong."""
        return [
            (name, column, seen)
            for name, row in self.rows.items()
            for column, seen in zip(self.columns, row, strict=True)
            if seen.grade == "bad"
        ]

    def part_of(self, identifier: str) -> list[Seen]:
        """The cells that are told by what this requirement saw."""
        return [seen for seen in self.cells if identifier in seen.ids]


def tables(record: RunRecord) -> list[Table]:
    """Every grid of a record, in the order in which their names come up."""
    parts = list(_parts(record.results))
    held = {result.id for result in record.results if result.verdict in _HELD}
    names = dict.fromkeys(grid.name for _, grid in parts)
    return [
        _table([part for part in parts if part[1].name == name], f"grid-{number}", held)
        for number, name in enumerate(names, 1)
    ]


def tally(cells: Iterable[Seen]) -> str:
    """How many cells are of which grade: ``20 good, 3 lost but told, 1 bad, 2 not tried``."""
    found = Counter(seen.grade for seen in cells)
    told = [f"{found[grade]} {words}" for grade, words in _COUNTED.items() if found[grade]]
    return ", ".join(told) or "none was looked at"


def _parts(results: Sequence[Result]) -> Iterator[tuple[str, Grid]]:
    for result in results:
        for grid in result.evidence.grids:
            yield result.id, grid


def _table(parts: Sequence[tuple[str, Grid]], anchor: str, held: Collection[str] = ()) -> Table:
    """One table of its parts. The largest part says the order of the rows.

    Requirements that ``held`` break nothing, though they looked at a cell that another one breaks.
    """
    ordered = sorted(parts, key=lambda part: -len(part[1].rows))
    columns = list(dict.fromkeys(c for _, grid in ordered for c in grid.columns))
    names = dict.fromkeys(row.name for _, grid in ordered for row in grid.rows)
    found: dict[tuple[str, str], list[tuple[str, Cell]]] = {}
    for identifier, grid in parts:
        for row in grid.rows:
            for column, cell in zip(grid.columns, row.cells, strict=False):
                found.setdefault((row.name, column), []).append((identifier, cell))
    rows = {
        name: [_merged(found.get((name, column), []), held) for column in columns] for name in names
    }
    return Table(parts[0][1].name, parts[0][1].about, columns, rows, anchor)


def _merged(seen: Sequence[tuple[str, Cell]], held: Collection[str]) -> Seen:
    """The worst that was seen of a cell; what was tried counts before what was not."""
    if not seen:
        return Seen(_EMPTY, [])
    order = list(GRADES)
    best = min(seen, key=lambda one: _rank(one[1], order))[1]
    ids = list(dict.fromkeys(name for name, cell in seen if cell.grade == best.grade))
    broken = [name for name in ids if name not in held] if best.grade == "bad" else []
    return Seen(best, broken or ids)


def _rank(cell: Cell, order: Sequence[str]) -> int:
    return order.index(cell.grade) if cell.grade in order else len(order)


def _reason(cell: Cell) -> str:
    """A cell's detail as part of a sentence."""
    text = (cell.detail or cell.shown or "no reason was recorded").strip().rstrip(".")
    text = _PREFIX.sub("", text)
    begins = text[:1] == "A" and text[1:2] == " "
    return text[:1].lower() + text[1:] if text[1:2].islower() or begins else text
