"""The simulated clients under the recorder's faults, on a virtual clock. Nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gatecert.desktop.draft import Draft
from gatecert.desktop.exchange import Exchange, OutgoingRequest
from gatecert.desktop.recovery import Clock, Options, Persisted, RetryPolicy, persist
from gatecert.desktop.recovery.redraft import after_tools
from gatecert.errors import UsageError
from gatecert.fidelity.captures import read_json
from gatecert.fidelity.faults import answer
from gatecert.fidelity.provided import given
from gatecert.upstream import Plan

_URL = "http://127.0.0.1:<port>/v1/messages?beta=true"


@dataclass(frozen=True)
class Case:
    """One fault met by one client: its first request, and the answers.

    These are names of the recorder's, or plans of our own provider; the last one stands for all
    that follow. ``renews`` says that a credential helper is set, ``gap_ms`` is the wait before each
    event of a plan.
    """

    policy: RetryPolicy
    draft: Draft
    script: Sequence[str | Plan]
    options: Options = field(default_factory=Options)
    renews: bool = False
    gap_ms: float = 0


def recorded_draft(capture: Path, flow: str = "print_default_model") -> Draft:
    """The first turn of a flow as a draft: shapes instead of texts.

    Raises UsageError if the capture does not hold the flow.
    """
    found = read_json(capture)["flows"].get(flow)
    if found is None:
        raise UsageError(f"{capture.name}: no flow {flow}, which its faults are compared with")
    requests = found["requests"]
    request = next(r for r in requests if r["method"] == "POST" and r["body_shape"].get("tools"))
    headers = dict(request["headers_in_order"])
    betas = tuple(headers["anthropic-beta"].split(","))
    timeout = int(headers["X-Stainless-Timeout"])
    return Draft("recorded", request["body_shape"], betas, timeout)


def simulate(case: Case, chance: float) -> Persisted:
    """The whole turn; ``chance`` from 0 to 1 is the jitter of every wait. A tool loop goes on."""
    turn = _played(case, case.draft, chance)
    engine = case.policy.family == "engine" and turn.end.result == "answered"
    blocks = turn.last.outcome.blocks
    if not engine or not any(block.get("type") == "tool_use" for block in blocks):
        return turn
    later = _played(case, after_tools(turn.last.draft, blocks), chance)
    first = replace(later.attempts[0], why="tools")
    return replace(later, attempts=[*turn.attempts, first, *later.attempts[1:]])


def _played(case: Case, draft: Draft, chance: float) -> Persisted:
    served = iter(case.script)
    last = [case.script[-1]]

    def send(asked: Draft) -> Exchange:
        last[0] = next(served, last[0])
        request = OutgoingRequest("POST", _URL, [], json.dumps(dict(asked.body)).encode())
        if isinstance(last[0], Plan):
            return given(last[0], request, stream=asked.stream, gap_ms=case.gap_ms)
        name = _after_a_tool(last[0], asked)
        return answer(name, request, stream=asked.stream, headers_s=case.policy.headers_s)

    return persist(
        send,
        draft,
        case.policy,
        options=case.options,
        clock=Clock(sleep=lambda seconds: None, chance=lambda: chance),
        renew=(lambda: True) if case.renews else None,
    )


def _after_a_tool(name: str, draft: Draft) -> str:
    """The recorder answers plainly once a tool's result, or the rest of a lost answer, is due."""
    of_tools = name.startswith("s_tool") or name in ("endturntool", "s_rst_aftertool")
    later = any(m.get("role") == "assistant" for m in draft.body.get("messages", ()))
    return "text" if of_tools and later else name


def requests_of(turn: Persisted, policy: RetryPolicy) -> int:
    """How many requests the gateway gets; a circle of redirects is followed as far as it goes."""
    circles = sum(a.outcome.kind == "redirect" and a.outcome.status > 303 for a in turn.attempts)
    return len(turn.attempts) + circles * (policy.redirect_hops - 1)


def last_words(turn: Persisted) -> str:
    """What stands on the screen at the end: a message, or the answer."""
    return turn.end.message or turn.last.outcome.text


def between(turn: Persisted) -> list[float]:
    """From each request to the next, in seconds."""
    lasted = [a.outcome.exchange.end_ms / 1000 for a in turn.attempts]
    return [lasted[n] + a.wait_s for n, a in enumerate(turn.attempts[1:])]
