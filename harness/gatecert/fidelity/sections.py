"""The sections of a fidelity run: each compares one kind of behaviour with captures.

A section is a function that takes :class:`Bench` and yields :class:`Compared`; a new one is added
to :data:`SECTIONS` and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from gatecert.desktop import DesktopApp, GatewaySettings, HttpxTransport, OutgoingRequest
from gatecert.desktop.draft import MESSAGES
from gatecert.desktop.flows import Session
from gatecert.desktop.models import engine_keeps
from gatecert.desktop.profiles import (
    ENGINE_DESKTOP,
    ENGINE_DESKTOP_197,
    EngineProfile,
    SdkProfile,
)
from gatecert.desktop.urls import NoRequest, engine_url, sdk_url
from gatecert.errors import UsageError
from gatecert.fidelity.attempts import compare_attempts
from gatecert.fidelity.captures import CapturedFlow, Json, read_captures, read_json
from gatecert.fidelity.comparison import Comparison
from gatecert.fidelity.drive import Sent, repeat_call, repeat_flow
from gatecert.fidelity.plans import Plans
from gatecert.fidelity.requests import compare_flow
from gatecert.fidelity.surfaces import compare_surfaces
from gatecert.upstream import Provider


@dataclass(frozen=True)
class Bench:
    """What sections work with; ``wanted`` are the names of the profiles to run."""

    captures: Path
    plans: Plans
    provider: Provider
    wanted: Collection[str]


@dataclass(frozen=True)
class Compared:
    """One comparison and the profile whose score it counts for."""

    profile: str
    comparison: Comparison


Section = Callable[[Bench], Iterator[Compared]]


def compare_requests(bench: Bench) -> Iterator[Compared]:
    """Every captured flow and call, repeated and compared request by request."""
    for flow in read_captures(bench.captures):
        profile, repeat = _repetition(bench, flow)
        if profile in bench.wanted:
            sent = repeat()
            yield Compared(profile, compare_flow(flow, sent.requests, sent.connections))


def compare_urls(bench: Bench) -> Iterator[Compared]:
    """What each client makes of each form of a base URL."""
    document = _optional(bench.captures / "url-composition.json")
    for form, by_client in document.get("observed", {}).items():
        base = _base(document["bases"][form], bench.provider.url)
        for client, expected in by_client.items():
            profile = _client_profile(bench.plans, client)
            if profile.name not in bench.wanted:
                continue
            result = Comparison("url-composition", form)
            result.point(
                "url", 0, client, _without_repeats(expected), _target(bench, profile, base)
            )
            yield Compared(profile.name, result)


def compare_discovery(bench: Bench) -> Iterator[Compared]:
    """Which of the offered ids each engine keeps, and its requests below a path prefix."""
    document = _optional(bench.captures / "model-discovery.json")
    for profile, age in ((ENGINE_DESKTOP, "new"), (ENGINE_DESKTOP_197, "old")):
        if profile.name not in bench.wanted or not document:
            continue
        kept = _named(document, f"kept_{profile.version}")
        result = Comparison("model-discovery", f"kept_{profile.version}")
        offered = _named(document, "offered")
        for name in dict.fromkeys([*offered, *kept]):
            keeps = name in offered and engine_keeps(name, profile.release.keeps)
            result.point("model", 0, name, name in kept, keeps)
        yield Compared(profile.name, result)
        lines = _named(_named(document, "with_path_prefix"), f"prefix_{age}")
        prefixed = Comparison("model-discovery", f"prefix_{age}")
        prefixed.point("url", 0, "targets", lines, _below_a_prefix(bench, profile))
        yield Compared(profile.name, prefixed)


def compare_faults(bench: Bench) -> Iterator[Compared]:
    """Number, spacing and changes of the attempts under each fault, and the last words."""
    faults = chain(compare_attempts(bench.captures), compare_surfaces(bench.captures))
    for profile, comparison in faults:
        if profile in bench.wanted:
            yield Compared(profile, comparison)


SECTIONS: Mapping[str, Section] = MappingProxyType(
    {
        "requests": compare_requests,
        "url-composition": compare_urls,
        "model-discovery": compare_discovery,
        "attempts": compare_faults,
    }
)


def _repetition(bench: Bench, flow: CapturedFlow) -> tuple[str, Callable[[], Sent]]:
    """The profile that repeats a flow, and how. Raises UsageError for a flow without a plan."""
    plans, provider = bench.plans, bench.provider
    if flow.call:
        sdk = plans.sdk(flow.capture)
        if sdk is not None:
            given = plans.call(flow.name)
            return sdk.name, lambda: repeat_call(flow, given, sdk, plans.call_model, provider)
    plan = plans.flow(flow.capture, flow.name)
    if plan is None:
        raise UsageError(
            f"no plan repeats the flow {flow.name} of {flow.capture}: add one to flows.toml"
        )
    return plan.profile.name, lambda: repeat_flow(flow, plan, provider)


def _optional(file: Path) -> dict[str, Json]:
    document = read_json(file) if file.exists() else {}
    if not isinstance(document, dict):
        raise UsageError(f"{file} holds no JSON object")
    return document


def _named(document: Json, key: str) -> Json:
    if not isinstance(document, dict) or key not in document:
        raise UsageError(f"model-discovery.json has no {key}")
    return document[key]


def _base(form: str, url: str) -> str:
    """A base URL of the given form, for our provider in the place of ``H``."""
    host = url.partition("://")[2]
    if form == "surrounded by blanks":
        return f"  {url}  "
    port = host.rpartition(":")[2]
    return form.removeprefix("env ").replace("localhost:P", f"localhost:{port}").replace("H", host)


def _client_profile(plans: Plans, client: str) -> EngineProfile | SdkProfile:
    found = plans.sdks.get(client)
    return found if found is not None else ENGINE_DESKTOP


def _without_repeats(expected: str | list[str]) -> str | list[str]:
    """The targets once each: a repeat after a 404 is an attempt, not a URL."""
    return expected if isinstance(expected, str) else list(dict.fromkeys(expected))


def _target(bench: Bench, profile: EngineProfile | SdkProfile, base: str) -> str | list[str]:
    """What arrives at the provider, or why nothing does."""
    try:
        if isinstance(profile, SdkProfile):
            url = sdk_url(profile.language, base, "/v1/messages")
        else:
            url = engine_url(base, MESSAGES)
    except NoRequest as exc:
        return f"no request: {exc}"
    since = bench.provider.hello()
    transport = HttpxTransport()
    transport.send("url", OutgoingRequest("POST", url, [("Host", "h"), ("Content-Length", "0")]))
    transport.close()
    return [f"{r.method} {r.target}" for r in bench.provider.receipts_since(since)]


def _below_a_prefix(bench: Bench, profile: EngineProfile) -> list[str]:
    since = bench.provider.hello()
    settings = GatewaySettings(bench.provider.url + "/anthropic", "sk-fidelity-key")
    app = DesktopApp(settings, HttpxTransport, profile.in_mode("print")).launch()
    session = Session(app.engine)
    session.start(discover=True)
    session.say("hi")
    app.quit()
    return [f"{r.method} {r.target}" for r in bench.provider.receipts_since(since)]
