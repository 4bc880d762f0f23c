"""Repeats captured flows over loopback, and writes down what arrived at the provider.

What is compared are the bytes on the wire: the simulated client sends through its real transport,
and the scripted provider keeps receipts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gatecert.desktop import DesktopApp, GatewaySettings, HttpxTransport
from gatecert.desktop.flows import Session, context_burst, read_image, run_tool
from gatecert.desktop.profiles import SdkProfile
from gatecert.desktop.profiles.traits import bare_model
from gatecert.desktop.sdk import SdkClient, SdkRefusal
from gatecert.fidelity.answers import plan_of
from gatecert.fidelity.captures import CapturedFlow
from gatecert.fidelity.notation import request_shape
from gatecert.fidelity.plans import CallPlan, FlowPlan
from gatecert.upstream import Directive, Plan, Provider, Receipt, embed, new_token

_KEY, _TOKEN = "sk-fidelity-key", "fidelity-token"
_HELD_MS = 1000  # long enough for every connection of a burst to be in use, on a busy machine too


@dataclass(frozen=True)
class Sent:
    """What arrived at the provider: requests in the captures' notation, and their connections."""

    requests: Sequence[dict[str, Any]]
    connections: int


def repeat_flow(flow: CapturedFlow, plan: FlowPlan, provider: Provider) -> Sent:
    """Run a flow with our own engine."""
    prompt = _Prompt(
        plan.prompt, [plan_of(name, bare_model(plan.asked_model)) for name in flow.answers]
    )
    first = _Prompt("foo", [Plan(status=plan.count_status)])
    counted = _Prompt("", _held(plan))
    since = provider.hello()
    app = DesktopApp(settings_of(plan, provider.url), HttpxTransport, plan.profile).launch()
    try:
        _run(app, plan, prompt)
        if "burst" in plan.steps:
            context_burst(app.engine, lambda size: counted.text, first=first.text)
    finally:
        app.quit()
    return written_down(provider.receipts_since(since), [prompt, first, counted])


def repeat_call(
    flow: CapturedFlow, plan: CallPlan, profile: SdkProfile, model: str, provider: Provider
) -> Sent:
    """Make one call as an SDK makes it."""
    since = provider.hello()
    transport = HttpxTransport()
    client = SdkClient(
        profile,
        provider.url,
        transport,
        key=_KEY if plan.key else None,
        token=_TOKEN if plan.token else None,
        arguments=frozenset(plan.arguments),
        headers=plan.headers,
    )
    try:
        client.send(flow.call, model, "hi")
    except SdkRefusal:
        pass  # the real one sends nothing either, which is what is compared
    finally:
        transport.close()
    return written_down(provider.receipts_since(since), [])


def settings_of(plan: FlowPlan, url: str) -> GatewaySettings:
    """The settings of a flow, with credentials of our own."""
    return GatewaySettings(
        url,
        _KEY,
        auth_scheme="x-api-key" if plan.auth == "x-api-key" else "bearer",
        custom_headers=plan.headers,
        chat_model=plan.asked_model,
        second_key=_TOKEN if plan.auth == "both" else None,
    )


def written_down(receipts: Sequence[Receipt], prompts: Sequence[_Prompt]) -> Sent:
    """Receipts in the captures' notation; the directives in prompts are taken out again."""
    shapes = []
    for receipt in sorted(receipts, key=lambda r: r.seq):
        body = receipt.body
        for prompt in prompts:
            body = prompt.taken_out(body)
        shapes.append(
            request_shape(
                receipt.method, receipt.target, receipt.http_version, receipt.headers, body
            )
        )
    return Sent(shapes, len({receipt.connection for receipt in receipts}))


class _Prompt:
    """A user's text that steers the provider, and the plain one that it stands for."""

    def __init__(self, plain: str, plans: Sequence[Plan]) -> None:
        self.plain = plain
        self.text = embed(Directive(new_token(), {"primary": plans or [Plan()]}))

    def taken_out(self, body: bytes) -> bytes:
        """The body with the plain text in its place."""
        return body.replace(_inside(self.text), _inside(self.plain))


def _held(plan: FlowPlan) -> list[Plan]:
    """Answers to a burst of counts: the first on each connection is kept waiting."""
    first = Plan(delay_ms=_HELD_MS, status=plan.count_status)
    return [first] * plan.profile.release.burst_connections + [Plan(status=plan.count_status)]


def _inside(text: str) -> bytes:
    """A text as it stands inside a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()


def _run(app: DesktopApp, plan: FlowPlan, prompt: _Prompt) -> None:
    title_model = plan.title_model or None
    session = Session(app.engine, model=plan.asked_model, title_model=title_model, quiet=plan.quiet)
    turn = None
    for step in plan.steps:
        if step in ("start", "discover"):
            session.start(discover=step == "discover")
        elif step == "say":
            turn = session.say(prompt.text, typed=prompt.plain)
        elif step == "tools" and turn is not None:
            session.use_tools(turn, read_image if plan.tools == "image" else run_tool)
        elif step == "compact":
            session.compact()
        elif step == "persist":
            app.engine.persist(app.engine.draft(app.engine.opening(prompt.text)))
