"""Harmless variants of the reference gateway: they differ, and must pass everything."""

from gatecert.gateways.variants import (  # noqa: F401 - importing registers them
    bodies,
    doors,
    models,
    paths,
    refusals,
    streams,
    transfer,
)
from gatecert.gateways.variants.registry import VARIANTS, Variant, companies, parts, varied

__all__ = ["VARIANTS", "Variant", "companies", "parts", "varied"]
