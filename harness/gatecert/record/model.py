"""The run record as frozen dataclasses, and its way to JSON and back.

The JSON Schema beside this file is the contract; ``harness/tests`` validates real runs against it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from gatecert.record.shape import check_shape, parsed

SCHEMA = "https://gatecert.dev/schema/run-1.json"

_UNVERIFIED = ("could-not-run", "error")
_JUDGED = ("pass", "fail", "warn", "info", "known", "fixed")
_VERDICTS = (*_JUDGED, *_UNVERIFIED, "not-applicable")


@dataclass(frozen=True)
class RecordedMessage:
    """One HTTP message, redacted and bounded.

    ``first_line`` is the request or status line. ``body`` is text; of a long one the middle is
    left out, and ``body_bytes`` and ``body_sha256`` speak of the whole (the hash is taken after
    redaction).
    """

    first_line: str
    headers: Sequence[Sequence[str]]
    body: str
    body_bytes: int
    body_sha256: str
    truncated: bool


@dataclass(frozen=True)
class RecordedExchange:
    """What the client sent and saw. Times are ms since the request was sent."""

    purpose: str
    url: str
    request: RecordedMessage
    response: RecordedMessage | None
    fault: str
    headers_ms: float
    end_ms: float
    chunks: int
    curl: str


@dataclass(frozen=True)
class RecordedReceipt:
    """What a provider received, and what it answered."""

    provider: str
    token: str
    request: RecordedMessage
    status: int
    outcome: str
    hold: str


@dataclass(frozen=True)
class Seen:
    """What the user of the client sees if the gateway always answers as it did here.

    ``waits_s`` is the user's whole wait in seconds, ``requests`` what the gateway gets meanwhile.
    """

    text: str
    waits_s: float
    requests: int
    sureness: str


@dataclass(frozen=True)
class Cell:
    """What was seen in one cell of a grid.

    ``grade`` is ``good`` (as it should be), ``told`` (it went wrong, nothing better is promised,
    and the client was told), ``bad`` (a requirement is broken) or ``none`` (nothing was tried, and
    ``detail`` says why). ``shown`` is a few words, ``detail`` the whole story in sentences.
    """

    grade: str
    shown: str
    detail: str


@dataclass(frozen=True)
class GridRow:
    """One row of a grid: one cell for each column."""

    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Grid:
    """A table of situations, each with what was seen there; grids of one name are one table.

    ``about`` tells a reader, in sentences, what rows, columns and cells are.
    """

    name: str
    about: str
    columns: Sequence[str]
    rows: Sequence[GridRow]


@dataclass(frozen=True)
class Evidence:
    """Both sides' transcripts, measurements where there are any, and what the user sees.

    ``grids`` are what was seen in many situations of one kind; older records have none. ``seen`` is
    None for what passed, for what no answer belongs to, and in older records.
    """

    exchanges: Sequence[RecordedExchange] = ()
    receipts: Sequence[RecordedReceipt] = ()
    left_out: int = 0
    measurements: Sequence[Mapping[str, Any]] = ()
    grids: Sequence[Grid] = field(default_factory=list)
    seen: Seen | None = None


@dataclass(frozen=True)
class Result:
    """The verdict on one requirement.

    ``reason`` is a sentence, ``reason_code`` from a closed list. A ``provisional`` requirement is
    new: a MUST among them warns. ``hints`` are by gateway.
    """

    id: str
    level: str
    area: str
    title: str
    verdict: str
    reason_code: str
    reason: str
    suspect: str
    source: Mapping[str, str]
    why: str
    fix: str
    expected: str = ""
    came: str = ""
    hop: str = ""
    known: Mapping[str, str] | None = None
    duration_ms: float = 0.0
    node: str = ""
    provisional: bool = False
    hints: Mapping[str, str] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True)
class RunRecord:
    """One run against one target.

    ``state`` is ``finished`` or why it is not: ``interrupted``, ``stopped``, ``gateway-lost``,
    ``provider-lost``, ``not-started``, ``broken-off`` (rebuilt from the journal of a process that
    died). ``not_verified`` lists what was selected and not judged.
    """

    tool: Mapping[str, str]
    catalogue: Mapping[str, Any]
    profile: Mapping[str, str]
    target: Mapping[str, Any]
    environment: Mapping[str, Any]
    selection: Mapping[str, Any]
    started: str
    duration_ms: float
    state: str
    state_detail: str
    known_file: Mapping[str, Any] | None
    results: Sequence[Result]
    not_verified: Sequence[str]

    @property
    def conformant(self) -> bool:
        """Whether something was judged and no MUST is broken, not even as recorded deviation."""
        return self.judged and not self.broken_musts

    @property
    def judged(self) -> bool:
        """Whether at least one requirement was judged."""
        return any(r.verdict in _JUDGED for r in self.results)

    @property
    def broken_musts(self) -> list[Result]:
        """The results in which a MUST is broken, recorded as known or not."""
        return [
            r
            for r in self.results
            if r.level == "MUST"
            and (r.verdict == "fail" or (r.verdict == "known" and not r.provisional))
        ]

    @property
    def selected(self) -> int:
        """How many requirements were selected."""
        return len(self.selection["ids"])

    @property
    def whole_catalogue(self) -> bool:
        """Whether nothing of the catalogue was left out by selection."""
        return self.selected == int(self.catalogue["requirements"])

    @property
    def complete(self) -> bool:
        """Whether the whole catalogue was run to its end and everything that applies was judged."""
        return self.state == "finished" and self.whole_catalogue and not self.not_verified

    @property
    def summary(self) -> dict[str, Any]:
        """Counts by verdict and by area."""
        areas: dict[str, Counter[str]] = {}
        for result in self.results:
            areas.setdefault(result.area, Counter())[result.verdict] += 1
        return {
            "verdicts": dict(Counter(r.verdict for r in self.results)),
            "areas": {area: dict(counts) for area, counts in areas.items()},
        }

    def to_json(self) -> dict[str, Any]:
        """The record as plain data, in the order of the schema."""
        return {
            "schema": SCHEMA,
            "tool": dict(self.tool),
            "catalogue": dict(self.catalogue),
            "profile": dict(self.profile),
            "target": dict(self.target),
            "environment": dict(self.environment),
            "selection": dict(self.selection),
            "started": self.started,
            "duration_ms": round(self.duration_ms, 1),
            "state": self.state,
            "state_detail": self.state_detail,
            "conformant": self.conformant,
            "complete": self.complete,
            "known_file": dict(self.known_file) if self.known_file else None,
            "not_verified": list(self.not_verified),
            "summary": self.summary,
            "results": [asdict(r) for r in self.results],
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> RunRecord:
        """The record that :meth:`to_json` wrote. Raises ValueError for another document."""
        if not isinstance(raw, Mapping):
            raise ValueError("not a run record: it is no JSON object")
        if raw.get("schema") != SCHEMA:
            named = str(raw.get("schema", "missing"))[:80]
            raise ValueError(f"not a run record: schema is {named!r}, not {SCHEMA!r}")
        keys = (
            "tool catalogue profile target environment selection started duration_ms state "
            "state_detail known_file not_verified"
        ).split()
        values = {key: raw[key] for key in keys}
        return cls(**values, results=[result_from_json(r) for r in raw["results"]])


def result_from_json(raw: Mapping[str, Any]) -> Result:
    """A result as ``asdict`` wrote it. Raises ValueError for a verdict that is none."""
    if raw["verdict"] not in _VERDICTS:
        raise ValueError(f"{raw['id']} has the verdict {raw['verdict']!r}, which is none")
    evidence = raw["evidence"]
    return Result(
        **{
            **raw,
            "evidence": Evidence(
                exchanges=[_exchange(e) for e in evidence["exchanges"]],
                receipts=[
                    RecordedReceipt(**{**r, "request": RecordedMessage(**r["request"])})
                    for r in evidence["receipts"]
                ],
                left_out=evidence["left_out"],
                measurements=evidence["measurements"],
                grids=[grid_from_json(grid) for grid in evidence.get("grids", ())],
                seen=_seen(evidence.get("seen")),
            ),
        }
    )


def grid_from_json(raw: Mapping[str, Any]) -> Grid:
    """A grid as ``asdict`` wrote it."""
    rows = [GridRow(row["name"], [Cell(**cell) for cell in row["cells"]]) for row in raw["rows"]]
    return Grid(raw["name"], raw["about"], raw["columns"], rows)


def read_run(path: Path) -> RunRecord:
    """Read a ``run.json``. Raises OSError, and ValueError for another document."""
    document = parsed(path.read_text(encoding="utf-8"))
    if isinstance(document, dict) and document.get("schema") == SCHEMA:
        check_shape(document, schema(), schema())
    return RunRecord.from_json(document)


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of the record."""
    text = Path(__file__).with_name("run.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _seen(raw: Mapping[str, Any] | None) -> Seen | None:
    return Seen(**raw) if raw else None


def _exchange(raw: Mapping[str, Any]) -> RecordedExchange:
    response = raw["response"]
    return RecordedExchange(
        **{
            **raw,
            "request": RecordedMessage(**raw["request"]),
            "response": RecordedMessage(**response) if response else None,
        }
    )
