"""The ``gatecert`` command."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from gatecert.cli.parser import build_parser
from gatecert.errors import EXIT_RUN_INVALID, EXIT_USAGE, GatecertError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    0 conformant, 1 not conformant, 2 wrong usage or settings, 3 no valid run.
    """
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if not hasattr(arguments, "command"):
        parser.print_help()
        return EXIT_USAGE
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        code: int = arguments.command(arguments)
    except GatecertError as exc:
        print(f"gatecert: {exc}", file=sys.stderr)
        return exc.exit_code
    except KeyboardInterrupt:
        print("gatecert: interrupted", file=sys.stderr)
        return EXIT_RUN_INVALID
    except BrokenPipeError:  # the reader of our output has left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_RUN_INVALID
    return code


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    """Let SIGTERM end a run as Ctrl-C does: services stopped, partial record written."""
    raise KeyboardInterrupt
