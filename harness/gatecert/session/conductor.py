"""The controlling side of a run: starts the services, keeps the journal, writes the record."""

from __future__ import annotations

import datetime
import os
import pickle
import platform
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gatecert import __version__
from gatecert.desktop.profiles import HOST_PROFILE_NAME, HOST_PROFILE_SURENESS, EngineProfile
from gatecert.errors import UsageError
from gatecert.gateways.running import Say
from gatecert.gateways.target import Target
from gatecert.record import SCHEMA, Journal, Redactor, Result, RunRecord
from gatecert.record.journal import JOURNAL
from gatecert.report import write_report
from gatecert.requirements import Catalogue, load_catalogue
from gatecert.session.known import KnownDeviations, read_known
from gatecert.session.options import (
    DEFAULT_CLIENT_PROFILE,
    DEFAULT_EXAMPLES,
    EMBEDDED,
    LIVE_MAX_TOKENS,
    RunOptions,
    profile_named,
)
from gatecert.session.paths import suites_folder
from gatecert.session.preflight import check_route, untrusted
from gatecert.session.services import Services, check_settings, start_services
from gatecert.session.spending import Limits

_UNVERIFIED = ("could-not-run", "error")
_OUTPUTS = ("run.json", "index.html", "junit.xml", "summary.md")
_BODY = re.compile(r"[0-9a-f]{16}\.json")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
Write = Callable[[RunRecord, Path], object]


@dataclass(frozen=True)
class Shared:
    """What every process that runs requirements has to know."""

    target: Target
    known: KnownDeviations
    limits: Limits
    overhead_pairs: int
    folder: Path
    workers: int = 1
    client_profile: str = DEFAULT_CLIENT_PROFILE
    enforce_provisional: bool = False
    seed: int = 0
    examples: int = DEFAULT_EXAMPLES
    evidence_of_passes: bool = True
    untrusted: str = ""

    @property
    def profile(self) -> EngineProfile:
        """The engine profile that the suites are run as. Raises UsageError."""
        return profile_named(self.client_profile)

    def packed(self) -> bytes:
        """For the way to a worker process of ours."""
        return pickle.dumps(self)

    @classmethod
    def unpacked(cls, data: bytes) -> Shared:
        """As :meth:`packed` wrote it, read from our own controller."""
        shared = pickle.loads(data)  # noqa: S301
        if not isinstance(shared, cls):
            raise TypeError("the controller handed over something else")
        return shared


class Conductor:
    """One run from its start to its record."""

    def __init__(
        self,
        options: RunOptions,
        folder: Path,
        catalogue: Catalogue,
        known: KnownDeviations,
        write: Write = write_report,
    ) -> None:
        self.options = options
        self.folder = folder
        self.catalogue = catalogue
        self.known = known
        self.results: dict[str, Result] = {}
        self.state = "finished"
        self.state_detail = ""
        self._write = write
        self._services: Services | None = None
        self._journal: Journal | None = None
        self._finished: RunRecord | None = None
        self._untrusted = ""
        self._head: dict[str, Any] = {}
        self._selected: list[str] = []
        self._began = time.monotonic()

    @classmethod
    def of(
        cls,
        options: RunOptions,
        write: Write = write_report,
        catalogue: Catalogue | None = None,
    ) -> Conductor:
        """The run that the options ask for; nothing is started. Raises UsageError.

        ``write`` puts the record into the run's folder at the end. The catalogue is read from the
        suites unless given.
        """
        options.check()
        external = options.external()
        if external is not None:
            check_settings(external.target)
        catalogue = catalogue or load_catalogue(suites_folder())
        known = KnownDeviations()
        if options.known:
            known = read_known(Path(options.known), [r.id for r in catalogue])
            if not options.gateway:  # described by flags, a gateway has no name
                known.check_gateway(external.target.name if external else options.target)
        return cls(options, run_folder(options), catalogue, known, write)

    @property
    def started(self) -> bool:
        """Whether the services were started."""
        return self._services is not None

    def start(self, say: Say) -> None:
        """Start provider and gateway. Raises UsageError and RunError; then nothing is left up."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _remove_older_run(self.folder)
        except OSError as exc:
            raise UsageError(
                f"{self.folder}: the record cannot be written there ({exc.strerror}); "
                "choose another folder with --out"
            ) from None
        self._services = start_services(self.options, self.folder, say)
        try:
            self._untrusted = untrusted(self.target)
            if self._untrusted:
                self.broke_off("untrusted", self._untrusted)
            elif self.target.scripted:
                check_route(self.target)
        except BaseException:
            self.stop()
            raise
        self._compare_with_known(say)

    def _compare_with_known(self, say: Say) -> None:
        """Say if the known deviations were recorded for something else than what runs here."""
        known, running = self.known, self.target
        if known.version and running.version and known.version != running.version:
            say(f"known deviations are for version {known.version}, this is {running.version}")
        if known.gateway and self.options.gateway:
            say(f"known deviations are for {known.gateway}; --gateway has no name to compare")

    def could_not_start(self, detail: str, keyword: str, marker: str) -> RunRecord | None:
        """The record of a run that could not be made: everything is left unverified.

        Without a collection nobody knows what ``keyword`` and ``marker`` would have selected, so
        the identifiers follow the areas alone. None if the record cannot be written.
        """
        self.broke_off("not-started", detail)
        selection = self.options.selection(keyword, marker)
        areas = self.options.areas
        chosen = [r.id for r in self.catalogue if not areas or r.area in areas]
        selection["ids"] = self._selected = chosen
        self._head = self._facts(selection, self.options.described())
        try:
            with undisturbed():
                return self._written()
        except OSError:
            return None

    @property
    def target(self) -> Target:
        """The gateway under test, once started."""
        if self._services is None:
            raise RuntimeError("the run was not started")
        return self._services.target

    @property
    def limits(self) -> Limits:
        """How much the run may ask for, all its processes together."""
        return Limits(self.options.max_requests, self.options.token_limit(self.target.scripted))

    def announced(self) -> dict[str, Any] | None:
        """What a live provider is asked for at most; None for a scripted one."""
        if self.target.scripted:
            return None
        return {
            "requests": self.limits.requests,
            "tokens": self.limits.tokens,
            "output_tokens": LIVE_MAX_TOKENS,
            "model": self.target.turn_model or self.target.models.chat,
        }

    def shared(self, workers: int) -> Shared:
        """What the processes that run requirements need."""
        options = self.options
        return Shared(
            self.target,
            self.known,
            self.limits.each(workers),
            options.overhead_pairs,
            self.folder.resolve(),
            workers,
            options.client_profile,
            options.enforce_provisional,
            options.seed,
            options.examples,
            options.evidence_of_passes,
            self._untrusted,
        )

    def select(self, identifiers: Sequence[str], keyword: str, marker: str) -> None:
        """Say what will be judged, and open the journal."""
        self._selected = list(identifiers)
        selection = self.options.selection(keyword, marker)
        selection["ids"] = self._selected
        selection["limits"] = self.announced()
        redactor = Redactor(self.target.secrets)
        target = redactor.data(self.target.to_json())
        target["headers"] = {n: redactor.header(n, v) for n, v in target["headers"].items()}
        self._head = self._facts(selection, target)
        self._journal = Journal(self.folder, self._head)

    @property
    def selected(self) -> list[str]:
        """The identifiers that were selected."""
        return self._selected

    def record(self, result: Result) -> None:
        """Keep a result; it is in the journal when this returns."""
        self.results[result.id] = result
        if result.reason_code in ("gateway-lost", "provider-lost"):
            self.state, self.state_detail = result.reason_code, result.reason
        if self._journal is not None:
            self._journal.result(result)

    def broke_off(self, state: str, detail: str) -> None:
        """Say why the run did not finish; the first reason stays."""
        if self.state == "finished":
            self.state, self.state_detail = state, detail

    def finish(self) -> RunRecord | None:
        """Stop the services and write record and report; None if nothing was selected.

        No Ctrl-C breaks this off. A second call does nothing more.
        """
        with undisturbed():
            self.stop()
            if self._journal is None:
                return None
            self._journal.close()
            if self._finished is None:
                self._finished = self._written()
            return self._finished

    def stop(self) -> None:
        """Stop the services; a second call does nothing."""
        with undisturbed():
            if self._services is not None:
                self._services.stop()

    def _written(self) -> RunRecord:
        record = self._record()
        self._write(record, self.folder)
        return record

    def _record(self) -> RunRecord:
        judged = {i for i, r in self.results.items() if r.verdict not in _UNVERIFIED}
        missing = [i for i in self._selected if i not in self.results]
        if missing and self.state == "finished":
            self.broke_off("stopped", f"the run ended before {missing[0]} was judged")
        order = [r.id for r in self.catalogue]
        return RunRecord.from_json(
            {
                **self._head,
                "duration_ms": (time.monotonic() - self._began) * 1000,
                "state": self.state,
                "state_detail": self.state_detail,
                "not_verified": [i for i in self._selected if i not in judged],
                "results": [
                    asdict(r)
                    for r in sorted(self.results.values(), key=lambda r: order.index(r.id))
                ],
            }
        )

    def _facts(self, selection: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
        profile = self.options.profile()
        return {
            "schema": SCHEMA,
            "tool": {"name": "gatecert", "version": __version__},
            "catalogue": {"hash": self.catalogue.hash, "requirements": len(self.catalogue)},
            "profile": {
                "engine": profile.name,
                "engine_source": profile.source,
                "engine_sureness": profile.sureness,
                "host": HOST_PROFILE_NAME,
                "host_sureness": HOST_PROFILE_SURENESS,
            },
            "target": target,
            "environment": environment(),
            "selection": selection,
            "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "known_file": self.known.to_json(),
        }


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore Ctrl-C and SIGTERM for a while: what ends a run in order takes seconds at most."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        for number in before:
            signal.signal(number, lambda number, frame: None)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def _remove_older_run(folder: Path) -> None:
    """What an older run left in the folder would be taken for this run's, should it be killed."""
    for name in _OUTPUTS:
        (folder / name).unlink(missing_ok=True)
    bodies = folder / "bodies"
    for body in bodies.glob("*.json") if bodies.is_dir() else ():
        if _BODY.fullmatch(body.name):
            body.unlink()
    with suppress(OSError):  # it is not there, or somebody keeps something else in it
        bodies.rmdir()
    (folder / JOURNAL).write_bytes(b"")


def environment() -> dict[str, Any]:
    """What may matter when two runs differ; nothing that names the machine."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cpus": os.cpu_count() or 0,
        "load_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "packages": {name: version(name) for name in ("httpx", "h11", "pytest")},
        "ci": bool(os.environ.get("CI")),
    }


def run_folder(options: RunOptions) -> Path:
    """Where the run writes: ``--out``, or a fresh folder below ``reports``."""
    if options.out:
        return Path(options.out)
    name = Path(options.target).stem if options.target != EMBEDDED else "embedded"
    name = "gateway" if options.gateway else name
    base = Path("reports") / f"{name}-{datetime.datetime.now():%Y%m%d-%H%M%S}"
    folder, number = base, 1
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder
