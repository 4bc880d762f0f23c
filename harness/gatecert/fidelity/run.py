"""Runs the sections against a scripted provider on loopback."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gatecert.errors import RunError
from gatecert.fidelity.explained import Explanation
from gatecert.fidelity.plans import Plans
from gatecert.fidelity.score import Fidelity, scored
from gatecert.fidelity.sections import SECTIONS, Bench
from gatecert.upstream import Provider
from gatecert.wire import Child, ChildError


def measure(
    captures: Path,
    plans: Plans,
    explanations: Sequence[Explanation],
    wanted: Collection[str],
    *,
    whole: bool,
) -> Fidelity:
    """Compare the profiles named in ``wanted`` with a folder of captures.

    ``whole`` says that these are all profiles and all captures that are kept, so that every
    explanation can be judged. Raises
    UsageError for captures or plans that cannot be read, RunError without a provider.
    """
    with _provider() as provider:
        bench = Bench(captures, plans, provider, wanted)
        compared = [c for section in SECTIONS.values() for c in section(bench)]
    pairs = [(c.profile, c.comparison) for c in compared]
    return scored(pairs, explanations, whole=whole, wanted=wanted)


@contextmanager
def _provider() -> Iterator[Provider]:
    try:
        child = Child.python("the scripted provider", "gatecert.upstream", ["127.0.0.1:0"])
    except ChildError as exc:
        raise RunError(str(exc)) from None
    provider = Provider(child.facts["url"])
    try:
        yield provider
    finally:
        provider.close()
        child.stop()
