"""How a requirement fails: like a good colleague."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

# how it is told that the expected words came, with others before or behind them
WRAPPED = "around it"


@dataclass
class NotMet(AssertionError):
    """A requirement is not met.

    ``expected`` and ``came`` are sentences without a full stop. ``suspect`` is who is to blame as
    far as the evidence goes; ``hop`` where bytes changed on the way; ``silent`` says that the
    client was told nothing (a 200 although something was lost), which is worse than a refusal.
    """

    expected: str
    came: str
    suspect: str = "gateway"
    hop: str = ""
    silent: bool = False

    def __str__(self) -> str:
        return f"expected {self.expected}, got {self.came}"


class CannotJudge(Exception):
    """The promise is made, the means to test it are missing; ``code`` is from the closed list."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class NotApplicable(Exception):
    """The requirement does not apply to this target after all; ``sentence`` says why.

    ``code`` is from the closed list of reasons.
    """

    def __init__(self, sentence: str, code: str = "not-sent") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def expect(
    condition: object,
    expected: str,
    came: str,
    *,
    hop: str = "",
    silent: bool = False,
    suspect: str = "gateway",
) -> None:
    """Raise NotMet unless ``condition`` holds."""
    if not condition:
        fail(expected, came, hop=hop, silent=silent, suspect=suspect)


def fail(
    expected: str, came: str, *, hop: str = "", silent: bool = False, suspect: str = "gateway"
) -> NoReturn:
    """Raise NotMet."""
    raise NotMet(expected, came, suspect=suspect, hop=hop, silent=silent)
