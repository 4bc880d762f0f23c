"""The catalogue: every requirement of the suites, read from the suites themselves."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from gatecert.requirements.model import AREAS, Requirement


@dataclass(frozen=True)
class Catalogue:
    """All requirements, in the order of areas and identifiers."""

    requirements: Sequence[Requirement]

    @property
    def hash(self) -> str:
        """A hash of everything a requirement states; it changes when any statement changes."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> list[dict[str, Any]]:
        """The catalogue as plain data."""
        return [_plain(r) for r in self.requirements]

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self.requirements)

    def __len__(self) -> int:
        return len(self.requirements)


def catalogue_of(stated: Sequence[Requirement]) -> Catalogue:
    """Order requirements. Raises ValueError if an identifier stands for two."""
    by_id: dict[str, Requirement] = {}
    for one in stated:
        if one.id in by_id:
            raise ValueError(f"{one.id} is stated twice: {by_id[one.id].node} and {one.node}")
        by_id[one.id] = one
    return Catalogue(sorted(by_id.values(), key=lambda r: (AREAS.index(r.area), r.id)))


def complete(stated: Requirement, function: Any, area: str, node: str) -> Requirement:
    """A requirement with what its test function and place say of it."""
    sentence = " ".join(inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].split())
    return replace(stated, sentence=sentence, area=area, node=node)


def load_catalogue(suites: Path) -> Catalogue:
    """Read the catalogue from a folder of suites, without running anything."""
    stated = []
    for path in sorted(suites.glob("*/test_*.py")):
        module = _module(path)
        for name, function in vars(module).items():
            for mark in getattr(function, "pytestmark", []):
                if mark.name == "requirement":
                    node = f"{path.parent.name}/{path.name}::{name}"
                    stated.append(complete(mark.args[0], function, path.parent.name, node))
    return catalogue_of(stated)


def _module(path: Path) -> ModuleType:
    name = f"_gatecert_catalogue_{path.parent.name}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} cannot be read as a module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _plain(one: Requirement) -> dict[str, Any]:
    raw = asdict(one)
    raw["needs"] = list(one.needs)
    return raw
