"""The rows of the kill table, and what they amount to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from gatecert.gateways.defects import DEFECTS
from gatecert.gateways.variants import VARIANTS, companies, parts

_NOISE = "the machine was too noisy to measure it"
REFERENCE = "reference"
REPEAT = "repeat"
HONEST = "honest"
# of many or of very large requests: seconds each, so that a defect is judged by them only where
# they are pinned to it
COSTLY = (
    *("FALL-17", "FALL-20", "FALL-22", "FALL-23", "FALL-27", "FALL-31", "META-20"),
    *("META-11", "MSG-38", "MSG-39", "MSG-40", "MSG-63", "MSG-64"),
    *("SEC-12", "STREAM-55", "STREAM-70", "STREAM-72"),
)


@dataclass(frozen=True)
class Row:
    """One gateway's outcome.

    ``kind`` is ``reference``, ``defect``, ``variant`` or ``repeat`` (the reference once more).

    ``names_it`` is the pinned identifier that names the fault best, ``first`` the one with which
    the report began. ``unmeasured`` are measurements for which the machine was too noisy; they say
    nothing. ``only`` are the requirements that it is judged by, all if empty;
    a ``cheap`` row is not judged by costly ones that are not pinned to it.
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
    only: Sequence[str] = ()
    cheap: bool = False

    @property
    def timed(self) -> bool:
        """Whether milliseconds matter to it: the reference must be fast, a defect of speed slow."""
        return self.kind == "reference" or any(i.startswith("OVER-") for i in self.pinned)

    @property
    def left_out(self) -> Sequence[str]:
        """The costly requirements that it is not judged by."""
        return [i for i in COSTLY if i not in self.pinned] if self.cheap else []

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
class Checker:
    """What one checker no longer notices; the honest one notices all.

    ``lost_defects`` are those of which it notices nothing any more, ``lost_pins`` by defect the
    identifiers that it no longer finds broken.
    """

    name: str
    summary: str
    lost_defects: Sequence[str] = ()
    lost_pins: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def pins(self) -> int:
        """How many pins it no longer notices."""
        return sum(map(len, self.lost_pins.values()))

    @property
    def complaint(self) -> str:
        """What is wrong with it, or ``""``."""
        if self.name == HONEST:
            return "overlooks something that is pinned" if self.pins else ""
        return "" if self.pins else "overlooks nothing, so it is no weaker than the honest one"

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "pins": self.pins, "complaint": self.complaint}


@dataclass(frozen=True)
class KillTable:
    """All rows, and what they amount to."""

    rows: Sequence[Row]
    requirements: Sequence[str]
    hash: str = ""
    never_broken: Sequence[str] = field(default=())
    checkers: Sequence[Checker] = ()

    @classmethod
    def of(
        cls,
        rows: Sequence[Row],
        requirements: Sequence[str],
        hash_: str,
        checkers: Sequence[Checker] = (),
    ) -> KillTable:
        """Work out which requirements no defect breaks."""
        broken = {i for row in rows if row.kind == "defect" for i in row.broken}
        never = [i for i in requirements if i not in broken]
        return cls(rows, requirements, hash_, never, checkers)

    @property
    def complete(self) -> bool:
        """Whether every requirement can fail, every row is as pinned and every checker counts."""
        wrong = any(row.complaints for row in self.rows) or any(c.complaint for c in self.checkers)
        return not self.never_broken and not wrong

    def killers(self, identifier: str) -> list[str]:
        """The defects that break a requirement."""
        return [r.name for r in self.rows if r.kind == "defect" and identifier in r.broken]

    @property
    def quick(self) -> bool:
        """Whether defects were judged by what is pinned to them only."""
        return any(row.only for row in self.rows)

    @property
    def repeats(self) -> Sequence[Row]:
        """The further runs of the reference."""
        return [row for row in self.rows if row.kind == REPEAT]

    def to_json(self) -> dict[str, Any]:
        """The table as plain data."""
        return {
            "catalogue_hash": self.hash,
            "complete": self.complete,
            "never_broken": list(self.never_broken),
            "rows": [{**asdict(row), "complaints": row.complaints} for row in self.rows],
            "requirements": {i: self.killers(i) for i in self.requirements},
            "checkers": [checker.to_json() for checker in self.checkers],
        }


def repeated(times: int) -> list[Row]:
    """The reference so many times more, without its milliseconds."""
    summary = "the embedded gateway once more, without milliseconds"
    return [Row(REPEAT, f"{REFERENCE}-{number}", summary) for number in range(1, times + 1)]


def planned(names: Iterable[str] = (), *, quick: bool = False) -> list[Row]:
    """The rows to run: all, or the named defects and variants only.

    A ``quick`` one judges each defect by the requirements that are pinned to it, and variants
    several at once, by all but the costly ones.
    """
    wanted = set(names)
    rows = [Row("reference", REFERENCE, "the embedded gateway as it is")]
    differing = companies(n for n in VARIANTS if not wanted or n in wanted) if quick else VARIANTS
    rows += [
        Row("variant", name, " ".join(VARIANTS[n].summary for n in parts(name)), cheap=quick)
        for name in differing
    ]
    rows += [
        Row(
            *("defect", d.name, d.summary, sorted(d.breaks)),
            names_it=d.breaks[0],
            only=sorted(d.breaks) if quick else (),
            cheap=True,
        )
        for d in DEFECTS.values()
    ]
    return [row for row in rows if not wanted or wanted & set(parts(row.name))]
