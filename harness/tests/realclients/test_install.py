from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path

import pytest

from gatecert.errors import RunError
from gatecert.realclients import install as installing
from gatecert.realclients.clients import Client, chosen
from gatecert.realclients.install import Installed, engine_program, install

NPM = """#!/bin/sh
echo "$@" >> "{log}"
case "$1" in
  view) echo 9.8.7 ;;
  install) echo '{{"lockfileVersion": 3}}' > package-lock.json ;;
  ci) mkdir -p node_modules/x ;;
esac
"""
PIP_INDEX = 'import sys; print("anthropic (3.2.1)\\nAvailable versions: 3.2.1, 3.2.0")'


def client(word: str) -> Client:
    return chosen([word])[0]


@pytest.fixture
def npm_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pretended npm and node on the path, an empty cache, and what npm was asked."""
    log, tools = tmp_path / "asked", tmp_path / "bin"
    tools.mkdir()
    log.touch()
    for name, text in (("npm", NPM.format(log=log)), ("node", "#!/bin/sh\necho v20.1.0\n")):
        (tools / name).write_text(text, "utf-8")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("GATECERT_CACHE", str(tmp_path / "cache"))
    return log


def test_an_npm_client_is_locked_and_installed_once(npm_log: Path) -> None:
    first = install(client("claude-code@1.2.3"), print)
    assert install(client("claude-code@1.2.3"), print) == first
    asked = [line.split()[0] for line in npm_log.read_text("utf-8").splitlines()]
    assert asked == ["install", "ci"]
    assert "--ignore-scripts" in npm_log.read_text("utf-8")
    manifest = json.loads((first.folder / "package.json").read_text("utf-8"))
    assert manifest["dependencies"] == {"@anthropic-ai/claude-code": "1.2.3"}


def test_the_newest_version_is_the_registrys(npm_log: Path) -> None:
    (wanted,) = chosen(["anthropic-ts"], newest=True)
    assert install(wanted, print).client.version == "9.8.7"
    assert npm_log.read_text("utf-8").startswith("view @anthropic-ai/sdk version")


def test_the_newest_version_of_a_python_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "_pip", lambda verb: [sys.executable, "-c", PIP_INDEX, verb])
    (wanted,) = chosen(["anthropic-python"], newest=True)
    assert installing.resolved(wanted).version == "3.2.1"


def test_a_python_package_comes_into_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATECERT_CACHE", str(tmp_path))
    code = "import sys, pathlib; pathlib.Path(sys.argv[3], 'mod.py').write_text(sys.argv[4])"
    monkeypatch.setattr(installing, "_pip", lambda verb: [sys.executable, "-c", code, verb])
    found = install(client("anthropic-python@0.1.0"), print)
    assert (found.folder / "mod.py").read_text("utf-8") == "anthropic==0.1.0"
    assert found.folder.parent == tmp_path / "python"


def test_an_install_that_fails_leaves_nothing_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATECERT_CACHE", str(tmp_path))
    code = "raise SystemExit('ERROR: No matching distribution found')"
    monkeypatch.setattr(installing, "_pip", lambda verb: [sys.executable, "-c", code, verb])
    with pytest.raises(RunError, match=r"anthropic-python 0\.1\.0 cannot be installed: ERROR: No"):
        install(client("anthropic-python@0.1.0"), print)
    assert list((tmp_path / "python").iterdir()) == []


def test_what_is_no_version_is_not_handed_to_a_registry(npm_log: Path) -> None:
    with pytest.raises(RunError, match="is no version"):
        install(client("claude-code@file:/etc"), print)
    assert npm_log.read_text("utf-8") == ""


def test_a_client_without_a_program_for_this_machine(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no native program"):
        engine_program(Installed(client("claude-code@1.2.3"), tmp_path))


def test_the_native_program_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    folder = tmp_path / "node_modules" / "@anthropic-ai" / "claude-code-linux-arm64"
    folder.mkdir(parents=True)
    (folder / "claude").touch()
    installed = Installed(client("claude-code@1.2.3"), tmp_path)
    assert engine_program(installed) == folder / "claude"
