"""``gatecert killtable``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from gatecert.errors import EXIT_CONFORMANT, EXIT_NOT_CONFORMANT, UsageError
from gatecert.gateways.defects import DEFECTS
from gatecert.gateways.tables import near
from gatecert.gateways.variants import VARIANTS
from gatecert.killtable import (
    REFERENCE,
    KillTable,
    Row,
    Warm,
    compare_checkers,
    planned,
    repeated,
    run_rows,
    write_table,
)


def make_killtable(arguments: argparse.Namespace) -> int:
    """Run the table, print what is wrong with it, and write it."""
    _check(arguments)
    rows = planned(arguments.names, quick=arguments.quick)
    workers = arguments.workers or (os.cpu_count() or 1) + 2  # a run waits a good deal

    def tell(row: Row) -> None:
        if not arguments.json:
            _tell(row)

    warm = Warm()
    done = run_rows([*rows, *repeated(arguments.repeat)], workers, tell, warm)
    checkers = compare_checkers(rows, workers) if arguments.checkers else []
    identifiers = [r.id for r in warm.catalogue]
    if arguments.names:  # a part of the table cannot say what no defect breaks
        identifiers = sorted({i for row in done for i in row.broken})
    table = KillTable.of(done, identifiers, warm.catalogue.hash, checkers)
    write_table(table, Path(arguments.out))
    if arguments.json:
        print(json.dumps(table.to_json(), indent=1))
    else:
        _tell_checkers(table)
    for line in _summary(table, arguments.out):
        print(line, file=sys.stderr)
    return EXIT_CONFORMANT if table.complete else EXIT_NOT_CONFORMANT


def _check(arguments: argparse.Namespace) -> None:
    known = [*DEFECTS, *VARIANTS, REFERENCE]
    for name in arguments.names:
        if name not in known:
            raise UsageError(f"no defect or variant is named {name!r}{near(name, known)}")
    if arguments.workers < 0:
        raise UsageError(f"--workers {arguments.workers}: at least 1, or 0 for as many as fit")
    if arguments.repeat < 0:
        raise UsageError(f"--repeat {arguments.repeat}: 0 or more runs")
    if arguments.checkers and not any(row.kind == "defect" for row in planned(arguments.names)):
        raise UsageError("--checkers needs defects; name some, or no names for all")
    if Path(arguments.out).is_file():
        raise UsageError(f"--out {arguments.out} is a file; name a folder")


def _tell(row: Row) -> None:
    print(f"{'WRONG' if row.complaints else 'ok   '} {row.kind:9} {row.name}", flush=True)
    for complaint in row.complaints:
        print(f"      {complaint}", flush=True)
    if row.note:
        print(f"      {row.note}", flush=True)


def _tell_checkers(table: KillTable) -> None:
    if table.checkers:
        print("weakened checkers: defects and pins that they no longer notice")
    for one in table.checkers:
        names = ", ".join(one.lost_defects[:4]) + (", …" if len(one.lost_defects) > 4 else "")
        counts = f"{len(one.lost_defects):4} {one.pins:4}"
        print(f"{'WRONG' if one.complaint else 'ok   '}{counts}  {one.name:22} {names}")


def _summary(table: KillTable, out: str) -> Iterator[str]:
    for row in table.rows:  # once more, where a log of hundreds of rows ends
        if row.complaints:
            yield f"WRONG {row.kind} {row.name}: {'; '.join(row.complaints)}"
    for identifier in table.never_broken:
        yield f"WRONG {identifier} is broken by no defect"
    for checker in table.checkers:
        if checker.complaint:
            yield f"WRONG the checker {checker.name} {checker.complaint}"
    if table.repeats:
        clean = sum(not row.complaints for row in table.repeats)
        yield f"the reference was clean in {clean} of {len(table.repeats)} further runs"
    wrong = sum(bool(row.complaints) for row in table.rows)
    defects = sum(row.kind == "defect" for row in table.rows)
    yield (
        f"{defects} defects, {len(table.requirements)} requirements, "
        f"{wrong} rows not as pinned, {len(table.never_broken)} requirements never broken; "
        f"written to {out}"
    )
