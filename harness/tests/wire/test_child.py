from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gatecert.wire import Child, ChildError
from gatecert.wire import child as child_module

LIMIT_S = 10
ROOT = Path(child_module.__file__).parents[2]
IMPORT = "; from gatecert.wire import Child"
SERVE = """
child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
print(child.facts["url"])
child.stop()
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="waits on a pidfd, which is Linux's")

PARENT = """
import sys, time
from gatecert.wire import Child
child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
print(child.process.pid, child.facts["url"], flush=True)
time.sleep(60)
"""


def module(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> str:
    """A module of its own for a child to run."""
    (folder / "some_child.py").write_text(code)
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    return "some_child"


def port_of(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)


def wait_gone(pidfd: int) -> bool:
    """Whether a process ended within the limit; no polling."""
    ended, _, _ = select.select([pidfd], [], [], LIMIT_S)
    os.close(pidfd)
    return bool(ended)


def test_a_child_says_where_it_serves() -> None:
    child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
    with socket.create_connection(port_of(child.facts["url"]), timeout=LIMIT_S):
        assert child.alive
    child.stop()
    assert not child.alive


def test_a_child_ends_by_itself_when_its_parent_closes_stdin() -> None:
    child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
    assert child.process.stdin is not None
    child.process.stdin.close()
    assert child.process.wait(LIMIT_S) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(port_of(child.facts["url"]), timeout=LIMIT_S)
    child.stop()


@linux
def test_a_child_does_not_outlive_a_parent_that_was_killed() -> None:
    if sys.platform != "linux":  # for the type checker
        return
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        pid, url = parent.stdout.readline().split()
    pidfd = os.pidfd_open(int(pid))
    with socket.create_connection(port_of(url), timeout=LIMIT_S) as open_connection:
        parent.send_signal(signal.SIGKILL)
        assert parent.wait(LIMIT_S) == -signal.SIGKILL
        assert wait_gone(pidfd)
        assert open_connection.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(port_of(url), timeout=LIMIT_S)


def test_stopping_twice_is_once() -> None:
    child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
    child.stop()
    child.stop()
    assert child.process.poll() == 0


def test_the_configuration_goes_over_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import json, sys; print(json.dumps({'got': sys.stdin.readline(), 'argv': sys.argv[1:]}))"
    )
    name = module(tmp_path, monkeypatch, code)
    child = Child.python("a child", name, ["--flag"], config={"key": "s3cret"})
    assert child.facts == {"got": '{"key": "s3cret"}\n', "argv": ["--flag"]}
    assert isinstance(child.process, subprocess.Popen)
    assert "s3cret" not in str(child.process.args)
    child.stop()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", "a child ended with exit code 0 before it was ready"),
        ("raise SystemExit(3)", "a child ended with exit code 3 before it was ready"),
        ("import os; os.kill(os.getpid(), 9)", "a child was ended by SIGKILL before it was ready"),
        ("print('no JSON')", r"a child said 'no JSON\\n' and not where it is"),
        ("print('[1]')", r"a child said '\[1\]\\n' and not where it is"),
        (
            "import os, sys; os.close(1); sys.stdin.read()",
            "a child closed its output before it was ready",
        ),
    ],
)
def test_a_child_that_does_not_announce_itself_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    monkeypatch.setattr(child_module, "_EXIT_S", 0.5)
    name = module(tmp_path, monkeypatch, code)
    with pytest.raises(ChildError, match=rf"^{words}$") as caught:
        Child.python("a child", name)
    assert caught.value.facts == {}


def test_a_child_that_dies_is_quoted_with_its_last_words_and_not_with_older_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = module(tmp_path, monkeypatch, "import sys; sys.argv[1:] and 1 / 0")
    log = tmp_path / "child.log"
    with pytest.raises(ChildError, match=r"exit code 1 .*: ZeroDivisionError: .* \(log: .*\)$"):
        Child.python("a child", name, ["now"], log=log)
    with pytest.raises(ChildError, match=r"exit code 0 before it was ready$"):
        Child.python("a child", name, log=log)


def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ChildError, match=r"a child cannot be started: .*No such file"):
        Child.python("a child", "some_child", log=tmp_path / "none" / "child.log")


def test_a_child_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = module(tmp_path, monkeypatch, "import sys; sys.stdin.read()")
    with pytest.raises(ChildError, match=r"ready within 0\.2 s"):
        Child.python("a child", name, timeout_s=0.2)


def test_a_childs_own_words_are_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = module(tmp_path, monkeypatch, 'print(\'{"error": "no disk", "disk": 7}\')')
    with pytest.raises(ChildError, match=r"^no disk$") as caught:
        Child.python("a child", name)
    assert caught.value.facts["disk"] == 7


def ran(code: str, folder: Path, *arguments: str, **environment: str) -> str:
    """What a parent of its own, started in a folder, prints."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


def test_the_users_folder_does_not_shadow_what_a_child_imports(tmp_path: Path) -> None:
    for name in ("secrets", "signal", "h11"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('the wrong one')")
    # the parent has the folder on its path, as with `python -m`
    code = f"import sys; sys.path.remove(''){IMPORT}; sys.path.insert(0, ''){SERVE}"
    assert ran(code, tmp_path, PYTHONPATH=str(ROOT)).startswith("http://127.0.0.1:")


def test_a_child_finds_gatecert_in_the_folder_where_its_parent_did() -> None:
    code = f"import sys; sys.path = ['', *(p for p in sys.path if p != sys.argv[1])]{IMPORT}{SERVE}"
    assert ran(code, ROOT, str(ROOT)).startswith("http://127.0.0.1:")


def test_a_child_finds_what_only_the_parents_path_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import json, sys; print(json.dumps({'path': sys.path}))"
    (tmp_path / "lone_child.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    child = Child.python("a child", "lone_child")
    child.stop()
    path = child.facts["path"]
    assert path.index(os.__file__.rpartition(os.sep)[0]) < path.index(str(tmp_path))
    assert "" not in path


def test_standard_error_goes_to_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; print('a trace', file=sys.stderr); print('{}')"
    log = tmp_path / "child.log"
    child = Child.python("a child", module(tmp_path, monkeypatch, code), log=log)
    child.stop()
    assert log.read_text() == "a trace\n"


def test_a_child_is_no_target_of_the_terminals_interrupt() -> None:
    child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
    assert os.getsid(child.process.pid) != os.getsid(0)
    child.stop()
