"""The catalogue of the real suites: whole, stable, and each requirement with its proof."""

from __future__ import annotations

import re
from dataclasses import fields, replace

import pytest

from gatecert.cli.catalogue import load_identifiers
from gatecert.gateways.defects import DEFECTS, Defect
from gatecert.gateways.promises import Attribution, FallbackPromise, Policy, Promises
from gatecert.gateways.target import SampleKeys, Target
from gatecert.requirements import MUST, Requirement, Source, load_catalogue
from gatecert.requirements.catalogue import Catalogue, catalogue_of
from gatecert.session.paths import suites_folder

CATALOGUE = load_catalogue(suites_folder())
LISTED = load_identifiers().live

each = pytest.mark.parametrize("one", list(CATALOGUE), ids=lambda one: one.id)


def stated(identifier: str, area: str = "auth", sentence: str = "It holds.") -> Requirement:
    source = Source("official", "a page")
    return Requirement(
        identifier, MUST, source, "why", "fix", (), sentence, area, f"{area}/t.py::t"
    )


@each
def test_a_requirement_reads_like_a_sentence(one: Requirement) -> None:
    for text in (one.sentence, one.why, one.fix):
        assert re.match(r"[A-Z/]|[a-z]+[-_.]\w", text), text  # or the name of a field
        assert text.endswith((".", "…")), text


@each
def test_a_requirement_needs_what_a_target_can_have(one: Requirement) -> None:
    known = {f.name for f in fields(Promises)} | {"metadata", "models.unreachable_primary", "tls"}
    known |= {f"keys.{f.name}" for f in fields(SampleKeys)}
    known |= {"attribution", *(f"fallback.{status}" for status in (429, 500, 529))}
    tables = {"fallback": FallbackPromise, "policy": Policy, "attribution": Attribution}
    known |= {f"{name}.{f.name}" for name, table in tables.items() for f in fields(table)}
    assert set(one.needs) <= known


@each
def test_a_requirement_is_broken_by_a_seeded_defect(one: Requirement) -> None:
    assert [d.name for d in DEFECTS.values() if one.id in d.breaks]


@pytest.mark.parametrize("defect", list(DEFECTS.values()), ids=lambda defect: defect.name)
def test_a_defect_is_pinned_to_requirements_that_exist(defect: Defect) -> None:
    assert defect.breaks
    assert set(defect.breaks) <= set(LISTED)


def test_requirements_come_in_the_order_of_areas_and_identifiers() -> None:
    mixed = [stated("URL-01", "urls"), stated("AUTH-02"), stated("CONN-09", "connection")]
    ordered = [r.id for r in catalogue_of([*mixed, stated("AUTH-01")])]
    assert ordered == ["CONN-09", "AUTH-01", "AUTH-02", "URL-01"]


def test_an_identifier_stands_for_one_requirement() -> None:
    with pytest.raises(ValueError, match="AUTH-01 is stated twice"):
        catalogue_of([stated("AUTH-01"), stated("AUTH-01", "urls")])


def test_the_hash_changes_with_any_statement() -> None:
    plain = stated("AUTH-01")
    hashes = {
        Catalogue([changed]).hash
        for changed in (
            plain,
            replace(plain, level="SHOULD"),
            replace(plain, sentence="It holds still."),
            replace(plain, needs=("fallback",)),
            replace(plain, fix="another"),
        )
    }
    assert len(hashes) == 5
    assert Catalogue([plain]).hash == Catalogue([stated("AUTH-01")]).hash


def test_a_target_that_promises_nothing_still_owes_the_most() -> None:
    bare = Target("bare", "external", "http://127.0.0.1:1", "key")
    owed = [r.id for r in CATALOGUE if not any(bare.lacks(need) for need in r.needs)]
    assert len(owed) > 60
    assert "STREAM-03" in owed
    assert "AUTH-03" not in owed
