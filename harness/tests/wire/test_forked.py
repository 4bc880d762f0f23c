"""Children that are forks; each test in a process of its own, since pytest's may have threads."""

from __future__ import annotations

import os
import select
import subprocess
import sys

import pytest

from gatecert.wire.child import Child

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")

PARENT = """
import os, socket, sys
from pathlib import Path
from gatecert.wire import Child, ChildError
from gatecert.wire.child import fork_children
fork_children()
"""
START = """
child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
url = child.facts["url"]
address = (url.split("/")[2].split(":")[0], int(url.rsplit(":", 1)[1]))
"""


def ran(code: str) -> list[str]:
    """The lines that such a parent prints, and its last words."""
    done = subprocess.run(
        [sys.executable, "-c", PARENT + code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return (done.stdout + done.stderr).splitlines()


def test_a_fork_serves_until_it_is_stopped() -> None:
    code = (
        START
        + """
socket.create_connection(address, timeout=5).close()
print(child.alive, child.process.pid != os.getpid(), os.getsid(child.process.pid) == os.getsid(0))
child.stop()
print(child.alive, child.process.wait(1))
"""
    )
    assert ran(code) == ["True True False", "False 0"]


@pytest.mark.skipif(sys.platform != "linux", reason="waits on a pidfd, which is Linux's")
def test_a_fork_ends_when_its_parent_is_gone() -> None:
    (pid,) = ran(START + "print(child.process.pid, flush=True); os._exit(0)")
    if sys.platform != "linux":  # for the type checker
        return
    try:
        pidfd = os.pidfd_open(int(pid))
    except ProcessLookupError:
        return
    ended, _, _ = select.select([pidfd], [], [], 10)
    os.close(pidfd)
    assert ended


def test_a_forks_last_words_are_told() -> None:
    (line,) = ran(
        """
try:
    Child.python("provider", "gatecert.upstream", ["nonsense"], log=Path(os.devnull))
except ChildError as exc:
    print(str(exc))
"""
    )
    assert line == "provider ended with exit code 1 before it was ready"


def test_a_fork_that_does_not_end_is_killed() -> None:
    code = (
        START
        + """
import signal, time
os.kill(child.process.pid, signal.SIGSTOP)
child.stop()
print(child.process.poll())
"""
    )
    assert ran(code) == ["-9"]


def test_whoever_does_not_ask_for_it_gets_a_new_interpreter() -> None:
    child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
    child.stop()
    assert isinstance(child.process, subprocess.Popen)
