"""Harmless variants of the reference gateway: they differ, and must pass everything."""

from gatecert.gateways.variants import (  # noqa: F401 - importing registers them
    doors,
    forms,
    streams,
    structures,
    transfer,
)
from gatecert.gateways.variants.registry import VARIANTS, Variant

__all__ = ["VARIANTS", "Variant"]
