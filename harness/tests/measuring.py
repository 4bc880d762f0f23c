"""Benchmarks: figures for a reader, and checks that they were measured; no time decides a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_benchmark.fixture import BenchmarkFixture


def measured(
    benchmark: BenchmarkFixture, rounds: int, action: Callable[..., Any], *args: Any
) -> Any:
    """Run an action so often, see that its figures exist, and return its last result."""
    result = benchmark.pedantic(  # type: ignore[no-untyped-call]
        action, args=args, rounds=rounds, iterations=1, warmup_rounds=2
    )
    if benchmark.enabled:  # xdist turns measuring off
        assert benchmark.stats is not None
        assert len(benchmark.stats.stats.data) == rounds
        assert benchmark.stats.stats.median > 0
    return result


def note_rate(benchmark: BenchmarkFixture, name: str, amount: int) -> None:
    """Add to the figures how much of something was done in a second, at the median."""
    if benchmark.enabled and benchmark.stats is not None:
        benchmark.extra_info[name] = round(amount / benchmark.stats.stats.median)
