"""``gatecert killtable``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from gatecert.errors import EXIT_CONFORMANT, EXIT_NOT_CONFORMANT, UsageError
from gatecert.gateways.defects import DEFECTS
from gatecert.gateways.targetfile import near
from gatecert.gateways.variants import VARIANTS
from gatecert.killtable import REFERENCE, KillTable, Row, planned, run_rows, write_table
from gatecert.requirements import load_catalogue
from gatecert.session.paths import suites_folder


def make_killtable(arguments: argparse.Namespace) -> int:
    """Run the table, print what is wrong with it, and write it."""
    known = [*DEFECTS, *VARIANTS, REFERENCE]
    for name in arguments.names:
        if name not in known:
            raise UsageError(f"no defect or variant is named {name!r}{near(name, known)}")
    rows = planned(arguments.names)
    if arguments.workers < 0:
        raise UsageError(f"--workers {arguments.workers}: at least 1, or 0 for as many as fit")
    if Path(arguments.out).is_file():
        raise UsageError(f"--out {arguments.out} is a file; name a folder")
    workers = arguments.workers or (os.cpu_count() or 1) + 1  # a run waits a good deal
    done = run_rows(rows, workers, lambda row: _tell(row, arguments.json))
    catalogue = load_catalogue(suites_folder())
    identifiers = [r.id for r in catalogue]
    if arguments.names:  # a part of the table cannot say what no defect breaks
        identifiers = sorted({i for row in done for i in row.broken})
    table = KillTable.of(done, identifiers, catalogue.hash)
    write_table(table, Path(arguments.out))
    if arguments.json:
        print(json.dumps(table.to_json(), indent=1))
    _sum_up(table, arguments.out)
    return EXIT_CONFORMANT if table.complete else EXIT_NOT_CONFORMANT


def _tell(row: Row, quiet: bool) -> None:
    if quiet:
        return
    print(f"{'ok  ' if not row.complaints else 'WRONG'} {row.kind:9} {row.name}", flush=True)
    for complaint in row.complaints:
        print(f"      {complaint}", flush=True)
    if row.note:
        print(f"      {row.note}", flush=True)


def _sum_up(table: KillTable, out: str) -> None:
    wrong = [row for row in table.rows if row.complaints]
    for identifier in table.never_broken:
        print(f"WRONG {identifier} is broken by no defect", file=sys.stderr)
    defects = sum(row.kind == "defect" for row in table.rows)
    print(
        f"{defects} defects, {len(table.requirements)} requirements, "
        f"{len(wrong)} rows not as pinned, {len(table.never_broken)} requirements never broken; "
        f"written to {out}",
        file=sys.stderr,
    )
