"""Runs the rows: the suites against each row's gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from tempfile import TemporaryDirectory

from gatecert.errors import GatecertError
from gatecert.killtable.forks import Forks
from gatecert.killtable.table import Row
from gatecert.record import RunRecord
from gatecert.report.triage import changes
from gatecert.requirements import load_catalogue
from gatecert.session.conductor import Conductor
from gatecert.session.judging import import_suites, run_suites
from gatecert.session.options import RunOptions
from gatecert.session.paths import suites_folder
from gatecert.wire.child import fork_children

_BROKEN = ("fail", "warn", "info")
_MOST_ATTEMPTS = 3
_FINE = (0, 1)  # pytest's codes for all passed, and for some failed

Rows = Callable[[Sequence[Row], int], Iterator[Row]]


def run_rows(
    rows: Sequence[Row], workers: int, on_row: Callable[[Row], None], run: Rows
) -> list[Row]:
    """Run the suites against each row's gateway, some at a time, each in its own process.

    Rows that measure milliseconds come last and alone: beside other work they measure the machine.
    """
    done: dict[str, Row] = {}

    def note(row: Row) -> None:
        done[row.name] = row
        on_row(row)

    for row in run([row for row in rows if not row.timed], workers):
        note(row)
    for row in rows:
        if row.timed:
            note(_measured(row, run))
    return [done[row.name] for row in rows]


def _measured(row: Row, run: Rows) -> Row:
    """Run a row; again, a few times, while all that it lacks is a quiet machine."""
    for _ in range(_MOST_ATTEMPTS):
        (done,) = run([row], 1)
        if not done.unmeasured or set(done.broken) - set(row.pinned):
            break
    return done


class _Kept:
    """Keeps the record of a run, where others write it."""

    record: RunRecord | None = None

    def pytest_gatecert_finished(self, record: RunRecord) -> None:
        """The run is over."""
        self.record = record


class Warm:
    """Runs rows in forks of this process, which has imported all that they need."""

    def __init__(self) -> None:
        import_suites()
        self.catalogue = load_catalogue(suites_folder())
        self._forks = Forks(self._judged)

    def __call__(self, rows: Sequence[Row], workers: int) -> Iterator[Row]:
        """Each row as it is done."""
        for row, done in self._forks.results(rows, workers):
            yield done or replace(row, trouble="made no record (its process was ended)")

    def _judged(self, row: Row) -> Row:
        """The row, judged in this process, exactly as ``gatecert run`` judges.

        Nothing is written, and evidence is kept of deviations only.
        """
        fork_children()
        kept = _Kept()
        with TemporaryDirectory(prefix="gatecert-") as folder:
            options = RunOptions(
                defect=row.name if row.kind == "defect" else "",
                variant=row.name if row.kind == "variant" else "",
                out=folder,
                evidence_of_passes=False,
            )
            try:
                conductor = Conductor.of(options, lambda record, folder: None, self.catalogue)
                conductor.start(lambda line: None)
                code = run_suites(conductor, [kept], _selection(row), files=self._files(row))
            except GatecertError as exc:
                return replace(row, trouble=f"made no record ({exc})")
        if kept.record is None:
            return replace(row, trouble=f"made no record (pytest ended with code {code})")
        trouble = "" if code in _FINE else f"ended with pytest's exit code {code}"
        return outcome(replace(row, trouble=trouble), kept.record)

    def _files(self, row: Row) -> list[str]:
        """The files of the suites that a row's requirements stand in; none where it may be any."""
        return sorted({r.node.partition("::")[0] for r in self.catalogue if r.id in row.only})


def _selection(row: Row) -> str:
    """pytest's expression for the requirements that a row is judged by."""
    if row.only:
        return " or ".join(row.only)
    left_out = [*([] if row.timed else ["overhead"]), *row.left_out]
    return " and ".join(f"not {name}" for name in left_out)


def outcome(row: Row, record: RunRecord) -> Row:
    """The row with what a run's record says."""
    unmeasured = [r.id for r in record.results if r.reason_code.startswith("measurement-")]
    first = changes(record)[:1]
    return replace(
        row,
        broken=sorted(r.id for r in record.results if r.verdict in _BROKEN),
        unjudged=[i for i in record.not_verified if i not in unmeasured],
        unmeasured=unmeasured,
        first=first[0].result.id if first else "",
    )
