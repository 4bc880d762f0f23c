"""The ``gatecert`` command."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from gatecert.cli.telling import tell, tell_fault
from gatecert.errors import EXIT_RUN_INVALID, EXIT_USAGE, GatecertError, UsageError

__all__ = ["main"]

_SAME_WISH_S = 1.0
_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    0 conformant, 1 not conformant, 2 wrong usage or settings, 3 no valid run.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a gateway's words, and our own dots, on a terminal that knows ASCII only
            stream.reconfigure(errors="backslashreplace")
    interrupt = _Interrupt()
    interrupt.catch()
    try:
        return _guarded(argv)
    finally:
        if interrupt.came:  # one more must not change the exit code
            interrupt.ignore()


def _guarded(argv: Sequence[str] | None) -> int:
    """The exit code, whatever happens; what went wrong is told in one line."""
    try:
        return _run(argv)
    except GatecertError as exc:
        tell(str(exc))
        return exc.exit_code
    except KeyboardInterrupt:
        tell("interrupted")
        return EXIT_RUN_INVALID
    except BrokenPipeError:  # the reader of our output has left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_RUN_INVALID
    except OSError as exc:
        if exc.errno in _DISK_IS_FULL:
            tell(f"cannot write: {exc.strerror}")
        else:
            tell_fault(exc)
        return EXIT_RUN_INVALID
    except Exception as exc:  # whatever it is, it is no verdict on a gateway
        tell_fault(exc)
        return EXIT_RUN_INVALID


def _run(argv: Sequence[str] | None) -> int:
    if sys.flags.optimize > 1:
        raise UsageError("PYTHONOPTIMIZE=2 strips docstrings, which state the requirements")
    # late, so that a Ctrl-C meets our own handling
    from gatecert.cli.parser import build_parser  # noqa: PLC0415

    parser = build_parser()
    arguments = parser.parse_args(argv)
    if not hasattr(arguments, "command"):
        parser.print_help()
        return EXIT_USAGE
    code: int = arguments.command(arguments)
    return code


class _Interrupt:
    """Lets SIGTERM and a closed terminal end a run as Ctrl-C does: with a partial record.

    Signals that follow within a second express the same wish.
    """

    def __init__(self) -> None:
        self.came = False
        self._again_at = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now >= self._again_at:
            self.came, self._again_at = True, now + _SAME_WISH_S
            raise KeyboardInterrupt

    def catch(self) -> None:
        """Take the signals, but for those that are ignored (as under nohup)."""
        for number in _ours():
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self)

    def ignore(self) -> None:
        """Ignore them for good."""
        for number in _ours():
            # in two steps: one that has just arrived must find a handler to call
            signal.signal(number, lambda number, frame: None)
            signal.signal(number, signal.SIG_IGN)


def _ours() -> Sequence[signal.Signals]:
    names = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is not everywhere
    in_main = threading.current_thread() is threading.main_thread()
    return [getattr(signal, name) for name in names if in_main and hasattr(signal, name)]
