"""A serving child as a fork of this process: what the parent has imported need not be read again.

Only for a process with a single thread and no event loop, as the kill table's rows are; see
:func:`gatecert.wire.child.fork_children`.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NoReturn

_POLL_S = 0.002
_MOST_FILES = 4096


class Forked:
    """The child, with the part of :class:`subprocess.Popen` that is needed of it."""

    def __init__(self, pid: int, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self.pid = pid
        self.stdin: IO[bytes] | None = stdin
        self.stdout: IO[bytes] | None = stdout
        self.returncode: int | None = None

    @classmethod
    def start(cls, module: str, arguments: Sequence[str], log: Path | None) -> Forked:
        """Run ``main(arguments)`` of a package's ``__main__`` in a fork. Raises OSError."""
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        error = os.open(log or os.devnull, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        pid = os.fork()
        if pid == 0:
            _serve(module, arguments, (theirs_in, theirs_out, error))
        for number in (theirs_in, theirs_out, error):
            os.close(number)
        return cls(pid, open(ours_in, "wb"), open(ours_out, "rb"))  # noqa: PTH123

    def poll(self) -> int | None:
        """The exit code, negative for a signal, or None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises subprocess.TimeoutExpired."""
        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0.0)
            time.sleep(_POLL_S)
        return code

    def kill(self) -> None:
        """End it at once."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def _serve(module: str, arguments: Sequence[str], streams: tuple[int, int, int]) -> NoReturn:
    """In the child: take the streams for our own, let go of the parent's files, and serve."""
    code = 1
    try:
        os.setsid()  # a Ctrl-C in the terminal is for the parent, which then ends its children
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
            signal.signal(ending, signal.SIG_DFL)
        signal.alarm(0)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(3, _MOST_FILES)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
        code = int(importlib.import_module(f"{module}.__main__").main(list(arguments)))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)  # nothing that the parent has registered for its end is ours
