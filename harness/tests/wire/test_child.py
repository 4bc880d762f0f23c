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

LIMIT_S = 10
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
    assert child.process.returncode == 0


def test_the_configuration_goes_over_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import json, sys; print(json.dumps({'got': sys.stdin.readline(), 'argv': sys.argv[1:]}))"
    )
    name = module(tmp_path, monkeypatch, code)
    child = Child.python("a child", name, ["--flag"], config={"key": "s3cret"})
    assert child.facts == {"got": '{"key": "s3cret"}\n', "argv": ["--flag"]}
    assert "s3cret" not in str(child.process.args)
    child.stop()


@pytest.mark.parametrize("code", ["", "print('no JSON')", "raise SystemExit(3)"])
def test_a_child_that_says_nothing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    name = module(tmp_path, monkeypatch, code)
    with pytest.raises(ChildError, match="a child did not become ready"):
        Child.python("a child", name)


def test_a_child_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = module(tmp_path, monkeypatch, "import sys; sys.stdin.read()")
    with pytest.raises(ChildError, match=r"ready within 0\.2 s"):
        Child.python("a child", name, timeout_s=0.2)


def test_a_childs_own_words_are_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = module(tmp_path, monkeypatch, 'print(\'{"error": "no disk"}\')')
    with pytest.raises(ChildError, match=r"^no disk$"):
        Child.python("a child", name)


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
