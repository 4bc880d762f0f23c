"""Faults that the provider shows to Claude Code, as plain data; names as in the captures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gatecert.realclients.flows import DESKTOP, S46, Flow
from gatecert.upstream import Plan, messages_api

FEW = "CLAUDE_CODE_MAX_RETRIES"
_SSE = {"content-type": "text/event-stream"}
_GOOD = Plan()


@dataclass(frozen=True)
class Fault:
    """A fault and the provider's answers, the last of which serves the rest.

    ``few`` limits the client to two retries. ``desktop`` runs it in the desktop's environment.
    """

    name: str
    plans: Sequence[Plan]
    few: bool = True
    desktop: bool = False

    @property
    def key(self) -> str:
        """The name in a capture."""
        where = "desktop, " if self.desktop else ""
        return f"{self.name} ({where}{FEW + '=2' if self.few else 'default retries'})"

    def flow(self) -> Flow:
        """The run of Claude Code that meets the fault."""
        env: Mapping[str, str] = {FEW: "2"} if self.few else {}
        if self.desktop:
            return Flow(self.key, model=S46, env={**DESKTOP, **env}, plans=self.plans)
        return Flow(self.key, env=env, plans=self.plans)


def error(status: int, kind: str, message: str = "", **headers: str) -> Fault:
    """An error answer of the provider, the same for each attempt."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = {"type": kind, "message": message or f"fake {kind}"}
    shown = "".join(f"|{name}={value}" for name, value in named.items())
    middle = f"|{message}" if message else "|" if shown else ""
    name = f"err:{status}:{kind}{middle}{shown}"
    return Fault(name, (Plan(status=status, error=answer, headers=named),))


def _without(kind: str) -> Plan:
    """A good stream that lacks every event of a kind."""
    script = messages_api.events(Plan(), "", "claude")
    return Plan(events=[[name, data] for name, data in script if name != kind])


def _data_only() -> Plan:
    """A good stream without any ``event:`` line."""
    script = messages_api.events(Plan(), "", "claude")
    lines = [messages_api.encode(event).partition(b"\n")[2] for event in script]
    return Plan(body=b"".join(lines).decode(), headers=_SSE)


def _breaking() -> Iterator[Fault]:
    overloaded = {"type": "overloaded_error", "message": "fake overloaded_error"}
    early = Plan(error_event=overloaded, error_event_after=1)
    late = Plan(error_event=overloaded, error_event_after=4)
    yield Fault("html", (Plan(body="<html><title>Blocked</title></html>", headers=_HTML),))
    yield Fault("s_noevent", (_data_only(), _GOOD))
    yield Fault("s_nostop", (_without("message_stop"),))
    yield Fault("s_nocbstop", (_without("content_block_stop"), _GOOD))
    yield Fault("s_fin_mid", (Plan(cut_events=5),))
    yield Fault("s_err_start", (early, early, early, _GOOD))
    yield Fault("s_err_mid", (late, _GOOD))
    yield Fault("maxtok", (Plan(stop_reason="max_tokens"),))
    yield Fault("refusal", (Plan(stop_reason="refusal"),))


_HTML = {"content-type": "text/html"}
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
_ALONE = (*_ERRORS, *_breaking())
# the desktop may recover otherwise than the command line
_ON_DESKTOP = tuple(Fault(f.name, f.plans, desktop=True) for f in (*_ALONE, _OVERLOADED))
FAULTS: Sequence[Fault] = (
    *_ALONE,
    Fault(_OVERLOADED.name, _OVERLOADED.plans, few=False),
    *_ON_DESKTOP,
)
