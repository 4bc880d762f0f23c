"""Reads how each captured flow is repeated: ``fixtures/fidelity/flows.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from gatecert.desktop.profiles import ENGINES, SDKS, EngineProfile, SdkProfile, Switches
from gatecert.errors import UsageError

STEPS = ("start", "discover", "say", "tools", "compact", "burst")
AUTH = ("bearer", "x-api-key", "both")
TOOLS = ("", "image")

_DEFAULT_STEPS = ("say", "tools")


@dataclass(frozen=True)
class FlowPlan:
    """How an engine repeats one captured flow; see the head of ``flows.toml``."""

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


@dataclass(frozen=True)
class CallPlan:
    """What the client object of an SDK is given for the calls of one name."""

    key: bool = False
    token: bool = False
    arguments: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plans:
    """Every plan: flows by capture and name, SDKs by capture, calls by name."""

    flows: Mapping[tuple[str, str], FlowPlan]
    sdks: Mapping[str, SdkProfile]
    calls: Mapping[str, CallPlan]
    call_model: str

    def call(self, name: str) -> CallPlan:
        """What is given for a call of this name."""
        return self.calls.get(name, CallPlan(key=True))


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
    known = {f.name for f in fields(FlowPlan)} - {"name"}
    unknown = sorted(set(entry) - known - {"names", "set", "switches"})
    if unknown:
        raise ValueError(f"{name}: unknown key {unknown[0]!r}")
    values = {key: value for key, value in entry.items() if key in known}
    values["model"] = entry.get("model", profile.release.default_model)
    values["steps"] = tuple(entry.get("steps", _DEFAULT_STEPS))
    values["prompt"] = _prompt(entry.get("prompt", "hi"))
    plan = FlowPlan(**{**values, "name": name, "profile": profile})
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
