"""Overhead: interleaved pairs of requests, direct and through the gateway, in their own process."""

from gatecert.overhead.estimate import Estimate, estimate, quantile
from gatecert.overhead.measure import (
    Paired,
    measure_fallback,
    measure_paired,
    requests_through_gateway,
)

__all__ = [
    "Estimate",
    "Paired",
    "estimate",
    "measure_fallback",
    "measure_paired",
    "quantile",
    "requests_through_gateway",
]
