"""A foreign server in a process of ours: started, waited for, and stopped by its pid."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatecert.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# what a server needs to run at all; everything else could bend its behaviour or be a secret
_KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SYSTEMROOT", "TEMP", "USERPROFILE")
# a stack trace and the runtime's version come after the line that says why
_ERROR = re.compile(r"\w*Error\b")
_ASK_EVERY_S = 0.1
_READY_S = 20.0
_STOP_S = 3.0


@dataclass(frozen=True)
class ServerProcess:
    """A process that serves, and its log.

    We hold the other end of its standard input, so that it can see when we are gone.
    """

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, name: str, command: Sequence[str], log: Path) -> ServerProcess:
        """Start a command in a session of its own. Raises RunError if it cannot be started."""
        try:
            with log.open("ab") as output:
                process = subprocess.Popen(  # noqa: S603
                    command,
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=log.parent,
                    env={key: os.environ[key] for key in _KEPT if key in os.environ},
                    # a Ctrl-C in the terminal is for us, and we then stop it
                    start_new_session=True,
                )
        except OSError as exc:
            raise RunError(f"{name} cannot be started: {exc}") from None
        return cls(name, log, process)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def wait_ready(self, is_ready: Callable[[], bool], limit_s: float = _READY_S) -> None:
        """Ask ``is_ready`` until it says yes. Raises RunError if it dies or takes too long."""
        deadline = time.monotonic() + limit_s
        for _ in range(int(limit_s / _ASK_EVERY_S)):
            ready = is_ready()
            # after the question: another server may have answered for one that died
            if not self.alive:
                raise RunError(f"{self.name} ended with {self.process.returncode}: {self.said()}")
            if ready:
                return
            if time.monotonic() > deadline:
                break
            time.sleep(_ASK_EVERY_S)
        raise RunError(f"{self.name} was not ready after {limit_s:g} s: {self.said()}")

    def said(self) -> str:
        """The last line of its log, or the last that begins with an error's name."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        errors = [line for line in lines if _ERROR.match(line)]
        last = (errors or lines or ["it said nothing"])[-1]
        return f"{last[:300]} (log: {self.log})"

    def stop(self) -> None:
        """End exactly this process: ask first, then kill."""
        self.process.terminate()
        try:
            self.process.wait(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=_STOP_S)
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
