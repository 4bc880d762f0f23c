"""Faults that the provider shows to Claude Code, as plain data; names as in the captures.

A fault is met in one of five places: on the command line, in the environment of Claude Desktop or
of Cowork with one prompt, in the desktop's while a host reads the answer event by event, and on a
terminal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gatecert.fidelity.provided import BREAKING, REPEATING
from gatecert.fidelity.surfaces import HOST_GAP_MS
from gatecert.realclients.flows import COWORK, DESKTOP, S46, Flow
from gatecert.upstream import Plan

FEW = "CLAUDE_CODE_MAX_RETRIES"
DESKTOP_PLACE, COWORK_PLACE, HOST_PLACE = "desktop", "cowork", "desktop stream"
TERMINAL = "terminal"
_ENVIRONMENTS = {DESKTOP_PLACE: DESKTOP, COWORK_PLACE: COWORK, HOST_PLACE: DESKTOP}


@dataclass(frozen=True)
class Fault:
    """A fault and the provider's answers, the last of which serves the rest.

    ``few`` limits the client to two retries. ``place`` is ``desktop``, ``cowork``, ``desktop
    stream`` (a host that reads each event), ``terminal``, or ``""`` for the command line.
    """

    name: str
    plans: Sequence[Plan]
    few: bool = True
    place: str = ""

    @property
    def key(self) -> str:
        """The name in a capture."""
        where = f"{self.place}, " if self.place else ""
        return f"{self.name} ({where}{FEW + '=2' if self.few else 'default retries'})"

    def flow(self) -> Flow:
        """The run of Claude Code that meets the fault."""
        env: Mapping[str, str] = {FEW: "2"} if self.few else {}
        slow = tuple(replace(plan, gap_ms=HOST_GAP_MS) for plan in self.plans)
        if self.place == TERMINAL:
            return Flow(self.key, "terminal", env=env, plans=slow)
        if not self.place:
            return Flow(self.key, env=env, plans=self.plans)
        flow = Flow(self.key, model=S46, env={**_ENVIRONMENTS[self.place], **env}, plans=self.plans)
        if self.place != HOST_PLACE:
            return flow
        return replace(flow, kind="stream-json", args=("--include-partial-messages",), plans=slow)

    def at(self, place: str) -> Fault:
        """The same fault in another place."""
        return replace(self, place=place)


def error(status: int, kind: str, message: str = "", **headers: str) -> Fault:
    """An error answer of the provider, the same for each attempt."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = {"type": kind, "message": message or f"fake {kind}"}
    shown = "".join(f"|{name}={value}" for name, value in named.items())
    middle = f"|{message}" if message else "|" if shown else ""
    name = f"err:{status}:{kind}{middle}{shown}"
    return Fault(name, (Plan(status=status, error=answer, headers=named),))


_INVALID = "invalid_request_error"
_ERRORS = (
    error(401, "authentication_error"),
    error(402, "billing_error"),
    error(403, "permission_error"),
    error(404, "not_found_error"),
    error(413, "request_too_large"),
    error(400, _INVALID, "Unexpected value(s) `foo-2026` for the `anthropic-beta` header"),
    error(400, _INVALID, "context_management: Extra inputs are not permitted"),
    error(400, _INVALID, "messages.1.role: Input should be 'user' or 'assistant'"),
    error(400, _INVALID, "This model does not support the effort parameter."),
    error(400, _INVALID, "prompt is too long: 210000 tokens > 200000 maximum"),
    error(429, "rate_limit_error", retry_after="2"),
    error(429, "rate_limit_error", retry_after="61"),
    error(429, "rate_limit_error", retry_after="200"),
    error(429, "rate_limit_error", retry_after_ms="300"),
    error(429, "rate_limit_error", x_should_retry="false"),
    error(500, "api_error", x_should_retry="false"),
    error(500, "api_error"),
    error(503, "api_error"),
    error(504, "timeout_error"),
)
_OVERLOADED = error(529, "overloaded_error")
_BREAKING = [Fault(name, plans) for name, plans in BREAKING.items()]
_AGAIN = [Fault(name, plans) for name, plans in REPEATING.items()]
_ALONE = (*_ERRORS, *_BREAKING)
_IN_COWORK = (*_ERRORS[:5], _OVERLOADED, *_BREAKING, *_AGAIN[:3])
# those of which the documentation says that text stays; a screen tells no more than requests do
_ON_TERMINAL = [
    fault
    for fault in (*_BREAKING, *_AGAIN)
    if fault.name in ("s_fin_mid", "s_err_mid", "s_fin_block2", "s_rst_block2", "s_err_block2")
]
_FOR_A_HOST = (_ERRORS[0], _ERRORS[3], _OVERLOADED, *_BREAKING, *_AGAIN)
FAULTS: Sequence[Fault] = (
    *_ALONE,
    replace(_OVERLOADED, few=False),
    # the desktop may recover otherwise than the command line
    *(fault.at(DESKTOP_PLACE) for fault in (*_ALONE, _OVERLOADED, *_AGAIN[:3])),
    *(fault.at(COWORK_PLACE) for fault in _IN_COWORK),
    *(fault.at(HOST_PLACE) for fault in _FOR_A_HOST),
    *(fault.at(TERMINAL) for fault in _ON_TERMINAL),
)
