"""Seeded defects: the reference gateway with one realistic fault each.

They are the proof that the requirements can fail. Each pins the identifiers it must break.
"""

from gatecert.gateways.defects.registry import Defect, collect

DEFECTS: dict[str, Defect] = collect()

__all__ = ["DEFECTS", "Defect"]
