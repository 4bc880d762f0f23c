from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gatecert.desktop.credentials import CredentialError, run_helper

Script = Callable[[str], str]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Writes an executable shell script and gives its path."""

    def write(body: str) -> str:
        path = tmp_path / "helper"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return str(path)

    return write


class Jumping:
    """A clock that goes on by so many seconds each time it is read."""

    def __init__(self, step: float) -> None:
        self.time = 0.0
        self.step = step

    def __call__(self) -> float:
        self.time += self.step
        return self.time


def failure(path: str, timeout_s: float = 10, now: Callable[[], float] = time.monotonic) -> str:
    with pytest.raises(CredentialError) as caught:
        run_helper(path, {}, timeout_s, now)
    return caught.value.reason


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def gone(pid: int) -> bool:
    for _ in range(200):
        if not is_alive(pid):
            return True
        time.sleep(0.01)
    return False


def test_stdout_and_stderr_are_kept_apart(script: Script) -> None:
    printed = run_helper(script("echo token; echo careful >&2"), {}, 10)
    assert (printed.stdout, printed.stderr) == (b"token\n", b"careful\n")
    assert "token" not in repr(printed)


def test_the_helper_gets_no_arguments_and_its_environment(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME_KEPT", "kept")
    path = script('echo "$#,$CLAUDE_HELPER_CONTEXT,$HOME_KEPT"')
    printed = run_helper(path, {"CLAUDE_HELPER_CONTEXT": "background"}, 10)
    assert printed.stdout == b"0,background,kept\n"


def test_the_helper_gets_none_of_our_input(script: Script) -> None:
    ours, end = os.pipe()
    os.write(end, b"typed by the user")
    os.close(end)
    kept = os.dup(0)
    os.dup2(ours, 0)
    try:
        assert run_helper(script("cat"), {}, 10).stdout == b""
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(ours)


def test_an_exit_code_other_than_0_is_a_failure_whatever_was_printed(script: Script) -> None:
    assert failure(script("echo token; exit 3")) == "non-zero-exit"
    assert failure(script("kill -9 $$")) == "non-zero-exit"
    with pytest.raises(CredentialError, match="was ended by signal 9"):
        run_helper(script("kill -9 $$"), {}, 10)


def test_what_cannot_be_started_is_told(tmp_path: Path) -> None:
    assert failure(str(tmp_path / "not-there")) == "spawn-failed"
    plain = tmp_path / "plain"
    plain.write_text("echo token\n")
    assert failure(str(plain)) == "spawn-failed"
    plain.chmod(0o755)  # no #! line, so no program
    assert failure(str(plain)) == "spawn-failed"
    assert failure("/bin/\0") == "spawn-failed"
    assert failure("/bin/\ud800") == "spawn-failed"


def test_a_path_is_no_command_line(script: Script) -> None:
    assert failure(script("echo token") + " --flag") == "spawn-failed"
    assert failure(script("echo token") + "; true") == "spawn-failed"


def test_one_that_hangs_is_killed_with_its_children(script: Script, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    path = script(f"sleep 60 & echo $! > {pids}; echo $$ >> {pids}; echo token; sleep 60")

    def now() -> float:
        return 0.0 if not pids.exists() or pids.read_text().count("\n") < 2 else 61.0

    assert failure(path, 60, now) == "timed-out"
    assert all(gone(int(pid)) for pid in pids.read_text().split())


def test_the_deadline_is_the_timeout(script: Script) -> None:
    clock = Jumping(10)
    assert failure(script("exec sleep 60"), 25, clock) == "timed-out"
    assert clock.time == 40  # begun at 10, so over at 35
    assert run_helper(script("echo token"), {}, 1e9, Jumping(10)).stdout == b"token\n"


def test_a_child_that_keeps_the_pipe_open_delays_nothing(script: Script, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    began = time.monotonic()
    printed = run_helper(script(f"sleep 60 & echo $! > {pids}; echo token"), {}, 30)
    assert printed.stdout == b"token\n"
    assert time.monotonic() - began < 10
    assert gone(int(pids.read_text()))


@pytest.mark.parametrize("where", ["", " >&2"])
def test_output_without_end_is_cut(script: Script, where: str) -> None:
    assert failure(script(f"yes token{where}"), 30) == "unusable"


def test_much_output_is_read_whole(script: Script) -> None:
    body = "i=0; while [ $i -lt 1000 ]; do echo 012345678901234567890123456789; i=$((i+1)); done"
    assert len(run_helper(script(body), {}, 30).stdout) == 31_000
