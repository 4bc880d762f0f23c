"""The rows of the kill table, and what they amount to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gatecert.gateways.defects import DEFECTS
from gatecert.gateways.variants import VARIANTS

_NOISE = "the machine was too noisy to measure it"
REFERENCE = "reference"


@dataclass(frozen=True)
class Row:
    """One gateway's outcome. ``kind`` is ``reference``, ``defect`` or ``variant``.

    ``names_it`` is the pinned identifier that names the fault best, ``first`` the one with which
    the report began. ``unmeasured`` are measurements for which the machine was too noisy; they say
    nothing.
    """

    kind: str
    name: str
    summary: str
    pinned: Sequence[str] = ()
    broken: Sequence[str] = ()
    unjudged: Sequence[str] = ()
    trouble: str = ""
    unmeasured: Sequence[str] = ()
    names_it: str = ""
    first: str = ""

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
        if self.first and self.names_it in affected and self.first != self.names_it:
            found.append(f"its report begins with {self.first} instead of {self.names_it}")
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
    rows += [
        Row("defect", d.name, d.summary, sorted(d.breaks), names_it=d.breaks[0])
        for d in DEFECTS.values()
    ]
    rows += [Row("variant", v.name, v.summary) for v in VARIANTS.values()]
    return [row for row in rows if not wanted or row.name in wanted]


def write_table(table: KillTable, folder: Path) -> None:
    """Write ``killtable.json`` and ``killtable.md``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "killtable.json").write_text(json.dumps(table.to_json(), indent=1), "utf-8")
    (folder / "killtable.md").write_text(table.to_markdown(), "utf-8")


def _shortened(identifiers: Sequence[str]) -> str:
    if len(identifiers) <= 12:
        return ", ".join(identifiers)
    return f"{', '.join(identifiers[:10])} and {len(identifiers) - 10} more"
