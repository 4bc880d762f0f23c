"""Requests with metadata in some writing, and what became of them on three layers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gatecert.attribution import Log, entry_of
from gatecert.desktop import DesktopApp, Exchange, OutgoingRequest
from gatecert.gateways.promises import Attribution
from gatecert.gateways.target import Target
from gatecert.metadata.cases import CASES, SAME, Case, Setting, given, rules_of, written
from gatecert.metadata.judging import LAYERS, Outcome, Wrong, judged
from gatecert.record import Cell, Grid, GridRow
from gatecert.requirements import NotApplicable, fail
from gatecert.session.raw import Raw, a_turn, raw_request
from gatecert.session.witness import ScriptedProvider, Witness
from gatecert.upstream import Receipt

_SESSION = "x-claude-code-session-id"
GRID = "Metadata, however it is written"
ABOUT = (
    "Each row is one way to write the metadata header, each column one layer: what the client was "
    "answered, which provider the request went to, and under which metadata the gateway's log has "
    "it."
)


@dataclass
class Mailing:
    """Sends the cases of one target. ``log`` is None where the gateway shows none."""

    desktop: DesktopApp
    raw: Raw
    provider: ScriptedProvider
    target: Target
    witness: Witness
    log: Log | None
    _seen: dict[str, tuple[Outcome, list[Wrong]]] = field(default_factory=dict)

    @property
    def setting(self) -> Setting:
        """What the cases are made of."""
        return given(self.target)

    def judge(self, cases: Sequence[Case]) -> None:
        """Send each case; raise NotMet for the first one of which something is wrong.

        Raises NotApplicable if all were served, and nothing tells what became of the metadata.
        """
        wrong: list[tuple[Case, Wrong]] = []
        for case in cases:
            seen = self.send(case.lines(self.setting), f"metadata: {case.name}")
            found = judged(case, self.setting, self.target, seen)
            self._seen[case.name] = seen, found
            wrong += [(case, one) for one in found]
        self.witness.grids[:] = [self._grid(cases)]
        if wrong:
            self._tell(wrong)
        if not any(self._told(case) for case in cases):
            raise NotApplicable(
                "such metadata is served, and nothing tells what became of it: the target names no "
                "log ([attribution]), and no route that depends on it ([policy] routes)",
                "no-promise",
            )

    def _told(self, case: Case) -> bool:
        """Whether something was seen that could have been wrong."""
        seen, _ = self._seen[case.name]
        if seen.refused or case.expectation(rules_of(self.target)) == SAME:
            return True
        return seen.attributed is not ... or (case.routed and seen.providers is not None)

    @property
    def routed(self) -> bool:
        """Whether the target says that a route depends on metadata."""
        return bool(self.target.policy.routes) or self.target.promises.routes_on_metadata

    def send(self, lines: Sequence[bytes], what: str = "metadata") -> Outcome:
        """Send one turn with these header lines in place of the configured metadata."""
        script = self.provider.script()
        header = self.target.promises.metadata_header.lower()
        request, session = _in_its_own_session(a_turn(self.desktop, script.text))
        heard = self.raw.ask(what, raw_request(request, drop=(header,), extra=lines))
        receipts = self.provider.receipts(script, wait_ms=300)
        reached = sorted({receipt.provider for receipt in receipts})
        refused = heard.status is None or heard.status >= 400
        providers = reached if self.routed or refused else None
        answer = heard.answers[0] if heard.answers else None
        ids = [script.token, session, *_request_ids(answer.headers if answer else ())]
        attributed = ... if refused else self._filed(ids, receipts)
        values = [line.partition(b":")[2].decode("utf-8", "replace").strip() for line in lines]
        return Outcome(heard.status, heard.summary(), providers, attributed, values)

    def refusal(self, desktop: DesktopApp, *, stream: bool) -> Exchange:
        """What a turn with broken metadata is answered, as the client gets it."""
        header = self.target.promises.metadata_header
        broken = self.setting.text[:-1] + ",}"
        draft = desktop.engine.draft(desktop.engine.opening("hi"), stream=stream)
        return desktop.engine.send_draft(replace(draft, headers={header: broken})).exchange

    def _filed(self, ids: Sequence[str], receipts: Sequence[Receipt]) -> object:
        """The metadata under which the request is filed, ... if nothing tells."""
        if self.target.attribution.reader == "receipt-header":
            header = self.target.promises.metadata_header
            kept = {"metadata": receipts[0].header(header) if receipts else None}
            return entry_of(kept, Attribution(metadata="metadata")).metadata
        if self.log is None or not self.log.places.metadata:
            return ...
        entries = self.log.of(ids)
        return entries[0].metadata if entries else None

    def _tell(self, wrong: Sequence[tuple[Case, Wrong]]) -> None:
        case, one = wrong[0]
        others = [name for name in dict.fromkeys(c.name for c, _ in wrong) if name != case.name]
        more = f"; as wrong: {', '.join(others[:5])}" if others else ""
        more += f" and {len(others) - 5} more" if len(others) > 5 else ""
        fail(
            f"{one.expected}, of a request whose metadata is written with: {case.name}",
            f"{one.came}{more}",
            hop="client → gateway" if one.layer == "answer" else "gateway → provider",
            silent=one.silent,
        )

    def _grid(self, cases: Sequence[Case]) -> Grid:
        order = [case for case in CASES if case in cases]
        rows = [GridRow(f"{c.group}: {c.name}", self._cells(c)) for c in order]
        return Grid(GRID, ABOUT, list(LAYERS), rows)

    def _cells(self, case: Case) -> list[Cell]:
        seen, wrong = self._seen[case.name]
        by_layer = {one.layer: one for one in wrong}
        shown = {
            "answer": seen.summary,
            "provider": _providers(seen),
            "attribution": _attributed(seen),
        }
        return [_cell(layer, shown[layer], seen, by_layer.get(layer)) for layer in LAYERS]


def metadata_line(setting: Setting, metadata: Mapping[str, Any]) -> bytes:
    """The header line of some metadata."""
    return f"{setting.header}: {written(metadata)}".encode()


def _cell(layer: str, shown: str, seen: Outcome, wrong: Wrong | None) -> Cell:
    if wrong is not None:
        detail = f"Wrong: expected {wrong.expected}, got {wrong.came}."
        return Cell("bad", shown, detail)
    if layer == "provider" and seen.providers is None:
        why = "the target does not say that metadata decides on the route ([policy] routes)"
        return Cell("none", "not judged", f"Not judged: {why}.")
    if layer == "attribution" and seen.attributed is ...:
        why = "a refused request is nobody's" if seen.refused else "the target names no log"
        return Cell("none", "not judged", f"Not judged: {why}.")
    return Cell("good", shown, f"On this layer: {shown}.")


def _providers(seen: Outcome) -> str:
    if seen.providers is None:
        return "not judged"
    return ", ".join(seen.providers) or "none reached"


def _attributed(seen: Outcome) -> str:
    if seen.attributed is None:
        return "filed under nobody"
    return "filed" if seen.attributed is not ... else "not judged"


def _request_ids(headers: Sequence[tuple[str, str]]) -> list[str]:
    named = ("request-id", "x-request-id", "x-portkey-trace-id", "x-correlation-id")
    return [value for name, value in headers if name.lower() in named and len(value) >= 8]


def _in_its_own_session(request: OutgoingRequest) -> tuple[OutgoingRequest, str]:
    """The request in a session of its own, by which a log can be searched for it."""
    session = str(uuid.uuid4())
    headers = [
        (name, session if name.lower() == _SESSION else value) for name, value in request.headers
    ]
    return replace(request, headers=headers), session
