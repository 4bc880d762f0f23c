from __future__ import annotations

import subprocess
import sys

import pytest

from gatecert.errors import RunError
from gatecert.realclients import namespace

CODE = (
    "import socket; from gatecert.realclients import namespace; namespace.enter(); "
    "s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname()); "
    "print([name for _, name in socket.if_nameindex()])"
)


def available() -> bool:
    try:
        namespace.check_available()
    except RunError:
        return False
    return True


def test_loopback_alone_is_accepted() -> None:
    namespace.check_loopback_only(["lo"])


def test_any_other_interface_is_refused_in_one_line() -> None:
    with pytest.raises(RunError, match=r"loopback only; here is also eth0; nothing was run$"):
        namespace.check_loopback_only(["lo", "eth0"])


def test_no_unshare_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RunError, match="util-linux"):
        namespace.check_available()


def test_a_refusal_of_the_system_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("sh", "-c", "echo unshare failed: Operation not permitted >&2; exit 1", "sh")
    monkeypatch.setattr(namespace, "COMMAND", words)
    with pytest.raises(RunError, match="Operation not permitted"):
        namespace.check_available()


@pytest.mark.skipif(not available(), reason="no network namespace can be had here")
def test_inside_there_is_loopback_and_it_is_up() -> None:
    command = [*namespace.COMMAND, sys.executable, "-c", CODE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout.strip(), done.returncode) == ("['lo']", 0), done.stderr
