"""Modes: what the embedded gateway is configured to be, as data. The gateway's code knows none.

Each mode is a TOML file beside this one. ``[config]`` replaces values of the gateway's
configuration; the other tables replace what the target promises.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from gatecert.gateways.promises import Attribution, Policy
from gatecert.gateways.reference.config import GatewayConfig, MetadataPolicy
from gatecert.gateways.tables import read_as
from gatecert.gateways.target import SampleKeys, Target

STRICT = "strict"
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Mode:
    """One mode.

    ``invented`` says what of it no vendor has published, in sentences: a verdict that rests on it
    says nothing about a product. ``tables`` are the tables of its file.
    """

    name: str
    summary: str
    source: str
    invented: Sequence[str] = ()
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def configured(self, config: GatewayConfig) -> GatewayConfig:
        """The configuration in this mode."""
        changes = dict(self.tables.get("config", {}))
        if "metadata" in changes:
            policy: MetadataPolicy = replace(config.metadata, **changes["metadata"])
            changes["metadata"] = policy
        return replace(config, **changes)

    def promised(self, target: Target) -> Target:
        """The target in this mode."""
        tables = self.tables
        if not tables:
            return target
        place = f"mode {self.name}"
        promises = replace(target.promises, **tables.get("promises", {}))
        keys = tables.get("keys", {}).get("known")
        changed = replace(
            target,
            name=f"{target.name}-{self.name}",
            promises=promises,
            fallback=replace(target.fallback, **tables.get("fallback", {})),
            mode=self.name,
            invented=self.invented,
        )
        if "policy" in tables:
            changed = replace(changed, policy=read_as(Policy, tables["policy"], place))
        if "attribution" in tables:
            found = read_as(Attribution, tables["attribution"], place)
            changed = replace(changed, attribution=found)
        if keys is not None:
            changed = replace(changed, keys=_only(target.keys, keys))
        return changed


def _only(keys: SampleKeys, names: Sequence[str]) -> SampleKeys:
    return SampleKeys(**{name: getattr(keys, name) for name in names})


@cache
def modes() -> Mapping[str, Mode]:
    """Every mode by its name, the plain one first."""
    read = (_read(path) for path in sorted(_HERE.glob("*.toml")))
    found = {mode.name: mode for mode in read}
    return {STRICT: found.pop(STRICT), **found}


def _read(path: Path) -> Mode:
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    about = raw.pop("mode")
    return Mode(path.stem, about["summary"], about["source"], about.get("invented", ()), raw)
