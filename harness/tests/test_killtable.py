"""The kill table's arithmetic: what is missing, what is too much, what no defect breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gatecert.gateways.defects import DEFECTS
from gatecert.gateways.variants import VARIANTS, parts
from gatecert.killtable import COSTLY, KillTable, Row, markdown, planned, run_rows
from gatecert.requirements import load_catalogue
from gatecert.session.paths import suites_folder


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
    assert "| AUTH-01 | `defect-row` |" in markdown(whole)


def test_a_requirement_that_no_defect_breaks_is_named() -> None:
    found = table(row("defect", "AUTH-01", pinned=("AUTH-01",)))
    assert found.never_broken == ["AUTH-02"]
    assert not found.complete
    assert "| AUTH-02 | **nothing** |" in markdown(found)


def test_a_variant_does_not_count_as_proof() -> None:
    assert table(row("variant", "AUTH-01", "AUTH-02")).never_broken == ["AUTH-01", "AUTH-02"]


def test_a_defect_that_breaks_nothing_is_wrong() -> None:
    assert row("defect", pinned=("AUTH-01",)).complaints == ["does not break AUTH-01, pinned to it"]


def test_anything_broken_on_reference_or_variant_is_wrong() -> None:
    for kind in ("reference", "variant"):
        (complaint,) = row(kind, "AUTH-02").complaints
        assert "AUTH-02" in complaint


def test_what_was_left_unjudged_counts_as_affected() -> None:
    (complaint,) = row("reference", unjudged=("AUTH-01",)).complaints
    assert "AUTH-01" in complaint


def test_a_row_without_a_record_is_wrong() -> None:
    assert row("reference", trouble="made no record").complaints == ["made no record"]


def test_a_quick_table_judges_each_defect_by_its_pins_and_says_so() -> None:
    rows = planned(quick=True)
    assert all(r.only == r.pinned for r in rows if r.kind == "defect")
    assert not any(r.only for r in rows if r.kind != "defect")
    variants = [name for r in rows if r.kind == "variant" for name in parts(r.name)]
    assert sorted(variants) == sorted(VARIANTS)
    assert "A quick table" in markdown(table(*rows))
    assert "A quick table" not in markdown(table(*planned()))


def test_a_defect_is_judged_by_costly_requirements_only_where_they_are_pinned() -> None:
    by_name = {r.name: r for r in planned()}
    assert by_name["reference"].left_out == []
    assert all("SEC-12" in r.left_out for r in by_name.values() if r.pinned == ["AUTH-03"])
    assert all("SEC-12" not in r.left_out for r in by_name.values() if "SEC-12" in r.pinned)


def test_every_costly_requirement_is_one() -> None:
    assert set(COSTLY) <= {r.id for r in load_catalogue(suites_folder())}


def test_a_report_that_begins_with_another_requirement_is_wrong() -> None:
    both = ("AUTH-01", "AUTH-02")
    defect = row("defect", *both, pinned=both, names_it="AUTH-02", first="AUTH-02")
    assert not defect.complaints
    (complaint,) = replace(defect, first="AUTH-01").complaints
    assert complaint == "its report begins with AUTH-01 instead of AUTH-02"


def test_the_first_pin_is_the_one_that_names_the_fault() -> None:
    for one in planned():
        assert one.names_it == (DEFECTS[one.name].breaks[0] if one.kind == "defect" else "")


def test_the_plan_has_the_reference_every_defect_and_every_variant() -> None:
    rows = planned()
    assert [r.kind for r in rows].count("reference") == 1
    assert {r.name for r in rows if r.kind == "defect"} == set(DEFECTS)
    assert {r.name for r in rows if r.kind == "variant"} == set(VARIANTS)
    assert [r.name for r in planned(["slow"])] == ["slow"]
    assert [r.name for r in planned(["slow"], quick=True)] == ["slow"]
    two = ["crlf-events", "openai-model-list"]
    assert sorted(r.name for r in planned(two)) == two
    assert sorted(r.name for r in planned(two, quick=True)) == ["openai-model-list+crlf-events"]


def test_rows_that_measure_come_last_and_alone() -> None:
    batches: list[tuple[list[str], int]] = []

    def at_once(rows: Sequence[Row], workers: int) -> Iterator[Row]:
        batches.append(([row.name for row in rows], workers))
        yield from rows

    rows = planned()
    finished: list[str] = []
    done = run_rows(rows, 4, lambda row: finished.append(row.name), at_once)
    assert [row.name for row in done] == [row.name for row in rows]
    timed = [row.name for row in rows if row.timed]
    assert timed[:3] == ["reference", "slow", "slow-first-event"]
    assert batches[1:] == [([name], 1) for name in timed]
    assert finished[-len(timed) :] == timed
    assert batches[0] == (finished[: -len(timed)], 4)


def outcomes(row: Row, *each: Row) -> tuple[Row, int]:
    """What becomes of a row whose runs end so, one after the other, and how many were made."""
    left = list(each)
    (done,) = run_rows([row], 1, lambda _: None, lambda rows, _: (left.pop(0) for _ in rows))
    return done, len(each) - len(left)


SLOW = Row("defect", "slow", "", ["OVER-01"])
NOISY = replace(SLOW, unmeasured=["OVER-01"])
CAUGHT = replace(SLOW, broken=["OVER-01"])


def test_a_row_is_run_again_while_the_machine_is_too_noisy() -> None:
    assert outcomes(SLOW, NOISY, NOISY, CAUGHT) == (CAUGHT, 3)
    assert not CAUGHT.complaints


def test_a_machine_that_stays_too_noisy_is_said() -> None:
    done, runs = outcomes(SLOW, NOISY, NOISY, NOISY, CAUGHT)
    assert runs == 3
    assert done.complaints == [
        "does not break OVER-01 (the machine was too noisy to measure it), pinned to it"
    ]


def test_only_what_could_not_be_measured_is_put_down_to_noise() -> None:
    quiet = Row("defect", "slow", "", ["OVER-01", "OVER-02"], unmeasured=["OVER-02"])
    assert quiet.complaints == [
        "does not break OVER-01, OVER-02 (the machine was too noisy to measure it), pinned to it"
    ]


def test_what_the_reference_was_not_judged_on_is_said() -> None:
    noisy = Row("reference", "reference", "", unmeasured=["OVER-01"])
    assert not noisy.complaints
    assert noisy.note == "not judged, the machine was too noisy to measure it: OVER-01"
    assert not NOISY.note  # there it is a complaint


def test_what_is_caught_is_not_run_again_in_hope() -> None:
    wrong = replace(NOISY, broken=["OVER-02"])
    assert outcomes(SLOW, wrong, CAUGHT) == (wrong, 1)
