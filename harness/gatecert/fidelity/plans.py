"""Reads how each captured flow is repeated: ``fixtures/fidelity/flows.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from gatecert.desktop.profiles import ENGINES, SDKS, EngineProfile, SdkProfile, Switches
from gatecert.errors import UsageError

STEPS = ("start", "discover", "say", "tools", "compact", "burst", "persist")
AUTH = ("bearer", "x-api-key", "both")
TOOLS = ("", "image")

_DEFAULT_STEPS = ("start", "say", "tools")


@dataclass(frozen=True)
class FlowPlan:
    """How an engine repeats one captured flow; see the head of ``flows.toml``.

    ``model`` is ``""`` for the release's own default. ``changes`` are fields of the profile that
    the flow sets, already in ``profile``.
    """

    capture: str
    name: str
    profile: EngineProfile
    model: str
    title_model: str = ""
    prompt: str = "hi"
    steps: tuple[str, ...] = _DEFAULT_STEPS
    quiet: bool = False
    auth: str = "bearer"
    tools: str = ""
    count_status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def asked_model(self) -> str:
        """The model by its full name."""
        release = self.profile.release
        return release.full_name(self.model) if self.model else release.default_model


@dataclass(frozen=True)
class CallPlan:
    """What the client object of an SDK is given for the calls of one name."""

    key: bool = False
    token: bool = False
    arguments: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plans:
    """Every plan: flows by capture and name, SDKs by capture, calls by name."""

    flows: Mapping[tuple[str, str], FlowPlan]
    sdks: Mapping[str, SdkProfile]
    calls: Mapping[str, CallPlan]
    call_model: str

    def flow(self, capture: str, name: str) -> FlowPlan | None:
        """The plan of a flow, None if nothing repeats it.

        A capture of another version of the client is repeated by that version's profile, or, if
        there is none, by the newest one under the captured version's number: what differs then is
        what a new profile has to know.
        """
        exact = self.flows.get((capture, name))
        if exact is not None:
            return exact
        client, version = _client_and_version(capture)
        known = [p for (c, n), p in self.flows.items() if n == name and _is_of(c, client)]
        return replace(known[0], profile=_at_version(known[0], version)) if known else None

    def sdk(self, capture: str) -> SdkProfile | None:
        """The profile of a capture of an SDK, None if it is of none; newer versions as above."""
        if capture in self.sdks:
            return self.sdks[capture]
        client, version = _client_and_version(capture)
        known = [profile for c, profile in self.sdks.items() if _is_of(c, client)]
        return replace(known[0], version=version) if known else None

    def call(self, name: str) -> CallPlan:
        """What is given for a call of this name."""
        return self.calls.get(name, CallPlan(key=True))


def _client_and_version(capture: str) -> tuple[str, str]:
    client, _, version = capture.rpartition("-")
    return client, version


def _is_of(capture: str, client: str) -> bool:
    return _client_and_version(capture)[0] == client


def _at_version(plan: FlowPlan, version: str) -> EngineProfile:
    """The same client surface at another version of the engine, or of the SDK around it."""
    profile = plan.profile
    sibling = profile.name.removesuffix(profile.version) + version
    for known in ENGINES:
        of_sdk = known.entrypoint == "sdk-py" == profile.entrypoint and known.agent_sdk == version
        if known.name == sibling or of_sdk:
            return replace(known, **plan.changes, switches=profile.switches)
    return replace(profile, release=replace(profile.release, number=version))


def read_plans(file: Path) -> Plans:
    """The plans in a file. Raises UsageError."""
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
        flows = {}
        for entry in raw["flow"]:
            for name in entry["names"]:
                flows[entry["capture"], name] = _flow_plan(entry, name)
        calls = raw["calls"]
        pairs = [pair.partition("=") for pair in calls["captures"]]
        sdks = {capture: _named(SDKS, profile) for capture, _, profile in pairs}
        given = {name: CallPlan(**values) for name, values in calls["given"].items()}
        return Plans(flows, sdks, given, calls["model"])
    except OSError as exc:
        raise UsageError(f"{file} cannot be read: {exc.strerror}") from None
    except (KeyError, TypeError, ValueError) as exc:
        raise UsageError(f"{file} is no list of flows: {exc}") from None


def _flow_plan(entry: Mapping[str, Any], name: str) -> FlowPlan:
    profile = _profile(entry)
    known = {f.name for f in fields(FlowPlan)} - {"name", "changes"}
    unknown = sorted(set(entry) - known - {"names", "set", "switches"})
    if unknown:
        raise ValueError(f"{name}: unknown key {unknown[0]!r}")
    values = {key: value for key, value in entry.items() if key in known}
    values.setdefault("model", "")
    values["steps"] = tuple(entry.get("steps", _DEFAULT_STEPS))
    values["prompt"] = _prompt(entry.get("prompt", "hi"))
    values |= {"name": name, "profile": profile, "changes": entry.get("set", {})}
    plan = FlowPlan(**values)
    _check(plan)
    return plan


def _check(plan: FlowPlan) -> None:
    for words, known in (
        (plan.steps, STEPS),
        ((plan.auth,), AUTH),
        ((plan.tools,), TOOLS),
    ):
        wrong = [word for word in words if word not in known]
        if wrong:
            raise ValueError(f"{plan.name}: {wrong[0]!r} is none of {', '.join(known)}")


def _profile(entry: Mapping[str, Any]) -> EngineProfile:
    """The named profile with what the entry changes in it."""
    profile: EngineProfile = _named(ENGINES, entry["profile"])
    changed = replace(profile, **entry.get("set", {})).in_mode(
        entry.get("set", {}).get("mode", profile.mode)
    )
    switches: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in entry.get("switches", {}).items()
    }
    return replace(changed, switches=Switches(**switches))


def _named(profiles: Any, name: str) -> Any:
    for profile in profiles:
        if profile.name == name:
            return profile
    raise ValueError(f"no profile is named {name!r}")


def _prompt(wanted: str | int) -> str:
    return "p" * wanted if isinstance(wanted, int) else wanted
