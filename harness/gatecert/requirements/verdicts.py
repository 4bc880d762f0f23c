"""Verdicts, the closed list of their reasons, and the rules between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gatecert.requirements.model import Level

Verdict = Literal[
    "pass",
    "fail",
    "warn",
    "info",
    "not-applicable",
    "could-not-run",
    "known",
    "fixed",
    "error",
]
VERDICTS: dict[Verdict, str] = {
    "pass": "the requirement holds",
    "fail": "a MUST is broken",
    "warn": "a SHOULD, or a MUST that is still provisional, is broken",
    "info": "a MAY is not offered",
    "not-applicable": "the target makes no such promise",
    "could-not-run": "the promise is made, the means to test it are missing",
    "known": "a recorded deviation that still shows",
    "fixed": "a recorded deviation that is gone",
    "error": "the harness could not judge",
}
REASONS: dict[str, str] = {
    "held": "everything expected was seen",
    "deviates": "something else came than was expected",
    "deviates-silently": "something was lost or changed while the client was told all is well",
    "recorded-deviation": "the deviation is in the file of known deviations",
    "recorded-deviation-gone": "the file of known deviations names it, and it did not show",
    "no-promise": "the target does not promise this",
    "not-sent": "this client sends nothing of the kind to such a target",
    "no-means": "the target promises it and gives nothing to test it with",
    "gateway-cooling": "the gateway refuses every request since an earlier requirement",
    "untrusted": "the client trusts no connection to the gateway, so it sends nothing",
    "out-of-earshot": "the gateway is on another machine, where our listener cannot be called",
    "live-provider": "the provider cannot be scripted, so what it shall do cannot be set up",
    "measurement-invalid": "the measurement's own controls did not hold",
    "measurement-inconclusive": "the interval of the measurement contains the budget",
    "gateway-lost": "the gateway stopped answering during the run",
    "provider-lost": "the scripted provider stopped answering during the run",
    "out-of-time": "trying the examples of a property took too long",
    "request-cap": "the run had no requests left",
    "token-cap": "the run had no tokens left",
    "harness-fault": "a fault in gatecert itself",
}
SUSPECTS = ("gateway", "provider", "client-profile", "harness", "environment")


@dataclass(frozen=True)
class Judgement:
    """What was found for one requirement. ``sentence`` says it in words."""

    verdict: Verdict
    code: str
    sentence: str
    suspect: str = ""
    expected: str = ""
    came: str = ""
    hop: str = ""

    def __post_init__(self) -> None:
        if self.code not in REASONS:
            raise ValueError(f"reason {self.code!r} is not in the closed list")
        if self.suspect and self.suspect not in SUSPECTS:
            raise ValueError(f"suspect {self.suspect!r} is not in the closed list")


def deviation_verdict(level: Level, *, provisional: bool = False) -> Verdict:
    """The verdict that a broken requirement of this level earns; a provisional MUST only warns."""
    if provisional and level == "MUST":
        return "warn"
    verdicts: dict[Level, Verdict] = {"MUST": "fail", "SHOULD": "warn", "MAY": "info"}
    return verdicts[level]
