"""Time as a sign-in needs it, so that no test has to wait."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells and passes time."""

    def now(self) -> float:
        """Seconds of the epoch."""

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Seconds of the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
