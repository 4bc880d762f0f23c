"""The ``gatecert`` command."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from gatecert.errors import EXIT_RUN_INVALID, EXIT_USAGE, GatecertError, UsageError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    0 conformant, 1 not conformant, 2 wrong usage or settings, 3 no valid run.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a gateway's words, and our own dots, on a terminal that knows ASCII only
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(argv)
    except GatecertError as exc:
        print(f"gatecert: {exc}", file=sys.stderr)
        return exc.exit_code
    except KeyboardInterrupt:
        print("gatecert: interrupted", file=sys.stderr)
        return EXIT_RUN_INVALID
    except BrokenPipeError:  # the reader of our output has left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_RUN_INVALID
    except Exception as exc:  # whatever it is, it is no verdict on a gateway
        if os.environ.get("GATECERT_DEBUG"):
            raise
        place = traceback.extract_tb(exc.__traceback__)[-1]
        print(
            f"gatecert: internal error: {type(exc).__name__}: {' '.join(str(exc).split())[:300]} "
            f"({Path(place.filename).name}, line {place.lineno}); please report it "
            "(GATECERT_DEBUG=1 shows the traceback)",
            file=sys.stderr,
        )
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
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _as_interrupt)
    code: int = arguments.command(arguments)
    return code


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    """Let SIGTERM and a closed terminal end a run as Ctrl-C does: with a partial record."""
    raise KeyboardInterrupt
