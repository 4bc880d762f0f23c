"""Grids of situations: what requirements saw of them, put together to one table for each name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gatecert.record import Cell, Grid, Result, RunRecord

# how a cell is marked beside its colour, and what that means, the worst first
GRADES: Mapping[str, tuple[str, str]] = {
    "bad": ("✗", "a requirement is broken here"),
    "told": ("!", "it went wrong and the client was told; nothing better is promised"),
    "good": ("✓", "as it should be"),
    "none": ("–", "not tried; the cell says why"),
}
_EMPTY = Cell("none", "not looked at", "No requirement of this run looked at it.")


@dataclass(frozen=True)
class Seen:
    """A cell, and the requirements that looked at it; of a bad one those that it breaks, too."""

    cell: Cell
    ids: Sequence[str]

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
    """One grid, whole."""

    name: str
    about: str
    columns: Sequence[str]
    rows: Mapping[str, Sequence[Seen]]

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return "grid-" + "".join(c if c.isalnum() else "-" for c in self.name.lower())

    @property
    def counts(self) -> Mapping[str, int]:
        """How many cells have each grade, the worst first."""
        found = Counter(seen.cell.grade for row in self.rows.values() for seen in row)
        return {grade: found[grade] for grade in GRADES if found[grade]}

    @property
    def bad(self) -> list[tuple[str, str, Seen]]:
        """Row, column and cell of all that is wrong."""
        return [
            (name, column, seen)
            for name, row in self.rows.items()
            for column, seen in zip(self.columns, row, strict=True)
            if seen.cell.grade == "bad"
        ]


def tables(record: RunRecord) -> list[Table]:
    """Every grid of a record, in the order in which their names come up."""
    parts = list(_parts(record.results))
    names = dict.fromkeys(grid.name for _, grid in parts)
    return [_table([part for part in parts if part[1].name == name]) for name in names]


def _parts(results: Sequence[Result]) -> Iterator[tuple[str, Grid]]:
    for result in results:
        for grid in result.evidence.grids:
            yield result.id, grid


def _table(parts: Sequence[tuple[str, Grid]]) -> Table:
    """One table of its parts. The largest part says the order of the rows."""
    ordered = sorted(parts, key=lambda part: -len(part[1].rows))
    columns = list(dict.fromkeys(c for _, grid in ordered for c in grid.columns))
    names = dict.fromkeys(row.name for _, grid in ordered for row in grid.rows)
    found: dict[tuple[str, str], list[tuple[str, Cell]]] = {}
    for identifier, grid in parts:
        for row in grid.rows:
            for column, cell in zip(grid.columns, row.cells, strict=False):
                found.setdefault((row.name, column), []).append((identifier, cell))
    rows = {name: [_merged(found.get((name, column), [])) for column in columns] for name in names}
    return Table(parts[0][1].name, parts[0][1].about, columns, rows)


def _merged(seen: Sequence[tuple[str, Cell]]) -> Seen:
    """The worst that was seen of a cell; what was tried counts before what was not."""
    if not seen:
        return Seen(_EMPTY, [])
    order = list(GRADES)
    best = min(seen, key=lambda one: _rank(one[1], order))[1]
    ids = dict.fromkeys(identifier for identifier, cell in seen if cell.grade == best.grade)
    return Seen(best, list(ids))


def _rank(cell: Cell, order: Sequence[str]) -> int:
    return order.index(cell.grade) if cell.grade in order else len(order)
