"""How a command tells that something went wrong: in one line, on standard error."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

_DEBUG = "GATECERT_DEBUG"
_MOST_CHARACTERS = 300


def tell(words: str) -> None:
    """Say what went wrong; a gateway's words in it can neither colour, hide nor command."""
    # late, so that a fault of the imports is told as well
    from gatecert.report.visible import one_line  # noqa: PLC0415

    print(f"gatecert: {one_line(words)}", file=sys.stderr)


def tell_fault(exc: Exception) -> None:
    """Say that gatecert itself has a fault; with GATECERT_DEBUG set, the traceback comes first."""
    if debugging():
        traceback.print_exception(exc)
    frames = traceback.extract_tb(exc.__traceback__)
    place = f" at {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    tell(internal_error(f"{type(exc).__name__}: {exc}", place))


def internal_error(words: str, place: str = "") -> str:
    """The sentence on a fault of gatecert itself."""
    shortened = " ".join(words.split())[:_MOST_CHARACTERS]
    return f"internal error: {shortened}{place} (please report; set {_DEBUG}=1 for the traceback)"


def debugging() -> bool:
    """Whether tracebacks are wanted."""
    return bool(os.environ.get(_DEBUG))
