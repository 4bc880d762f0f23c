"""The configured models, as the client reads ``inferenceModels``. No I/O.

Sources: the configuration reference; the check of names and the stripping of ``[1m]`` were read out
of the shipped client. Builds from 1.6259.0 on check names; that they gave up refusing the whole
configuration with 1.8089.0 is inferred, the reports name no release.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gatecert.desktop.config.keys import Version
from gatecert.desktop.models import FAMILIES, is_bare_family, is_offered

KEY = "inferenceModels"
DISCOVERY = "modelDiscoveryEnabled"
LEGACY_ONLY = 'no configured model is left: the picker shows only "Legacy Model"'
ONE_MILLION = "[1m]"
_CHECKED_SINCE = (1, 6259, 0)
_DROPPED_SINCE = (1, 8089, 0)
_PREFERS_SINCE = (1, 21459, 0)
MOST = 200


class ModelsError(ValueError):
    """A list of models for which the client refuses the whole configuration."""


@dataclass(frozen=True)
class ConfiguredModel:
    """One row of the picker. ``tier`` is the family it stands for, ``""`` if none is said.

    ``prefers_1m`` chooses the long context where the model has it.
    """

    name: str
    supports_1m: bool = False
    tier: str = ""
    prefers_1m: bool = False

    @property
    def needs_discovery(self) -> bool:
        """Whether it is a tier alone, which only a discovery answer turns into a model."""
        return is_bare_family(self.name)


@dataclass(frozen=True)
class Models:
    """The models that are left, the default first, and what the client says of the others."""

    entries: tuple[ConfiguredModel, ...] = ()
    warnings: tuple[str, ...] = field(default=())


def read_models(entries: Sequence[Any], discovers: bool | None, version: Version) -> Models:
    """The configured models. Raises ModelsError where the client refuses everything."""
    if not 1 <= len(entries) <= MOST:
        raise ModelsError(f"{KEY} must have 1 to {MOST} entries")
    kept: list[ConfiguredModel] = []
    warnings: list[str] = []
    for entry in entries:
        model = _entry(entry, version)
        trouble = _trouble(model, discovers, version)
        if model is not None and not trouble:
            kept.append(model)
        elif version < _DROPPED_SINCE:
            raise ModelsError(trouble)
        else:
            warnings.append(trouble)
    return Models(tuple(kept), tuple(warnings if kept else [*warnings, LEGACY_ONLY]))


def _entry(entry: Any, version: Version) -> ConfiguredModel | None:
    """The model of an entry, or None if it has no name."""
    members = entry if isinstance(entry, dict) else {"name": entry}
    name = members.get("name")
    bare = name.strip() if isinstance(name, str) else ""
    suffixed = bare.lower().endswith(ONE_MILLION)
    bare = bare[: -len(ONE_MILLION)].strip() if suffixed else bare
    tier = members.get("anthropicFamilyTier")
    if not bare:
        return None
    return ConfiguredModel(
        bare,
        suffixed or members.get("supports1m") is True,
        tier if isinstance(tier, str) and tier in FAMILIES else "",
        members.get("prefer1m") is True and version >= _PREFERS_SINCE,
    )


def _trouble(model: ConfiguredModel | None, discovers: bool | None, version: Version) -> str:
    """Why the client does not take an entry, in its words; empty if it does."""
    if model is None:
        return "a configured model has no name"
    if model.needs_discovery:
        if discovers is not False:
            return ""
        return (
            f"Aliases like '{model.name}' are resolved via model discovery. Use the full model ID."
        )
    if version >= _CHECKED_SINCE and not is_offered(model.name):
        return (
            f'configured model "{model.name}" is not an Anthropic model: expected a gateway model '
            "route referencing an Anthropic model (e.g. claude-sonnet-4-5, anthropic/claude-*)"
        )
    return ""
