from __future__ import annotations

import json
import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from gatecert.errors import RunError
from gatecert.gateways.managed import process as module
from gatecert.gateways.managed.listening import listening_addresses
from gatecert.gateways.managed.process import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
WAIT = "import sys; sys.stdin.read()"


def start(tmp_path: Path, code: str) -> ServerProcess:
    return ServerProcess.start("Thing 1", [sys.executable, "-c", code], tmp_path / "thing.log")


def test_it_is_ready_when_asked_long_enough(tmp_path: Path) -> None:
    server = start(tmp_path, WAIT)
    answers = iter([False, True])
    server.wait_ready(lambda: next(answers))
    assert server.alive
    server.stop()
    assert not server.alive


def test_a_server_that_dies_says_why(tmp_path: Path) -> None:
    trace = "Error: listen EADDRINUSE\\n    at emitErrorNT (x.js)\\n\\nNode.js v20.20.2"
    server = start(tmp_path, f"print('{trace}'); raise SystemExit(3)")
    with pytest.raises(RunError, match=r"Thing 1 ended with 3: Error: listen EADDRINUSE \(log"):
        server.wait_ready(lambda: False)
    server.stop()


def test_the_answer_of_another_does_not_make_a_dead_server_ready(tmp_path: Path) -> None:
    server = start(tmp_path, "pass")
    server.process.wait()
    with pytest.raises(RunError, match=r"ended with 0: it said nothing \(log: .*thing\.log\)"):
        server.wait_ready(lambda: True)
    server.stop()


def test_a_server_that_takes_too_long_is_refused(tmp_path: Path) -> None:
    server = start(tmp_path, f"print('one\\n\\ntwo', flush=True); {WAIT}")
    with pytest.raises(RunError, match=r"was not ready after 0\.3 s: (two|it said nothing)"):
        server.wait_ready(lambda: False, limit_s=0.3)
    server.stop()


def test_a_command_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Thing 1 cannot be started"):
        ServerProcess.start("Thing 1", [str(tmp_path / "absent")], tmp_path / "thing.log")


def test_a_deaf_server_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STOP_S", 0.3)
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True)"
    server = start(tmp_path, f"{deaf}; time.sleep(60)")
    server.wait_ready(lambda: "deaf" in server.log.read_text())
    server.stop()
    assert server.process.returncode == -9
    server.stop()


def test_no_secret_and_no_setting_of_ours_reaches_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUSTED_CUSTOM_HOSTS", "elsewhere")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    monkeypatch.setenv("NODE_OPTIONS", "--inspect")
    server = start(tmp_path, "import json, os; print(json.dumps(dict(os.environ)))")
    server.process.wait()
    seen = json.loads(server.log.read_text())
    assert seen["PATH"] == os.environ["PATH"]
    assert not {"TRUSTED_CUSTOM_HOSTS", "ANTHROPIC_API_KEY", "NODE_OPTIONS"} & set(seen)
    server.stop()


@linux
def test_every_listening_socket_is_seen() -> None:
    before = listening_addresses(os.getpid())
    assert before is not None
    with socket.create_server(("127.0.0.1", 0)) as one, socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        now = listening_addresses(os.getpid())
        assert now is not None
        assert sorted(now) == sorted([*before, one.getsockname()])


@linux
def test_a_listening_ipv6_socket_is_seen() -> None:
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    with server:
        assert server.getsockname()[:2] in (listening_addresses(os.getpid()) or [])


@linux
def test_a_process_that_is_gone_cannot_be_seen(tmp_path: Path) -> None:
    server = start(tmp_path, "pass")
    server.process.wait()
    server.stop()
    assert listening_addresses(server.pid) is None
