"""The answer to the one question: is this gateway fit for Claude Desktop?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gatecert.record import RunRecord
from gatecert.report.provisional import broken_provisional, counts_from
from gatecert.report.words import count, state_words

Tone = Literal["fit", "unfit", "incomplete"]


@dataclass(frozen=True)
class Headline:
    """The verdict on the gateway, and sentences that qualify it."""

    tone: Tone
    title: str
    notes: Sequence[str]


def headline(record: RunRecord) -> Headline:
    """The verdict on the gateway. What is proven broken counts even if the run is incomplete."""
    missing = gaps(record)
    tally = _tally(record)
    if record.broken_musts:
        further = [f"The run is also incomplete: {'; '.join(missing)}."] if missing else []
        return Headline("unfit", _unfit(record), [*tally, *further])
    if missing:
        judged = _none_broken(record) if record.judged else "Nothing was judged."
        title, notes = f"Incomplete: {missing[0]}", [f"Also, {gap}." for gap in missing[1:]]
        return Headline("incomplete", title, [judged, *_detail(record), *notes, *tally])
    return Headline("fit", *_fit(record, tally))


def gaps(record: RunRecord) -> list[str]:
    """Why the run does not carry a certificate, as sentence parts; empty if it is complete."""
    found = []
    if record.state != "finished":
        found.append(state_words(record.state))
    if record.not_verified:
        found.append(f"{count(len(record.not_verified), 'requirement')} could not be verified")
    if not record.whole_catalogue:
        whole = record.catalogue["requirements"]
        found.append(f"only {record.selected} of {whole} requirements were selected")
    if not record.judged and not found:
        found.append("no requirement was judged")
    return found


def _unfit(record: RunRecord) -> str:
    failed = [r for r in record.broken_musts if r.verdict == "fail"]
    if failed:
        return f"Not fit: {count(len(failed), 'requirement')} broken"
    return f"Not fit: {_deviations(len(record.broken_musts))}"


def _fit(record: RunRecord, tally: Sequence[str]) -> tuple[str, Sequence[str]]:
    new = len(broken_provisional(record))
    if not new:
        return "Fit for Claude Desktop", ["Every MUST that applies holds.", *tally]
    title = f"Fit for Claude Desktop, but {count(new, 'provisional requirement')} broken"
    return title, ["Every MUST that counts already holds.", *tally]


def _none_broken(record: RunRecord) -> str:
    counting = " that counts already" if broken_provisional(record) else ""
    return f"No MUST{counting} was found broken."


def _detail(record: RunRecord) -> list[str]:
    detail = record.state_detail.strip()
    if detail in ("", state_words(record.state)):
        return []
    return [f"{detail[:1].upper()}{detail[1:]}."]


def _tally(record: RunRecord) -> list[str]:
    if not record.results:
        return []
    notes = [*_provisional(record), _holding(record), *_known(record)]
    warned = sum(r.verdict == "warn" and r.level != "MUST" for r in record.results)
    fixed = record.summary["verdicts"].get("fixed", 0)
    if warned:
        notes.append(f"{count(warned, 'recommendation')} (SHOULD) not met.")
    if fixed:
        gone = "is gone: remove it" if fixed == 1 else "are gone: remove them"
        notes.append(f"{count(fixed, 'recorded deviation')} {gone} from the file.")
    return notes


def _provisional(record: RunRecord) -> list[str]:
    new = len(broken_provisional(record))
    if not new:
        return []
    verb, they = ("is", "it") if new == 1 else ("are", "they")
    sentence = f"{count(new, 'provisional requirement')} {verb} broken"
    return [f"{sentence}; {they} will fail from {counts_from(record)} on."]


def _holding(record: RunRecord) -> str:
    counts = record.summary["verdicts"]
    hold, apart = counts.get("pass", 0) + counts.get("fixed", 0), counts.get("not-applicable", 0)
    scope = "requirements" if record.whole_catalogue else "selected requirements"
    sentence = f"{hold} of {record.selected} {scope} hold"
    if not apart:
        return f"{sentence}."
    return f"{sentence}; {apart} {'does' if apart == 1 else 'do'} not apply to this gateway."


def _known(record: RunRecord) -> list[str]:
    known = [r for r in record.results if r.verdict == "known"]
    lesser = [r for r in known if r.level != "MUST"]
    failed = any(r.verdict == "fail" for r in record.results)
    if failed and known:
        return [f"{_deviations(len(known))}."]
    notes = ["There is no new failure."] if len(known) > len(lesser) else []
    if lesser:
        verb = "shows" if len(lesser) == 1 else "show"
        more = count(len(lesser), "recorded deviation")
        notes.append(f"{more} from a SHOULD or MAY still {verb}{' as well' if notes else ''}.")
    return notes


def _deviations(number: int) -> str:
    return f"{count(number, 'recorded deviation')} still {'shows' if number == 1 else 'show'}"
