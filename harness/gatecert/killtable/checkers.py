"""Weakened checkers against the defects: how much less is noticed by whoever checks less."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from gatecert.desktop import SILENCE_S, HttpxTransport
from gatecert.errors import GatecertError
from gatecert.killtable.forks import Forks
from gatecert.killtable.table import HONEST, Checker, Row
from gatecert.killtable.weakened import WEAKENED
from gatecert.record import Result
from gatecert.session.conductor import Conductor
from gatecert.session.judging import run_suites
from gatecert.session.options import RunOptions
from gatecert.session.stash import COOLED_S, JUDGEMENT, REQUIREMENT
from gatecert.session.witness import HOLD_MS
from gatecert.wire.child import fork_children

_BROKEN = ("fail", "warn", "info")
_UNJUDGED = ("error", "could-not-run")
# a provider need not hold an answer back for ten seconds, nor the client wait for fifteen, a dozen
# times over
_HOLD_MS, _SILENCE_S = 600, 2.0
# of a defect that breaks nearly everything, a few requirements tell as much as all
MOST_PINS = 4

Noticed = Mapping[str, Sequence[str]]  # by checker, the identifiers that it found broken


def compare_checkers(rows: Sequence[Row], workers: int) -> list[Checker]:
    """Run the pinned requirements of each defect (four at most) under the honest and all weakened
    checkers.

    This process must have imported the suites, see :class:`gatecert.killtable.running.Warm`.
    """
    noticed: dict[str, Noticed] = {}
    defects = [row for row in rows if row.kind == "defect" and not row.timed]
    for row, found in Forks(_noticed).results(defects, workers):
        noticed[row.name] = found or {}
    pins = {row.name: _looked_at(row) for row in defects}
    honest = _checker(HONEST, "every check as it is", pins, noticed)
    seen = {name: found.get(HONEST, ()) for name, found in noticed.items()}
    return [honest, *(_checker(w.name, w.summary, seen, noticed) for w in WEAKENED.values())]


def _checker(name: str, summary: str, seen: Noticed, noticed: Mapping[str, Noticed]) -> Checker:
    """What a checker does not notice of what the honest one has ``seen`` of each defect."""
    lost = {
        defect: gone
        for defect, found in noticed.items()
        if (gone := sorted(set(seen[defect]) - set(found.get(name, ()))))
    }
    blind = [defect for defect, gone in lost.items() if set(gone) == set(seen[defect])]
    return Checker(name, summary, sorted(blind), dict(sorted(lost.items())))


def _looked_at(row: Row) -> Sequence[str]:
    """The requirements that are judged for a defect, the one that names it first."""
    return list(dict.fromkeys([row.names_it, *row.pinned]))[:MOST_PINS]


def _noticed(row: Row) -> Noticed:
    """What every checker notices of a defect, in this process."""
    fork_children()
    rounds = _Rounds(_looked_at(row))
    with TemporaryDirectory(prefix="gatecert-") as folder:
        options = RunOptions(
            defect=row.name, out=str(Path(folder) / row.name), evidence_of_passes=False
        )
        try:
            conductor = Conductor.of(options, write=lambda record, folder: None)
            conductor.start(lambda line: None)
            run_suites(conductor, [rounds])
        except GatecertError:
            return {}
    return rounds.noticed


class _Rounds:
    """Judges the pinned requirements several times in one session, once under each checker."""

    def __init__(self, pinned: Sequence[str]) -> None:
        self._pinned = pinned
        self._checker = HONEST
        self.noticed: dict[str, list[str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep to the pinned requirements."""
        items[:] = [i for i in items if REQUIREMENT in i.stash and self._is_pinned(i)]

    def _is_pinned(self, item: pytest.Item) -> bool:
        return item.stash[REQUIREMENT].id in self._pinned

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of pytest's own loop."""
        items = session.items
        for name in (HONEST, *WEAKENED):
            self._checker = name
            self.noticed[name] = []
            with _checking(name):
                for item, following in zip(items, [*items[1:], None], strict=True):
                    _anew(item)
                    item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        return True

    def pytest_gatecert_result(self, result: Result) -> None:
        """A requirement has been judged under the checker whose turn it is."""
        # a checker that stumbles has not overlooked anything
        stumbled = result.verdict in _UNJUDGED and self._checker != HONEST
        if result.verdict in _BROKEN or stumbled:
            self.noticed[self._checker].append(result.id)


def _anew(item: pytest.Item) -> None:
    if JUDGEMENT in item.stash:
        del item.stash[JUDGEMENT]
    if COOLED_S in item.stash:
        del item.stash[COOLED_S]


@contextmanager
def _checking(name: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        _wait_shorter(patch)
        if name != HONEST:
            WEAKENED[name].patch(patch)
        yield


def _wait_shorter(patch: pytest.MonkeyPatch) -> None:
    patient = HttpxTransport.__init__

    def hasty(self: HttpxTransport, *args: Any, silence_s: float = SILENCE_S, **more: Any) -> None:
        patient(self, *args, silence_s=min(silence_s, _SILENCE_S), **more)

    patch.setattr(HttpxTransport, "__init__", hasty)
    whole = HOLD_MS
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get("HOLD_MS") == whole:
            patch.setattr(module, "HOLD_MS", _HOLD_MS)
