"""The hints that requirements share: for gateways we know, short enough for one line."""

from __future__ import annotations

import pytest

from gatecert.requirements import GATEWAYS, Requirement, gateway_hints, load_catalogue
from gatecert.session.paths import suites_folder

SHARED = {name: value for name, value in vars(gateway_hints).items() if name.isupper()}
CATALOGUE = list(load_catalogue(suites_folder()))
MOST_CHARACTERS = 200


@pytest.mark.parametrize("name", SHARED)
def test_each_shared_set_is_for_known_gateways_and_is_used(name: str) -> None:
    assert set(SHARED[name]) <= set(GATEWAYS)
    assert any(SHARED[name].items() <= one.hints.items() for one in CATALOGUE)


@pytest.mark.parametrize("one", [r for r in CATALOGUE if r.hints], ids=lambda r: r.id)
def test_a_hint_is_one_short_line(one: Requirement) -> None:
    for hint in one.hints.values():
        assert hint == hint.strip()
        assert "\n" not in hint
        assert len(hint) <= MOST_CHARACTERS, hint


def test_the_fix_names_no_gateway_that_a_hint_could_name() -> None:
    named = [
        (one.id, product)
        for one in CATALOGUE
        for product in GATEWAYS.values()
        if f"{product}: " in one.fix
    ]
    assert not named
