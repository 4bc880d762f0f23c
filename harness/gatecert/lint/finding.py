"""What a code is, and what a finding is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gatecert.desktop.config.placed import NOWHERE, Place

SEVERITIES = ("note", "warning", "error")
SURENESS = ("documented", "observed", "reported", "inferred")


@dataclass(frozen=True)
class Code:
    """One kind of mistake. Identifier and name never change and are never used again.

    ``severity`` is ``error`` (Claude Desktop will not work, or not as meant), ``warning`` (it
    works for some, or by luck) or ``note``. ``does`` is what the client does about it, ``fix``
    what to do, ``example`` a line that has the mistake. ``sureness`` is that of the fact behind it.
    """

    id: str
    name: str
    severity: str
    title: str
    does: str
    fix: str
    example: str
    sureness: str = "documented"


@dataclass(frozen=True)
class Finding:
    """A mistake in a file: what the client will do about it, and the fix. It holds no secret."""

    code: Code
    path: str
    key: str
    message: str
    fix: str
    place: Place = NOWHERE
    severity: str = ""

    @property
    def weight(self) -> str:
        """The severity here, which for a few codes depends on the circumstances."""
        return self.severity or self.code.severity

    @property
    def order(self) -> tuple[str, int, int, str, str, str]:
        """By file and place."""
        place = self.place
        return self.path, place.line, place.column, self.code.id, self.key, self.message


def at_least(findings: Iterable[Finding], severity: str) -> list[Finding]:
    """The findings of this severity or above."""
    least = SEVERITIES.index(severity)
    return [f for f in findings if SEVERITIES.index(f.weight) >= least]
