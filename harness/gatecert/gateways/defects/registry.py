"""How a defect is stated, and where all of them are gathered."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gatecert.gateways.reference.gateway import ReferenceGateway

_MODULES = (
    "connection",
    "probes",
    "auth",
    "keyplaces",
    "refusals",
    "limits",
    "urls",
    "paths",
    "metadata",
    "attribution",
    "models",
    "names",
    "messages",
    "answers",
    "content",
    "tools",
    "fields",
    "text",
    "blocks",
    "streaming",
    "stream_blocks",
    "stream_delivery",
    "stream_breaks",
    "errors",
    "errorwords",
    "errorbodies",
    "passthrough",
    "fallback",
    "outages",
    "isolation",
    "framing",
    "heads",
    "hops",
    "secrets",
    "tls",
    "overhead",
)


@dataclass(frozen=True)
class Defect:
    """One seeded fault. ``breaks`` are exactly the identifiers it must break."""

    name: str
    summary: str
    breaks: Sequence[str]
    gateway: type[ReferenceGateway]


_DEFECTS: list[Defect] = []


def defect(name: str, *breaks: str) -> Callable[[type[ReferenceGateway]], type[ReferenceGateway]]:
    """Make a subclass of the reference gateway a defect; its docstring is the summary."""

    def register(gateway: type[ReferenceGateway]) -> type[ReferenceGateway]:
        if any(known.name == name for known in _DEFECTS):
            raise ValueError(f"two defects are named {name!r}")
        summary = " ".join(inspect.cleandoc(gateway.__doc__ or "").split())
        _DEFECTS.append(Defect(name, summary, breaks, gateway))
        return gateway

    return register


def collect() -> dict[str, Defect]:
    """Every defect by name."""
    for module in _MODULES:
        importlib.import_module(f"gatecert.gateways.defects.{module}")
    return {one.name: one for one in _DEFECTS}
