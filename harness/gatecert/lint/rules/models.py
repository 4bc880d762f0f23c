"""Model names and surfaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gatecert.desktop.config.config import Client, Config, Setting
from gatecert.desktop.models import FAMILIES, is_bare_family, is_offered
from gatecert.lint.finding import Finding
from gatecert.lint.policy import Policy
from gatecert.lint.report import at_file, at_setting

KEY = "inferenceModels"
DISCOVERY = "modelDiscoveryEnabled"
_MEMBERS = (
    "name labelOverride supports1m prefer1m anthropicFamilyTier isFamilyDefault maxEffort".split()
)
_MOST = 200
_SURFACES = {
    "chatTabEnabled": False,
    "coworkTabEnabled": True,
    "isClaudeCodeForDesktopEnabled": True,
}


def models(config: Config, client: Client, policy: Policy) -> Iterator[Finding]:
    """What is wrong with the configured models."""
    setting = config.settings.get(KEY)
    discovers = config.get(DISCOVERY)
    if setting is None:
        if discovers is False:
            yield at_file(
                "no-models",
                config,
                f"{DISCOVERY} is false and {KEY} is not set: there is no model to choose",
                f"name models in {KEY}, or let discovery run",
                KEY,
            )
        return
    entries = setting.value if isinstance(setting.value, list) else []
    if not entries or len(entries) > _MOST:
        yield at_setting(
            "no-models", setting, f"{len(entries)} entries", f"name 1 to {_MOST} models"
        )
    for entry in entries:
        yield from _entry(setting, entry, discovers, policy)


def _entry(setting: Setting, entry: Any, discovers: object, policy: Policy) -> Iterator[Finding]:
    name = entry.get("name") if isinstance(entry, dict) else entry
    if not isinstance(name, str) or not name.strip():
        yield at_setting(
            "model-entry",
            setting,
            "an entry has no name; the client drops it, and older ones the whole configuration",
            'write a name, or {"name": "..."}',
        )
        return
    shown = ascii(name.strip()[:80])
    bare = name.strip()
    if bare.lower().endswith("[1m]"):
        bare = bare[: -len("[1m]")]
        yield at_setting(
            "one-million-suffix",
            setting,
            f"the client strips [1m] from {shown} and offers the long context; some builds let it "
            "reach the gateway, which then answers 404",
            'write {"name": ' + ascii(bare).replace("'", '"') + ', "supports1m": true}',
        )
    if is_bare_family(bare):
        if discovers is not True:
            yield at_setting(
                "alias-without-discovery",
                setting,
                f"the client says \"Aliases like '{bare}' are resolved via model discovery. Use "
                'the full model ID."',
                f"write the full id, or set {DISCOVERY} to true",
            )
    elif not is_offered(bare):
        yield at_setting(
            "refused-model",
            setting,
            f"the client does not offer {shown}: it is 'not an Anthropic model' by its name; older "
            "builds refuse the whole configuration",
            "let the gateway serve it under a name with 'claude' and without another vendor's name",
        )
    if policy.models and bare not in policy.models:
        yield at_setting(
            "model-not-in-policy",
            setting,
            f"the policy does not allow {shown}",
            f"use one of {', '.join(policy.models)}",
        )
    yield from _members(setting, entry, shown)


def _members(setting: Setting, entry: Any, shown: str) -> Iterator[Finding]:
    if not isinstance(entry, dict):
        return
    for member in entry:
        if member not in _MEMBERS:
            yield at_setting(
                "model-entry",
                setting,
                f"the entry {shown} has a member {ascii(str(member)[:40])} that the client does "
                "not know",
                f"use {', '.join(_MEMBERS)}",
            )
    tier = entry.get("anthropicFamilyTier")
    if tier is not None and tier not in FAMILIES:
        yield at_setting(
            "model-entry",
            setting,
            f"the tier of {shown} is none that the client knows",
            f"use one of {', '.join(FAMILIES)}",
        )


def surfaces(config: Config, client: Client, policy: Policy) -> Iterator[Finding]:
    """Whether any surface is left."""
    named = [key for key in _SURFACES if key in config.settings]
    if named and not any(config.flag(key, default) for key, default in _SURFACES.items()):
        yield at_setting(
            "all-surfaces-off",
            config.settings[named[0]],
            "the client says 'At least one surface must remain enabled; Cowork has been "
            "re-enabled.'",
            "leave one of " + ", ".join(_SURFACES) + " on",
        )
