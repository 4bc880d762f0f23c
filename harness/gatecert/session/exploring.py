"""Properties: one requirement tried with many generated examples, told by the smallest failing one.

Hypothesis generates and shrinks. The count of examples bounds the work, so that a verdict does not
depend on the machine's speed; a time limit only stops what would never end.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Flaky
from hypothesis.strategies import SearchStrategy

from gatecert.requirements import CannotJudge, NotMet

T = TypeVar("T")
Explore = Callable[[SearchStrategy[Any], Callable[[Any], None]], None]

_PATIENCE_S = 60.0


@dataclass
class Exploration:
    """Tries one property. ``check`` raises :class:`NotMet` for an example that breaks it.

    ``replay`` is the command that tries the same examples again. ``tried`` counts the examples.
    ``clock`` gives seconds.
    """

    seed: int
    examples: int
    replay: str
    tried: int = 0
    clock: Callable[[], float] = time.monotonic
    _failed: dict[str, tuple[Any, NotMet]] = field(default_factory=dict)
    _broke_off: BaseException | None = None

    def __call__(self, strategy: SearchStrategy[T], check: Callable[[T], None]) -> None:
        """Raise :class:`NotMet` for the smallest failing example.

        Whatever else ``check`` raises ends the search at once. Raises :class:`CannotJudge` if the
        examples took more than a minute and none had failed by then.
        """
        deadline = self.clock() + _PATIENCE_S

        def attempt(example: T) -> None:
            self._attempt(example, check, deadline)

        with contextlib.suppress(NotMet, Flaky, _Stopped):
            seeded(self.seed)(self._settings()(given(strategy)(attempt)))()
        if self._broke_off is not None:
            raise self._broke_off
        if self._failed:
            self._tell(check)

    def _settings(self) -> settings:
        return settings(
            max_examples=self.examples,
            phases=(Phase.generate, Phase.shrink),
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )

    def _attempt(self, example: T, check: Callable[[T], None], deadline: float) -> None:
        key = repr(example)
        if self._broke_off is not None:
            raise _Stopped
        if key in self._failed:  # hypothesis tries a failing example more than once
            raise self._failed[key][1]
        if self.clock() > deadline:
            if self._failed:
                return  # enough of shrinking
            self._broke_off = CannotJudge(
                "out-of-time",
                f"only {self.tried} of {self.examples} examples were done within "
                f"{_PATIENCE_S:.0f} s; give fewer with --examples",
            )
            raise _Stopped
        self.tried += 1
        try:
            check(example)
        except NotMet as found:
            self._failed[key] = (example, found)
            raise
        except Exception as other:
            self._broke_off = other
            raise _Stopped from None

    def _tell(self, check: Callable[[Any], None]) -> None:
        """Try the smallest failing example once more, so that the evidence ends with it."""
        example, found = next(reversed(self._failed.values()))
        told, note = found, ""
        try:
            check(example)
        except NotMet as again:
            told = again
        else:
            note = ", though not when tried again"
        told.came = f"{told.came} (with {_short(example)}{note}; again: {self.replay})"
        raise told


class _Stopped(Exception):
    """Ends a search."""


def _short(example: Any) -> str:
    text = repr(example)
    return text if len(text) <= 300 else f"{text[:220]} … {text[-60:]}"
