"""The kill table's arithmetic: what is missing, what is too much, what no defect breaks."""

from __future__ import annotations

from gatecert.gateways.defects import DEFECTS
from gatecert.gateways.variants import VARIANTS
from gatecert.killtable import KillTable, Row, planned


def row(kind: str, *broken: str, pinned: tuple[str, ...] = (), **changes: object) -> Row:
    values = {"unjudged": (), "trouble": "", **changes}
    return Row(kind, f"{kind}-row", "does it", pinned, broken, **values)  # type: ignore[arg-type]


def table(*rows: Row) -> KillTable:
    return KillTable.of(rows, ["AUTH-01", "AUTH-02"], "sha256:0")


def test_a_table_is_complete_if_all_is_as_pinned_and_all_is_broken() -> None:
    both = ("AUTH-01", "AUTH-02")
    whole = table(row("reference"), row("variant"), row("defect", *both, pinned=both))
    assert whole.complete
    assert whole.killers("AUTH-01") == ["defect-row"]
    assert "| AUTH-01 | `defect-row` |" in whole.to_markdown()


def test_a_requirement_that_no_defect_breaks_is_named() -> None:
    found = table(row("defect", "AUTH-01", pinned=("AUTH-01",)))
    assert found.never_broken == ["AUTH-02"]
    assert not found.complete
    assert "| AUTH-02 | **nothing** |" in found.to_markdown()


def test_a_variant_does_not_count_as_proof() -> None:
    assert table(row("variant", "AUTH-01", "AUTH-02")).never_broken == ["AUTH-01", "AUTH-02"]


def test_a_defect_that_breaks_nothing_is_wrong() -> None:
    assert row("defect", pinned=("AUTH-01",)).complaints == [
        "does not break AUTH-01, which are pinned to it"
    ]


def test_anything_broken_on_reference_or_variant_is_wrong() -> None:
    for kind in ("reference", "variant"):
        (complaint,) = row(kind, "AUTH-02").complaints
        assert "AUTH-02" in complaint


def test_what_was_left_unjudged_counts_as_affected() -> None:
    (complaint,) = row("reference", unjudged=("AUTH-01",)).complaints
    assert "AUTH-01" in complaint


def test_a_row_without_a_record_is_wrong() -> None:
    assert row("reference", trouble="made no record").complaints == ["made no record"]


def test_the_plan_has_the_reference_every_defect_and_every_variant() -> None:
    rows = planned()
    assert [r.kind for r in rows].count("reference") == 1
    assert {r.name for r in rows if r.kind == "defect"} == set(DEFECTS)
    assert {r.name for r in rows if r.kind == "variant"} == set(VARIANTS)
    assert [r.name for r in planned(["slow"])] == ["slow"]
