"""The controlling process's pytest hooks: services before, record after, results in between."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gatecert.errors import EXIT_USAGE, GatecertError, RunError
from gatecert.gateways.target import Target
from gatecert.record import Result, RunRecord
from gatecert.record.model import result_from_json
from gatecert.report.visible import one_line
from gatecert.session.conductor import Conductor
from gatecert.session.stash import REQUIREMENT, SHARED


class Hooks:
    """Hooks of gatecert's own, for reporters."""

    def pytest_gatecert_started(self, target: Target, identifiers: list[str]) -> None:
        """The gateway is up and the selection is known."""

    def pytest_gatecert_result(self, result: Result) -> None:
        """A requirement has been judged."""

    def pytest_gatecert_finished(self, record: RunRecord, folder: Path) -> None:
        """The record and the report are written."""

    def pytest_gatecert_says(self, line: str) -> None:
        """Something a user waits for, such as an installation."""


class Controller:
    """Drives a :class:`Conductor` through a pytest session; absent in xdist's workers.

    A conductor that has been started already (by the command line) is taken as it is.
    """

    def __init__(self, conductor: Conductor) -> None:
        self.conductor = conductor
        self._config: pytest.Config
        self._collected = False

    def pytest_configure(self, config: pytest.Config) -> None:
        """Remember the config."""
        self._config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Start the services before anything is collected and before xdist starts its workers."""
        most, workers = self.conductor.options.max_requests, self._workers or 1
        if most < workers:
            pytest.exit(
                f"--max-requests {most} leaves nothing for some of {workers} workers; raise it, or "
                "take fewer with -n",
                returncode=EXIT_USAGE,
            )
        if not self.conductor.started:
            try:
                self.conductor.start(self._say)
            except GatecertError as exc:
                if isinstance(exc, RunError):
                    get = self._config.getoption
                    self.conductor.could_not_start(str(exc), get("keyword"), get("markexpr"))
                pytest.exit(str(exc), returncode=exc.exit_code)
        self._config.stash[SHARED] = self.conductor.shared(workers)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand the services' addresses to an xdist worker."""
        node.workerinput["gatecert"] = self._config.stash[SHARED].packed()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Learn the selection from the first worker that has collected."""
        if not self.conductor.selected:
            by_node = {r.node: r.id for r in self.conductor.catalogue}
            self._select([by_node[n] for i in ids if (n := short_node(i)) in by_node])

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self) -> None:
        """Reached only if the expressions of ``-k`` and ``-m`` could be read."""
        self._collected = True

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without xdist the selection is known here."""
        if self._collected and not self._workers:
            stated = [i.stash[REQUIREMENT] for i in session.items if REQUIREMENT in i.stash]
            self._select([one.id for one in stated])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a result as soon as it is there."""
        raw = getattr(report, "gatecert", None)
        if raw is not None:
            result = result_from_json(json.loads(raw))
            self.conductor.record(result)
            self._config.hook.pytest_gatecert_result(result=result)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note it at once: a second Ctrl-C may come before the session is finished."""
        if excinfo.errisinstance(KeyboardInterrupt):
            self.conductor.broke_off("interrupted", "the run was interrupted")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Stop the services and write the record, however the session ended."""
        conductor = self.conductor
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            conductor.broke_off("interrupted", "the run was interrupted")
        elif exitstatus == pytest.ExitCode.INTERNAL_ERROR:
            conductor.broke_off("stopped", "pytest met an internal error")
        record = conductor.finish()
        if record is not None:
            self._config.hook.pytest_gatecert_finished(record=record, folder=conductor.folder)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say where the report is."""
        report = self.conductor.folder / "index.html"
        if report.exists():
            terminalreporter.write_line(f"gatecert report: {report}")

    @property
    def _workers(self) -> int:
        return len(getattr(self._config.option, "tx", None) or [])

    def _select(self, identifiers: list[str]) -> None:
        if not identifiers:
            return
        get = self._config.getoption
        self.conductor.select(identifiers, get("keyword", ""), get("markexpr", ""))
        announced = self.conductor.announced()
        if announced is not None:
            self._say(_announcement(announced, self._workers, self.conductor.target))
        self._config.hook.pytest_gatecert_started(
            target=self.conductor.target, identifiers=identifiers
        )

    def _say(self, line: str) -> None:
        self._config.hook.pytest_gatecert_says(line=line)
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:  # with pytest's own terminal nobody else tells it
            terminal.ensure_newline()
            terminal.write_line(one_line(line))


def _announcement(limits: Mapping[str, Any], workers: int, target: Target) -> str:
    """What the run may cost at a live provider, in one line."""
    divided = f", divided among {workers} workers" if workers > 1 else ""
    cheapest = " (the background model, for no chat model is configured)"
    return (
        f"live provider: at most {limits['requests']:,} requests and {limits['tokens']:,} tokens, "
        f"input and output together{divided}; {limits['output_tokens']} output tokens for a turn; "
        f"model {limits['model']}{cheapest if target.turn_model else ''}"
    )


def short_node(nodeid: str) -> str:
    """``area/test_file.py::test_name`` of a node id, wherever the suites lie."""
    return "/".join(nodeid.split("/")[-2:])
