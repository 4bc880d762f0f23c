"""How a variant is stated."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from gatecert.gateways.reference.gateway import ReferenceGateway


@dataclass(frozen=True)
class Variant:
    """One harmless difference."""

    name: str
    summary: str
    gateway: type[ReferenceGateway]


VARIANTS: dict[str, Variant] = {}


def variant(name: str) -> Callable[[type[ReferenceGateway]], type[ReferenceGateway]]:
    """Make a subclass of the reference gateway a variant; its docstring is the summary."""

    def register(gateway: type[ReferenceGateway]) -> type[ReferenceGateway]:
        summary = " ".join(inspect.cleandoc(gateway.__doc__ or "").split())
        VARIANTS[name] = Variant(name, summary, gateway)
        return gateway

    return register
