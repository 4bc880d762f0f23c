"""Good files are clean; each bad file holds one mistake, which its name tells, and that is named.

The codes' names, joined by ``+``, are the beginning of the name of the file or folder, up to the
first dot. A folder may hold a policy.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gatecert.desktop.config.config import Client
from gatecert.lint import CODES, Linted, Policy, at_least, lint, read_policy
from gatecert.session.paths import fixtures_folder

CONFIGS = fixtures_folder() / "config"
GOOD = sorted(path for path in (CONFIGS / "good").rglob("*") if path.is_file())
BAD = sorted((CONFIGS / "bad").iterdir())
CLIENTS = {"key-too-new": Client(version=(1, 13576, 0))}
# not of a file's bytes, and so no fixtures: see test_machine.py
OF_PERMISSIONS = {"readable-by-others", "unsafe-ownership"}


def mistakes(path: Path) -> set[str]:
    return set(path.name.partition(".")[0].split("+"))


@pytest.fixture
def run(tmp_path: Path) -> Linter:
    return Linter(tmp_path)


class Linter:
    """Lints a private copy, so that the modes of a checkout do not matter."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, path: Path) -> Linted:
        copy = self._folder / path.name
        if path.is_dir():
            shutil.copytree(path, copy)
        else:
            shutil.copy(path, copy)
        for each in [copy, *copy.rglob("*")]:
            each.chmod(0o700 if each.is_dir() else 0o600)
        policy = copy / "policy.toml"
        client = CLIENTS.get(path.name.partition(".")[0], Client())
        return lint([copy], client, read_policy(policy) if policy.exists() else Policy())


@pytest.mark.parametrize("path", GOOD, ids=lambda path: str(path.relative_to(CONFIGS)))
def test_good_files_are_clean(path: Path, run: Linter) -> None:
    if path.name == "policy.toml":
        return
    linted = run(path)
    assert [(f.code.name, f.message) for f in linted.findings] == []
    assert not linted.unreadable


def test_good_folders_are_clean(run: Linter) -> None:
    linted = run(CONFIGS / "good")
    assert [(f.code.name, f.path) for f in linted.findings] == []
    assert linted.files == len(GOOD) - 1  # the policy


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_each_planted_mistake_is_named(path: Path, run: Linter) -> None:
    linted = run(path)
    planted = mistakes(path)
    found = {finding.code.name for finding in at_least(linted.findings, "warning")}
    noted = {finding.code.name for finding in linted.findings}
    assert planted <= noted
    assert found <= planted
    assert not linted.unreadable


def test_every_code_has_a_bad_file() -> None:
    planted = {name for path in BAD for name in mistakes(path)}
    assert planted == set(CODES) - OF_PERMISSIONS
