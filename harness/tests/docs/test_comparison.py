"""The comparison's page: its list of faults fits the seeded defects, and its sums are right."""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from gatecert.gateways.defects import DEFECTS

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "comparison"
KNOWN = tomllib.loads((FOLDER / "faults.toml").read_text("utf-8"))
ABOUT = {"date": "2026-11-24", "gatecert": "0.2", "llm-comply": "0.5.0", "python": "3.11.7"}


@pytest.fixture(scope="module")
def module() -> Any:
    spec = importlib.util.spec_from_file_location("comparison_page", FOLDER / "page.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def row(kind: str = "defect", found: Mapping[str, list[str]] = MappingProxyType({})) -> Any:
    seconds = {"llm-comply_s": 0.4, "black_box_s": 4.0}
    return {"kind": kind, "llm-comply": [], "black_box": [], **seconds, **found}


def figures(**rows: Any) -> dict[str, Any]:
    measured = {"reference": row("reference"), **{name: row() for name in DEFECTS}, **rows}
    return {**ABOUT, "rows": measured, "plain": row("reference", {"llm-comply": ["anth-a"]})}


def test_the_list_of_faults_names_defects_that_exist(module: Any) -> None:
    module.check(KNOWN)
    assert len(KNOWN["earlier"]) == 40
    assert len({fault["fault"] for fault in KNOWN["earlier"]}) == 40


def test_a_fault_that_no_request_shows_is_counted_apart(module: Any) -> None:
    hidden = "drops-thinking"
    seen = "drops-event-lines"
    found = {name: row("defect", {"llm-comply": ["anth-x"]}) for name in (hidden, seen)}
    page = module.page(figures(**found), KNOWN)
    lines = {text.split(" | ")[0]: text for text in page.splitlines()}
    outside = lines["| faults that an ordinary request can show, caught"].split(" | ")
    inside = lines["| faults that none shows, caught"].split(" | ")
    assert outside[1].startswith("1 of ")
    assert inside[1].startswith("1 of ")
    count = sum(int(cells[1].split(" of ")[1]) for cells in (outside, inside))
    assert count == len(DEFECTS)


def test_an_alarm_on_a_harmless_gateway_is_a_false_one(module: Any) -> None:
    rows = {"crlf-events": row("variant", {"black_box": ["STREAM-01"]})}
    page = module.page(figures(**rows), KNOWN)
    assert "false alarms on the reference and its variants | 0 of 2 | 1 of 2 | 0 of 2 |" in page
    assert "newest fields out | 1 of 9 cases fail | none | none |" in page


def test_defects_without_figures_are_counted(module: Any) -> None:
    some = figures()
    del some["rows"]["no-usage"]
    assert "1 defects that were added since are not in" in module.page(some, KNOWN)
    assert "added since" not in module.page(figures(), KNOWN)


def test_a_name_that_no_defect_has_is_refused(module: Any) -> None:
    with pytest.raises(SystemExit, match=r"faults\.toml names no defect: nothing-such"):
        module.check({**KNOWN, "inside": ["nothing-such"]})
