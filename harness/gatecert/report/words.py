"""The words and symbols that all outputs share. No verdict is told by colour alone."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from gatecert.requirements import VERDICTS

SYMBOLS: Mapping[str, str] = {
    "pass": "✓",
    "fail": "✗",
    "warn": "!",
    "info": "i",
    "not-applicable": "–",
    "could-not-run": "?",
    "known": "≠",
    "fixed": "+",
    "error": "⚠",
}
# broken things first, as a reader looks for them
VERDICT_ORDER: Sequence[str] = (
    "fail",
    "error",
    "could-not-run",
    "warn",
    "known",
    "fixed",
    "info",
    "pass",
    "not-applicable",
)
_STATES: Mapping[str, str] = {
    "interrupted": "the run was interrupted",
    "stopped": "the run stopped early",
    "gateway-lost": "the gateway stopped answering",
    "provider-lost": "the scripted provider stopped answering",
    "untrusted": "the client trusts no connection to the gateway, so TLS alone was judged",
    "not-started": "the run could not start",
    "broken-off": "the run was broken off",
}


def verdict_label(verdict: str) -> str:
    """The verdict in words, without hyphens."""
    return verdict.replace("-", " ")


def area_label(area: str) -> str:
    """The area as a heading."""
    return {"urls": "URLs"}.get(area, area.capitalize())


def verdict_meaning(verdict: str) -> str:
    """What the verdict means, as a sentence part; empty for one that is not known."""
    return {str(name): words for name, words in VERDICTS.items()}.get(verdict, "")


def symbol(verdict: str) -> str:
    """One character for the verdict."""
    return SYMBOLS.get(verdict, "·")


def in_order(verdicts: Sequence[str]) -> list[str]:
    """Each verdict once, broken things first; names that are not known come last."""
    rank = {verdict: place for place, verdict in enumerate(VERDICT_ORDER)}
    return sorted(dict.fromkeys(verdicts), key=lambda v: rank.get(v, len(rank)))


def state_words(state: str) -> str:
    """Why a run did not finish, as a sentence part."""
    return _STATES.get(state, f"the run ended as {state!r}")


def count(number: int, one: str, many: str = "") -> str:
    """``1 requirement`` or ``2 requirements``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def some(names: Sequence[str], most: int) -> str:
    """The names, of many only the first ones and how many more there are."""
    further = len(names) - most
    shown = ", ".join(names[:most])
    return f"{shown} and {further} more" if further > 0 else shown


def duration(ms: float) -> str:
    """A duration given in ms, for a reader."""
    if ms < 1000:
        return f"{ms:.0f} ms"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes} min {seconds} s"


def moment(iso: str) -> str:
    """An ISO 8601 time in UTC for a reader; anything else as it stands."""
    try:
        at = datetime.datetime.fromisoformat(iso)
        if at.tzinfo is None:
            return iso
        return f"{at.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError):  # OverflowError: in the year 0 or 10,000 by UTC
        return iso


def number(value: object) -> str:
    """A measured value: floats with two decimals, everything else as text."""
    return f"{value:.2f}" if isinstance(value, float) else str(value)
