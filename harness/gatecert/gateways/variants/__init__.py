"""Harmless variants of the reference gateway: they differ, and must pass everything."""

from gatecert.gateways.variants import forms, transfer  # noqa: F401 - importing registers them
from gatecert.gateways.variants.registry import VARIANTS, Variant

__all__ = ["VARIANTS", "Variant"]
