"""Where suites and fixtures lie: in the wheel below the package, in a checkout beside it."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def suites_folder() -> Path:
    """The folder of the conformance suites."""
    return _data("suites")


def fixtures_folder() -> Path:
    """The folder of target files, known deviations and captures."""
    return _data("fixtures")


def _data(name: str) -> Path:
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parents[1] / name
