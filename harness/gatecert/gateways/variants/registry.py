"""How a variant is stated."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gatecert.gateways.reference.gateway import ReferenceGateway


@dataclass(frozen=True)
class Variant:
    """One harmless difference."""

    name: str
    summary: str
    gateway: type[ReferenceGateway]


VARIANTS: dict[str, Variant] = {}
_TOGETHER = "+"
_FILTERS = {"relayed_headers"}  # each gets what the others made of it


def variant(name: str) -> Callable[[type[ReferenceGateway]], type[ReferenceGateway]]:
    """Make a subclass of the reference gateway a variant; its docstring is the summary."""

    def register(gateway: type[ReferenceGateway]) -> type[ReferenceGateway]:
        summary = " ".join(inspect.cleandoc(gateway.__doc__ or "").split())
        VARIANTS[name] = Variant(name, summary, gateway)
        return gateway

    return register


def varied(name: str) -> type[ReferenceGateway]:
    """The gateway that differs in one way, or in several whose names are joined by ``+``."""
    gateways = [VARIANTS[one].gateway for one in parts(name)]
    return gateways[0] if len(gateways) == 1 else type("Varied", tuple(gateways), {})


def parts(name: str) -> list[str]:
    """The names that are joined in one, each once."""
    return list(dict.fromkeys(name.split(_TOGETHER))) if name else []


def companies(names: Iterable[str]) -> list[str]:
    """The names again, joined where the variants differ in different places.

    No two of a company change the same method, so that none hides what another one does; filters
    of headers, which each change what the other ones leave, may be several.
    """
    found: list[tuple[list[str], set[str]]] = []
    for name in names:
        changed = _changed(VARIANTS[name].gateway)
        fitting = [company for company in found if not company[1] & changed]
        if not fitting:
            found.append(([name], changed))
            continue
        members, taken = min(fitting, key=lambda company: len(company[0]))
        members.append(name)
        taken |= changed
    return [_TOGETHER.join(members) for members, _ in found]


def _changed(gateway: type[ReferenceGateway]) -> set[str]:
    """What a variant defines that the reference has too, or that a way of bending asks for."""
    own = [one for one in gateway.__mro__ if one not in ReferenceGateway.__mro__]
    return {name for one in own for name in vars(one) if callable(vars(one)[name])} - _FILTERS
