"""The matrix as requirements look at it: cells that were seen once, judged from many sides."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from gatecert.desktop import DesktopApp
from gatecert.fallbacks.faults import FAULTS, MODES, Fault
from gatecert.fallbacks.judging import Aspect, Problem, problems, told
from gatecert.fallbacks.observing import Observation, observe, patient
from gatecert.gateways.target import Target
from gatecert.record import Cell, Grid, GridRow
from gatecert.requirements import NotApplicable, fail
from gatecert.session.witness import ScriptedProvider, Witness

GRID = "Fallback matrix"
ABOUT = (
    "Each row is what the primary provider does, each column a kind of request. A cell says what "
    "the client got, how many requests the primary and the backup received for it (1 + 1: one "
    "each; every one is billed), and how long it took."
)
Cache = dict[tuple[str, str], Observation]
_CACHE = pytest.StashKey[Cache]()


@dataclass
class Fallbacks:
    """The cells of the matrix, each sent once in a run of this process.

    What a requirement looked at becomes its evidence: the cells that are wrong, else all.
    """

    desktop: DesktopApp
    provider: ScriptedProvider
    target: Target
    witness: Witness
    cache: Cache
    _looked_at: dict[tuple[str, str], Observation] = field(default_factory=dict)
    _begun: int = 0

    @classmethod
    def of(
        cls,
        stash: pytest.Stash,
        desktop: DesktopApp,
        provider: ScriptedProvider,
        target: Target,
        witness: Witness,
    ) -> Fallbacks:
        """The matrix for one requirement of a run, whose stash keeps the cells."""
        return cls(desktop, provider, target, witness, stash.setdefault(_CACHE, {}))

    def cells(
        self, faults: Sequence[Fault], modes: Collection[str] = MODES
    ) -> Iterator[Observation]:
        """What was seen of these faults in these modes, where there is anything to see."""
        for fault in faults:
            for mode in modes:
                if not fault.without(mode, self.target):
                    yield self.cell(fault, mode)

    def cell(self, fault: Fault, mode: str) -> Observation:
        """What was seen of one fault in one mode."""
        self._begin_anew()
        key = fault.name, mode
        if key not in self.cache:
            self.cache[key] = self._send(fault, mode)
        self._looked_at[key] = self.cache[key]
        return self.cache[key]

    def judge(
        self, *aspects: Aspect, faults: Sequence[Fault], modes: Collection[str] = MODES
    ) -> None:
        """Raise NotMet for the first cell that is wrong in one of these aspects.

        Raises NotApplicable if there is no cell of which the target promises anything.
        """
        seen = list(self.cells(faults, modes))
        wrong = [(one, p) for one in seen for p in self._wrong(one) if p.aspect in aspects]
        self._show([one for one, _ in wrong] or seen)
        if wrong:
            self._tell(wrong)
        owed = [one for one in seen if one.fault.promised(one.mode, self.target)]
        if not (owed if aspects == ("survival",) else seen):
            raise NotApplicable(
                "the target promises no fallback for any of these: "
                f"{', '.join(fault.name for fault in faults)} ({', '.join(modes)})",
                "no-promise",
            )

    def _show(self, seen: Sequence[Observation]) -> None:
        """Make these cells, and the grid of all that was looked at, evidence."""
        for one in {one.token: one for one in seen}.values():
            self.witness.exchanges.append(one.exchange)
            self.witness.tokens.append(one.token)
            self.witness.settled[one.token] = list(one.receipts)
        self.witness.grids[:] = [self._grid()]

    def _tell(self, wrong: Sequence[tuple[Observation, Problem]]) -> None:
        first, problem = wrong[0]
        where = dict.fromkeys(f"{one.fault.name} ({one.mode})" for one, _ in wrong)
        others = [place for place in where if place != next(iter(where))]
        more = f"; as wrong: {', '.join(others[:6])}" if others else ""
        more += f" and {len(others) - 6} more" if len(others) > 6 else ""
        fail(
            f"{problem.expected}, when the primary does this: {first.fault.name} ({first.mode})",
            f"{problem.came}{more}",
            hop="provider → gateway → client",
            silent=problem.silent,
        )

    def _wrong(self, seen: Observation) -> list[Problem]:
        return problems(seen, self.target)

    def _begin_anew(self) -> None:
        """What was seen while the gateway was unwell says nothing."""
        if self.witness.forgotten != self._begun:
            self._begun = self.witness.forgotten
            for key in self._looked_at:
                self.cache.pop(key, None)
            self._looked_at.clear()

    def _send(self, fault: Fault, mode: str) -> Observation:
        self.provider.settle()
        exchanges, tokens = len(self.witness.exchanges), len(self.witness.tokens)
        try:
            return observe(
                patient(fault, self.target), mode, self.desktop, self.provider, self.target
            )
        finally:  # a requirement shows of its cells what matters to it
            del self.witness.exchanges[exchanges:]
            del self.witness.tokens[tokens:]

    def _grid(self) -> Grid:
        names = dict.fromkeys(name for name, _ in self._looked_at)
        faults = [fault for fault in FAULTS if fault.name in names]
        rows = [GridRow(f.name, [self._grid_cell(f, mode) for mode in MODES]) for f in faults]
        return Grid(GRID, ABOUT, list(MODES), rows)

    def _grid_cell(self, fault: Fault, mode: str) -> Cell:
        why = fault.without(mode, self.target)
        if why:
            return Cell("none", "not tried", f"Not tried: {why}.")
        seen = self.cache.get((fault.name, mode))
        if seen is None:
            return Cell("none", "not looked at", "Not looked at: no selected requirement asks.")
        return cell_of(seen, self._wrong(seen), promised=fault.promised(mode, self.target))


def cell_of(seen: Observation, wrong: Sequence[Problem], *, promised: bool) -> Cell:
    """A cell of the grid: its grade, a few words, and the whole story."""
    primary, backup = seen.asked["primary"], seen.asked["backup"]
    asked = f"{primary} + {backup}"
    end_ms = f"{seen.exchange.end_ms:.0f} ms"
    kind = seen.fault.kind
    if seen.answered_by:
        words, grade = f"answered by {seen.answered_by}", "good"
    elif kind == "client":
        words, grade = f"refused, HTTP {seen.exchange.status}", "good"
    else:
        words, grade = _lost(seen), "told"
    story = [
        f"The client got {told(seen)}, after {end_ms}.",
        f"Requests at the primary: {primary}, at the backup: {backup}.",
    ]
    if seen.answered_model:
        story.append(f"Model in the answer: {seen.answered_model} (asked for: {seen.model}).")
    if seen.sees:
        story.append(f"What the user sees: {seen.sees}")
    if not seen.answered_by and kind == "failing" and not promised:
        story.append("The target promises no fallback for this.")
    if wrong:
        grade = "bad"
        story += [f"Wrong: expected {p.expected}, got {p.came}." for p in wrong]
    return Cell(grade, f"{words} · {asked} · {end_ms}", " ".join(story))


def _lost(seen: Observation) -> str:
    """How a turn was lost, in two or three words."""
    status, turn = seen.exchange.status, seen.turn
    if status is not None and status != 200:
        return f"HTTP {status}"
    if turn is not None and turn.stream and turn.assembled.error is not None:
        return "error event"
    return "broken off" if seen.exchange.fault is not None else "200, no answer"
