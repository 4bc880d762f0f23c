"""Ties the gateway's vitals to a pytest session."""

from __future__ import annotations

import pytest

from gatecert.desktop import RequestCap
from gatecert.session.spending import TokenCap
from gatecert.session.stash import CAP, COOLED_S, REQUIREMENT, SHARED, TOKENS, VITALS
from gatecert.session.vitals import Vitals, plain_turn
from gatecert.session.witness import Witness
from gatecert.upstream import Provider


def watch_over(config: pytest.Config) -> None:
    """Begin to watch before the first requirement is judged; a second call does nothing."""
    if CAP in config.stash:
        return
    shared = config.stash[SHARED]
    target = shared.target
    cap = config.stash[CAP] = RequestCap(shared.limits.requests, shared.workers)
    most = shared.limits.tokens
    config.stash[TOKENS] = None if most is None else TokenCap(most, shared.workers)
    if target.scripted:
        provider = Provider(target.upstream_url)
        config.add_cleanup(provider.close)
        config.stash[VITALS] = Vitals(lambda: plain_turn(target, provider, cap))
        config.stash[VITALS].take_baseline()


def wait_until_well(item: pytest.Item) -> bool:
    """Whether a requirement that failed shall be judged again, because the gateway was unwell.

    Returns once the gateway is well. Raises CannotJudge if it refuses every turn for good.
    """
    vitals = item.config.stash.get(VITALS, None)
    if vitals is None or REQUIREMENT not in item.stash:
        return False
    cooled_s = vitals.wait_until_well()
    if not cooled_s:
        return False
    item.stash[COOLED_S] = cooled_s
    witness = getattr(item, "funcargs", {}).get("witness")
    if isinstance(witness, Witness):
        witness.forget()
    return True
