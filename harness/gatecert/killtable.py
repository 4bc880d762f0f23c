"""The kill table: every defect against every requirement, every harmless variant too.

It is complete when each defect breaks exactly the identifiers pinned to it, each requirement is
broken by some defect, and reference and variants break nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gatecert.gateways.defects import DEFECTS
from gatecert.gateways.variants import VARIANTS
from gatecert.record import read_run

_BROKEN = ("fail", "warn", "info")
_TIMEOUT_S = 240
_MOST_ATTEMPTS = 3
_NOISE = "the machine was too noisy to measure it"
REFERENCE = "reference"


@dataclass(frozen=True)
class Row:
    """One gateway's outcome. ``kind`` is ``reference``, ``defect`` or ``variant``.

    ``unmeasured`` are measurements for which the machine was too noisy; they say nothing.
    """

    kind: str
    name: str
    summary: str
    pinned: Sequence[str] = ()
    broken: Sequence[str] = ()
    unjudged: Sequence[str] = ()
    trouble: str = ""
    unmeasured: Sequence[str] = ()

    @property
    def timed(self) -> bool:
        """Whether milliseconds matter to it: the reference must be fast, a defect of speed slow."""
        return self.kind == "reference" or any(i.startswith("OVER-") for i in self.pinned)

    @property
    def complaints(self) -> list[str]:
        """What is wrong with this row; empty if all is as pinned."""
        found = [self.trouble] if self.trouble else []
        affected = {*self.broken, *self.unjudged}
        missing = sorted(set(self.pinned) - affected)
        further = sorted(affected - set(self.pinned))
        if missing:
            named = ", ".join(map(self._with_noise, missing))
            found.append(f"does not break {named}, pinned to it")
        if further:
            found.append(f"breaks (or leaves unjudged) {', '.join(further)}, not pinned to it")
        return found

    @property
    def note(self) -> str:
        """What was not judged although nothing is wrong with the row, or ``""``."""
        pending = [i for i in self.unmeasured if i not in self.pinned]
        return f"not judged, {_NOISE}: {', '.join(pending)}" if pending else ""

    def _with_noise(self, identifier: str) -> str:
        return f"{identifier} ({_NOISE})" if identifier in self.unmeasured else identifier


@dataclass(frozen=True)
class KillTable:
    """All rows, and what they amount to."""

    rows: Sequence[Row]
    requirements: Sequence[str]
    hash: str = ""
    never_broken: Sequence[str] = field(default=())

    @classmethod
    def of(cls, rows: Sequence[Row], requirements: Sequence[str], hash_: str) -> KillTable:
        """Work out which requirements no defect breaks."""
        broken = {i for row in rows if row.kind == "defect" for i in row.broken}
        return cls(rows, requirements, hash_, [i for i in requirements if i not in broken])

    @property
    def complete(self) -> bool:
        """Whether every requirement can fail and every row is as pinned."""
        return not self.never_broken and not any(row.complaints for row in self.rows)

    def killers(self, identifier: str) -> list[str]:
        """The defects that break a requirement."""
        return [r.name for r in self.rows if r.kind == "defect" and identifier in r.broken]

    def to_json(self) -> dict[str, Any]:
        """The table as plain data."""
        return {
            "catalogue_hash": self.hash,
            "complete": self.complete,
            "never_broken": list(self.never_broken),
            "rows": [{**asdict(row), "complaints": row.complaints} for row in self.rows],
            "requirements": {i: self.killers(i) for i in self.requirements},
        }

    def to_markdown(self) -> str:
        """The table as a page."""
        lines = [
            "# Kill table",
            "",
            "Which seeded defect each requirement catches. Made by `gatecert killtable`. "
            "Milliseconds are measured for the reference and for defects of speed only.",
            "",
            "| requirement | broken by |",
            "|---|---|",
        ]
        lines += [
            f"| {i} | {', '.join(f'`{n}`' for n in self.killers(i)) or '**nothing**'} |"
            for i in self.requirements
        ]
        lines += ["", "| gateway | kind | what it does | breaks |", "|---|---|---|---|"]
        lines += [
            f"| `{r.name}` | {r.kind} | {r.summary} | {_shortened(r.broken)} |" for r in self.rows
        ]
        return "\n".join(lines) + "\n"


def planned(names: Iterable[str] = ()) -> list[Row]:
    """The rows to run: all, or the named defects and variants only."""
    wanted = set(names)
    rows = [Row("reference", REFERENCE, "the embedded gateway as it is")]
    rows += [Row("defect", d.name, d.summary, sorted(d.breaks)) for d in DEFECTS.values()]
    rows += [Row("variant", v.name, v.summary) for v in VARIANTS.values()]
    return [row for row in rows if not wanted or row.name in wanted]


def run_rows(rows: Sequence[Row], workers: int, on_row: Callable[[Row], None]) -> list[Row]:
    """Run the suites against each row's gateway, some at a time, each in its own process.

    Rows that measure milliseconds come last and alone: beside other work they measure the machine.
    """
    with TemporaryDirectory(prefix="gatecert-") as scratch, ThreadPoolExecutor(workers) as pool:

        def one(row: Row) -> Row:
            done = _measured(row, Path(scratch) / row.name)
            on_row(done)
            return done

        done = list(pool.map(one, [row for row in rows if not row.timed]))
        done += [one(row) for row in rows if row.timed]
    places = {row.name: place for place, row in enumerate(rows)}
    return sorted(done, key=lambda row: places[row.name])


def _measured(row: Row, folder: Path) -> Row:
    """Run a row; again, a few times, while all that it lacks is a quiet machine."""
    done = _run(row, folder)
    for _ in range(_MOST_ATTEMPTS - 1):
        if not done.unmeasured or set(done.broken) - set(row.pinned):
            break
        done = _run(row, folder)
    return done


def _run(row: Row, folder: Path) -> Row:
    flags: Mapping[str, list[str]] = {
        "reference": [],
        "defect": ["--defect", row.name],
        "variant": ["--variant", row.name],
    }
    command = [sys.executable, "-P", "-m", "gatecert", "run", "-q", "--out", str(folder)]
    command += flags[row.kind]
    if not row.timed:
        command += ["-k", "not overhead"]
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, timeout=_TIMEOUT_S, check=False, text=True
        )
        record = read_run(folder / "run.json")
    except (OSError, ValueError, subprocess.TimeoutExpired) as exc:
        return replace(row, trouble=f"made no record ({exc})")
    unmeasured = [r.id for r in record.results if r.reason_code.startswith("measurement-")]
    return replace(
        row,
        broken=sorted(r.id for r in record.results if r.verdict in _BROKEN),
        unjudged=[i for i in record.not_verified if i not in unmeasured],
        trouble="" if done.returncode in (0, 1) else f"ended with exit code {done.returncode}",
        unmeasured=unmeasured,
    )


def write_table(table: KillTable, folder: Path) -> None:
    """Write ``killtable.json`` and ``killtable.md``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "killtable.json").write_text(json.dumps(table.to_json(), indent=1), "utf-8")
    (folder / "killtable.md").write_text(table.to_markdown(), "utf-8")


def _shortened(identifiers: Sequence[str]) -> str:
    if len(identifiers) <= 12:
        return ", ".join(identifiers)
    return f"{', '.join(identifiers[:10])} and {len(identifiers) - 10} more"
