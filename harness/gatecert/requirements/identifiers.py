"""Every identifier that was ever given out, and which of them are retired.

The file has one identifier a line, in the order of the catalogue. A requirement that is given up
leaves its line behind, as ``AUTH-07 retired in 0.3: what became of it``; nobody gets the identifier
again, because reports and known deviations in the world still mean the old requirement by it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

_LINE = re.compile(r"(?P<id>[A-Z]{2,8}-\d{2})(?: retired in (?P<release>\d+\.\d+): (?P<why>\S.*))?")


@dataclass(frozen=True)
class Retired:
    """When a requirement was given up, and what became of it."""

    release: str
    why: str


@dataclass(frozen=True)
class Identifiers:
    """The identifiers in use, in order, and the retired ones."""

    live: tuple[str, ...]
    retired: Mapping[str, Retired]

    def misuses(self, stated: Collection[str]) -> list[str]:
        """What is wrong between this list and the requirements that the suites state."""
        again = [one for one in stated if one in self.retired]
        unlisted = [one for one in stated if one not in self.retired and one not in self.live]
        lost = [one for one in self.live if one not in stated]
        return [
            *(f"{one} is retired and must not be used again" for one in again),
            *(f"{one} is not in the list of identifiers" for one in unlisted),
            *(f"{one} is listed and no requirement has it: retire it" for one in lost),
        ]


def parse_identifiers(text: str) -> Identifiers:
    """Read the list. Raises ValueError for a malformed line, or an identifier given twice."""
    live: list[str] = []
    retired: dict[str, Retired] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(
                f"line {number}: {line!r} is neither AREA-01 nor 'AREA-01 retired in 0.3: reason'"
            )
        if match["id"] in live or match["id"] in retired:
            raise ValueError(f"line {number}: {match['id']} is listed twice")
        if match["why"]:
            retired[match["id"]] = Retired(match["release"], match["why"])
        else:
            live.append(match["id"])
    return Identifiers(tuple(live), retired)
