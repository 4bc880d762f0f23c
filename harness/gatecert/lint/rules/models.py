"""Model names and surfaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gatecert.desktop.config.config import Config, Setting
from gatecert.desktop.launch_rules import SURFACES
from gatecert.desktop.model_entries import DISCOVERY, KEY, MOST, ONE_MILLION
from gatecert.desktop.models import FAMILIES, is_bare_family, is_offered
from gatecert.lint.finding import Finding
from gatecert.lint.policy import Policy
from gatecert.lint.report import at_file, at_setting
from gatecert.lint.show import shown, shown_model

_MEMBERS = (
    "name labelOverride supports1m prefer1m anthropicFamilyTier isFamilyDefault maxEffort".split()
)
_SURFACES = dict(SURFACES.values())


def models(config: Config, policy: Policy) -> Iterator[Finding]:
    """What is wrong with the configured models."""
    setting = config.settings.get(KEY)
    discovers = config.get(DISCOVERY)
    if setting is None or not isinstance(setting.value, list):
        if discovers is False and not any(m.key == KEY for m in config.misreadings):
            yield at_file("no-models", config, KEY, f"{DISCOVERY} is false")
        return
    if not 1 <= len(setting.value) <= MOST:
        yield at_setting("no-models", setting, _count(len(setting.value)))
    for number, entry in enumerate(setting.value):
        yield from _entry(_At(setting, number), entry, discovers, policy)


def _count(number: int) -> str:
    return f"the list has {number} entries, and 1 to {MOST} are taken"


class _At:
    """Reports at one entry of the list."""

    def __init__(self, setting: Setting, number: int) -> None:
        self._setting = setting
        self._number = number

    def __call__(self, name: str, detail: str, fix: str = "", severity: str = "") -> Finding:
        inside = (self._number,)
        return at_setting(name, self._setting, detail, fix=fix, severity=severity, inside=inside)


def _entry(at: _At, entry: Any, discovers: object, policy: Policy) -> Iterator[Finding]:
    name = entry.get("name") if isinstance(entry, dict) else entry
    if not isinstance(name, str) or not name.strip():
        yield at("model-entry", "an entry has no name")
        return
    bare = name.strip()
    if bare.lower().endswith(ONE_MILLION):
        yield at("one-million-suffix", shown_model(bare))
        bare = bare[: -len(ONE_MILLION)].strip()
    if is_bare_family(bare):
        if discovers is not True:
            # unset, discovery runs because of the alias, if the gateway serves a list
            severity = "" if discovers is False else "note"
            yield at("alias-without-discovery", shown_model(bare), severity=severity)
    elif not is_offered(bare):
        yield at("refused-model", shown_model(bare))
    if policy.models and bare not in policy.models:
        fix = f"name one of {', '.join(policy.models)}"
        yield at("model-not-in-policy", shown_model(bare), fix)
    if isinstance(entry, dict):
        yield from _members(at, entry)


def _members(at: _At, entry: dict[str, Any]) -> Iterator[Finding]:
    for member in entry:
        if member not in _MEMBERS:
            yield at("model-member", shown(member), f"members are {', '.join(_MEMBERS)}")
    tier = entry.get("anthropicFamilyTier")
    if tier is not None and str(tier).strip().lower() not in FAMILIES:
        yield at("model-member", "anthropicFamilyTier", f"tiers are {', '.join(FAMILIES)}")
    for member in ("supports1m", "prefer1m", "isFamilyDefault"):
        if not isinstance(entry.get(member, True), bool):
            yield at("model-member", member, "write true or false, without quotes")


def surfaces(config: Config) -> Iterator[Finding]:
    """Whether any surface is left."""
    named = [key for key in _SURFACES if key in config.settings]
    if named and not any(config.flag(key, default) for key, default in _SURFACES.items()):
        yield at_setting("all-surfaces-off", config.settings[named[-1]])
