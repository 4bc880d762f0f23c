"""What to do first, and what is not known: the record sorted by what it means for users."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gatecert.record import Result, RunRecord
from gatecert.report.words import state_words
from gatecert.requirements import AREAS

# by harm to a user: cannot connect, broken streams, lost turns, wrong answers, then the rest
_HARM = (
    "connection",
    "auth",
    "streaming",
    "fallback",
    "messages",
    "errors",
    "urls",
    "metadata",
    "models",
    "overhead",
)
# where many requirements fail with one answer, the most basic of them stands for all
_BASIC = ("AUTH-01", "URL-06", "CONN-02", "MODEL-05", "URL-01", "CONN-03")
_MANY = 4
_VARYING = re.compile(r"[0-9a-f]{8,}|\d+")
_CHANGEABLE = ("fail", "warn", "known")
_UNVERIFIED = ("could-not-run", "error")


@dataclass(frozen=True)
class Change:
    """One change to the gateway; ``also`` are further requirements that ask for the same one.

    With ``one_answer`` all of them fail with the same answer, which points to one cause.
    """

    result: Result
    also: Sequence[Result] = ()
    one_answer: bool = False


@dataclass(frozen=True)
class Unverified:
    """A selected requirement without a judgement. ``result`` is None if it was never reached."""

    id: str
    why: str
    result: Result | None = None


def changes(record: RunRecord) -> list[Change]:
    """What to change, the most harmful first.

    The same fix in the same area is one change; so is whatever fails with the same answer, where
    that is many.
    """
    groups: dict[tuple[str, str], list[Result]] = {}
    deviations = [r for r in record.results if r.verdict in _CHANGEABLE]
    common = Counter(_answer(r) for r in deviations)
    for result in sorted(deviations, key=_harm(record)):
        answer = _answer(result)
        shared = answer and common[answer] >= _MANY
        groups.setdefault(("", answer) if shared else (result.area, result.fix), []).append(result)
    found = [_change(members, one_answer=not area) for (area, _), members in groups.items()]
    return sorted(found, key=lambda change: not change.one_answer)


def _change(members: Sequence[Result], *, one_answer: bool) -> Change:
    if not one_answer:
        return Change(members[0], members[1:])
    first = min(members, key=lambda r: _place(_BASIC, r.id))
    return Change(first, [r for r in members if r is not first], one_answer=True)


def _answer(result: Result) -> str:
    """What came, without what differs from request to request."""
    return _VARYING.sub("0", result.came)


def unverified(record: RunRecord) -> list[Unverified]:
    """What was selected and not judged, each with the reason."""
    by_id = {r.id: r for r in record.results}
    without_answer = [r.id for r in record.results if r.verdict in _UNVERIFIED]
    never = f"not reached: {state_words(record.state)}"
    return [
        Unverified(i, by_id[i].reason if i in by_id else never, by_id.get(i))
        for i in dict.fromkeys([*without_answer, *record.not_verified])
    ]


def by_area(record: RunRecord) -> dict[str, list[Result]]:
    """The results by area, areas in the catalogue's order and results in the record's."""
    found: dict[str, list[Result]] = {}
    for result in sorted(record.results, key=lambda r: _place(AREAS, r.area)):
        found.setdefault(result.area, []).append(result)
    return found


def _harm(record: RunRecord) -> Callable[[Result], tuple[int, int]]:
    failed = any(r.verdict == "fail" for r in record.broken_musts)

    def rank(result: Result) -> tuple[int, int]:
        # without a failure, recorded deviations from a MUST are what makes the gateway unfit
        decides = not failed and result.level == "MUST"
        return (-1 if decides else _CHANGEABLE.index(result.verdict), _place(_HARM, result.area))

    return rank


def _place(order: Sequence[str], name: str) -> int:
    return order.index(name) if name in order else len(order)
