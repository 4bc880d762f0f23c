from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from gatecert.realclients import process

ENV = {"PATH": "/usr/bin:/bin", "ONLY": "this"}


def run(
    code: str, folder: Path, stdin: Sequence[bytes | float] = (), limit_s: float = 20
) -> process.Ended:
    command = [sys.executable, "-c", code]
    return asyncio.run(process.run(command, env=ENV, folder=folder, stdin=stdin, limit_s=limit_s))


def test_a_client_gets_its_input_its_folder_and_nothing_of_ours(tmp_path: Path) -> None:
    code = "import os, sys; print(sys.stdin.read(), os.getcwd(), sorted(os.environ))"
    ended = run(code, tmp_path, [b"a", b"b"])
    assert ended.code == 0
    assert ended.output.startswith(f"ab {tmp_path} ['")
    assert "ONLY" in ended.output
    assert "HOME" not in ended.output


def test_a_client_that_fails_says_so(tmp_path: Path) -> None:
    assert run("raise SystemExit(3)", tmp_path).code == 3


def test_a_client_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        "open('pid', 'w').write(str(child.pid)); time.sleep(60)"
    )
    begin = time.monotonic()
    ended = run(code, tmp_path, limit_s=2)
    assert ended.code is None
    assert time.monotonic() - begin < 20
    pid = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not _alive(pid):
            return
        time.sleep(0.05)
    raise AssertionError("its child still runs")


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_on_a_terminal_keys_are_pressed_and_the_client_is_ended(tmp_path: Path) -> None:
    code = "import sys; print('tty', sys.stdin.isatty(), input(), flush=True); input()"
    command = [sys.executable, "-c", code]
    ended = asyncio.run(
        process.run_in_terminal(
            command, env=ENV, folder=tmp_path, stdin=[b"word\r", 1.5], limit_s=20, done=lambda: True
        )
    )
    assert ended.code is None
    assert "tty True word" in ended.output


def test_on_a_terminal_the_limit_holds_too(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "input()"]
    begin = time.monotonic()
    ended = asyncio.run(
        process.run_in_terminal(
            command, env=ENV, folder=tmp_path, stdin=[], limit_s=1, done=lambda: False
        )
    )
    assert ended.code is None
    assert time.monotonic() - begin < 15
