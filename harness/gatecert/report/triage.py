"""What to do first, and what is not known: the record sorted by what it means for users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gatecert.record import Result, RunRecord
from gatecert.report.causes import (
    PATH_KEPT,
    asked_elsewhere,
    is_wrapped,
    most_basic,
    shared_answers,
    status_of,
)
from gatecert.report.provisional import waits
from gatecert.report.words import state_words
from gatecert.requirements import AREAS, WRAPPED

# by harm to a user: cannot connect, broken streams, lost turns, wrong answers, then the rest
_HARM = (
    "connection",
    "security",
    "auth",
    "streaming",
    "fallback",
    "messages",
    "errors",
    "passthrough",
    "urls",
    "metadata",
    "models",
    "overhead",
)
# one answer behind so many comes before everything else
_MANY = 4
# a stream of another form spoils whatever streams, in every area: then it is the cause
_FORM_OF_STREAMS = "STREAM-02"
_SPOILT_AREAS = 4
_SERVER_ERROR = 500
# of several changes in one area the one that says what all the others show
_TELLING = ("ERR-07", "MSG-36", "MSG-45", "STREAM-03")
_CHANGEABLE = ("fail", "warn", "known")
# a MUST that is still provisional comes before what is only recommended
_ORDER = ("fail", "provisional", "warn", "known")
_UNVERIFIED = ("could-not-run", "error")


@dataclass(frozen=True)
class Change:
    """One change to the gateway; ``also`` are further requirements that ask for the same one.

    With ``one_answer`` all of them fail with the same answer, which points to one cause.
    ``check_first`` says what may be wrong outside the gateway, or is empty. ``seen_as`` is the id
    of an earlier change of which the user sees the same, or empty.
    """

    result: Result
    also: Sequence[Result] = ()
    one_answer: bool = False
    check_first: str = ""
    seen_as: str = ""

    @property
    def todo(self) -> str:
        """What to do, in words."""
        return self.check_first or self.result.fix


@dataclass(frozen=True)
class Unverified:
    """A selected requirement without a judgement. ``result`` is None if it was never reached."""

    id: str
    why: str
    result: Result | None = None


def changes(record: RunRecord) -> list[Change]:
    """What to change, the most harmful first.

    Whatever fails with the same answer is one change; so is the same fix in the same area, and so
    are messages that came wrapped, whatever is around each.
    """
    deviations = [r for r in record.results if r.verdict in _CHANGEABLE]
    harm, answers = _harm(record), shared_answers(deviations)
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in sorted(deviations, key=harm):
        answer = answers.get(result.id, "")
        change = WRAPPED if is_wrapped(result.came) else result.fix
        groups.setdefault(("", answer) if answer else (result.area, change), []).append(result)

    spoilt = len({r.area for r in deviations if r.id not in answers}) >= _SPOILT_AREAS

    def rank(members: Sequence[Result]) -> tuple[int, bool, bool, int, bool, int]:
        verdict, area = min(map(harm, members))
        ids = [r.id for r in members]
        alone = len(members) < _MANY or ids[0] not in answers
        form = spoilt and _FORM_OF_STREAMS in ids
        telling = any(i in _TELLING for i in ids)
        return verdict, not form, alone, area, not telling, -len(members)

    ordered = sorted(groups.values(), key=rank)
    found = [_change(members, answers.get(members[0].id, ""), record) for members in ordered]
    told: dict[str, str] = {}
    return [replace(change, seen_as=_seen_as(change.result, told)) for change in found]


def _seen_as(result: Result, told: dict[str, str]) -> str:
    """Who had this user's line first, if not this result; ``told`` is by line, and grows."""
    seen = result.evidence.seen
    first = told.setdefault(seen.text, result.id) if seen else result.id
    return "" if first == result.id else first


def _change(members: Sequence[Result], answer: str, record: RunRecord) -> Change:
    worst = members[0]
    telling = (r for r in members if r.id in _TELLING and r.verdict == worst.verdict)
    first = most_basic(members, answer) if answer else next(telling, worst)
    also = [r for r in members if r is not first]
    first = _with_the_path(first, record)
    check_first = _check_first(first, record)
    if answer and not check_first:
        check_first = _look_up_first(first, members, status_of(answer))
    return Change(first, also, bool(answer), check_first)


def _look_up_first(first: Result, members: Sequence[Result], status: int) -> str:
    """Of one server error behind requirements of all sorts, no single advice says the cause."""
    areas = {r.area for r in members}
    if status < _SERVER_ERROR or len(areas) < _SPOILT_AREAS:
        return ""
    return (
        f"First find in the gateway's log why it answers HTTP {status}, with which {len(members)} "
        f"requirements of {len(areas)} areas fail. If the log does not tell: {first.fix}"
    )


def _with_the_path(result: Result, record: RunRecord) -> Result:
    """The result, whose advice is the path if the provider was asked for another one."""
    asked = asked_elsewhere(result.came) if record.target["provider"] == "scripted" else ""
    if not asked:
        return result
    fix = f"Send the path on as it came: the provider was asked for {asked}, where it has nothing."
    return replace(result, fix=fix, hints=PATH_KEPT)


def _check_first(result: Result, record: RunRecord) -> str:
    """Of a gateway that refuses the configured key, first ask whether the key is right."""
    status = status_of(result.came)
    if result.id != "AUTH-01" or status not in (401, 403) or record.target["kind"] != "external":
        return ""
    return (
        "Check first whether the environment variable that api_key_env (or --api-key-env) names "
        f"holds the right key: the gateway answers it with HTTP {status}. If it does, the gateway "
        "has to accept it under the scheme that the settings name."
    )


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
        decides = not failed and result.level == "MUST" and not waits(result)
        return (-1 if decides else _ORDER.index(_weight(result)), _place(_HARM, result.area))

    return rank


def _weight(result: Result) -> str:
    return "provisional" if waits(result) and result.verdict == "warn" else result.verdict


def _place(order: Sequence[str], name: str) -> int:
    return order.index(name) if name in order else len(order)
