"""pytest as we start it ourselves, apart from whatever set-up of pytest the user's folder has."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from gatecert.session.conductor import Conductor
from gatecert.session.control import Controller
from gatecert.session.paths import suites_folder


def run_suites(
    conductor: Conductor,
    plugins: Sequence[object] = (),
    keyword: str = "",
    marker: str = "",
    files: Sequence[str] = (),
) -> int:
    """Judge what the expressions select, in this process; returns pytest's exit code.

    ``files`` are those of the suites that are looked through, by their paths in there; else all.
    """
    selection = ["-k", keyword] if keyword else []
    selection += ["-m", marker] if marker else []
    return _pytest(selection, [*plugins, Controller(conductor)], files)


def import_suites() -> None:
    """Import the suites and all that judging needs, so that forks of this process need not."""
    _pytest(["--collect-only"], [])


class _PlainTracebacks:
    """pytest's own style parses the whole file for each failure, and nobody would see it."""

    def pytest_configure(self, config: pytest.Config) -> None:
        config.option.tbstyle = "native"


def _pytest(arguments: Sequence[str], plugins: Sequence[object], files: Sequence[str] = ()) -> int:
    suites = suites_folder()
    command = [
        *([str(suites / file) for file in files] or [str(suites)]),
        f"--rootdir={suites}",
        f"--confcutdir={suites}",
        "--import-mode=importlib",
        *("-c", os.devnull),
        *("-p", "no:terminal"),
        *("-p", "no:cacheprovider"),
        *("-p", "no:logging"),
        *("-p", "gatecert.pytest_plugin"),
        *arguments,
    ]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    return int(pytest.main(command, plugins=[_PlainTracebacks(), *plugins]))
