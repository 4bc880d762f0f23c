from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from gatecert.errors import RunError
from gatecert.gateways.managed import npm

if TYPE_CHECKING:
    from pathlib import Path

LOCK = '{"lockfileVersion": 3}'
SPY = "import pathlib, sys; pathlib.Path('ran-with').write_text(' '.join(sys.argv[1:]))"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "package.json").write_text("{}")
    (folder / "package-lock.json").write_text(LOCK)
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATECERT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(folder: Path, name: str, code: str) -> None:
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{code}\n")
    path.chmod(0o755)


def node_and_npm(folder: Path, npm_code: str = SPY, node: str = "v20.1.0") -> None:
    program(folder, "node", f"print({node!r})")
    program(folder, "npm", npm_code)


def entries(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "npm").iterdir())


def test_the_folder_follows_the_lock_file(source: Path, cache: Path) -> None:
    before = npm.install_folder(source, "Portkey 1.15.2")
    assert before.parent == cache / "npm"
    assert before.name.startswith("portkey-1.15.2-")
    (source / "package.json").write_text('{"description": "no lock, no matter"}')
    assert npm.install_folder(source, "Portkey 1.15.2") == before
    (source / "package-lock.json").write_text(LOCK + "\n")
    assert npm.install_folder(source, "Portkey 1.15.2") != before


def test_it_installs_once_and_says_so(source: Path, cache: Path, programs: Path) -> None:
    node_and_npm(programs)
    said: list[str] = []
    folder = npm.install(source, "Thing 1", said.append)
    assert npm.install(source, "Thing 1", said.append) == folder
    assert said == [f"installing Thing 1 from npm into {folder} (once)"]
    assert entries(cache) == [folder.name]
    assert (folder / "package-lock.json").read_text() == LOCK
    flags = (folder / "ran-with").read_text()
    assert flags.startswith("ci --ignore-scripts --no-audit --no-fund")


def test_what_is_installed_needs_no_npm(source: Path, cache: Path, programs: Path) -> None:
    npm.install_folder(source, "Thing 1").mkdir(parents=True)
    said: list[str] = []
    npm.install(source, "Thing 1", said.append)
    assert said == []


def test_two_installs_at_once_end_in_one_folder(source: Path, cache: Path, programs: Path) -> None:
    both = "while len(list(pathlib.Path('..').iterdir())) < 2: pass"
    node_and_npm(programs, f"{SPY}\n{both}")
    with ThreadPoolExecutor(2) as pool:
        folders = set(pool.map(lambda _: npm.install(source, "Thing 1", print), range(2)))
    assert [folder.name for folder in folders] == entries(cache)


@pytest.mark.parametrize("missing", ["npm", "node"])
def test_a_missing_program_is_named(
    source: Path, cache: Path, programs: Path, missing: str
) -> None:
    node_and_npm(programs)
    (programs / missing).unlink()
    with pytest.raises(RunError) as caught:
        npm.install(source, "Thing 1", print)
    assert str(caught.value) == (
        f"Thing 1 needs {missing}, which is not on the PATH: "
        "install Node.js 18.18 or newer with npm"
    )


def test_an_empty_path_has_no_npm(
    source: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RunError, match=r"needs npm.*install Node\.js 18\.18 or newer"):
        npm.install(source, "Thing 1", print)


def test_an_old_node_is_refused(source: Path, cache: Path, programs: Path) -> None:
    node_and_npm(programs, node="v18.17.1")
    with pytest.raises(RunError, match=r"newer Node\.js than 'v18\.17\.1'"):
        npm.install(source, "Thing 1", print)


def test_a_failed_install_leaves_nothing_and_says_why(
    source: Path, cache: Path, programs: Path
) -> None:
    node_and_npm(programs, "raise SystemExit('npm error code E404\\nnpm error 404 Not Found')")
    with pytest.raises(RunError, match="npm could not install Thing 1: E404: 404 Not Found; it"):
        npm.install(source, "Thing 1", print)
    assert entries(cache) == []


def test_an_interrupted_install_leaves_nothing(
    source: Path, cache: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node_and_npm(programs)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(npm, "_npm_ci", interrupted)
    with pytest.raises(KeyboardInterrupt):
        npm.install(source, "Thing 1", print)
    assert entries(cache) == []


def test_what_a_killed_install_left_is_swept_up(source: Path, cache: Path, programs: Path) -> None:
    node_and_npm(programs)
    for name, age_s in ((".thing-1-old", 7200), (".thing-1-new", 60)):
        (cache / "npm" / name).mkdir(parents=True)
        then = time.time() - age_s
        os.utime(cache / "npm" / name, (then, then))
    folder = npm.install(source, "Thing 1", print)
    assert entries(cache) == [".thing-1-new", folder.name]


def test_a_cache_that_cannot_be_written_is_named(source: Path, cache: Path, programs: Path) -> None:
    node_and_npm(programs)
    cache.write_text("a file where a folder should be")
    with pytest.raises(RunError, match="GATECERT_CACHE") as caught:
        npm.install(source, "Thing 1", print)
    assert os.linesep not in str(caught.value)


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (
            "npm error code ECONNREFUSED\nnpm error syscall connect\nnpm error errno -111\n"
            "npm error FetchError: request to http://me:pa@ss@127.0.0.1:9/zod failed, reason: no\n"
            "npm error     at ClientRequest.<anonymous> (/x.js:130:14)\n"
            "npm error A complete log of this run can be found in: /root/.npm/_logs/x.log\n",
            "ECONNREFUSED: FetchError: request to http://***@127.0.0.1:9/zod failed, reason: no",
        ),
        ("npm ERR! code E401\nnpm ERR! Bad token Bearer abc", "E401: Bad token Bearer ***"),
        ("npm error invalid _authToken=npm_abc here", "invalid _authToken *** here"),
        ("Error: Cannot find module 'npm-cli'", "Error: Cannot find module 'npm-cli'"),
        ("", "npm exited with 7 and said nothing"),
    ],
)
def test_the_error_is_one_line_without_secrets(output: str, line: str) -> None:
    assert npm.one_line(output, 7) == line
