"""What was seen of cases, on the layers that tell: nothing that could be wrong is no pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from metadata.test_cases import METADATA, STRICT, TARGET

from gatecert.gateways.promises import Attribution, Policy
from gatecert.gateways.target import Target
from gatecert.metadata import CASES, Mailing, Outcome, in_group
from gatecert.requirements import NotApplicable, NotMet
from gatecert.session.witness import Witness
from gatecert.upstream import Receipt

UNTOLD = replace(TARGET, policy=Policy(rules="lenient"))


class Scripted(Mailing):
    """A mailing to which every case comes to the same."""

    outcome = Outcome(200, "HTTP 200", None)

    def send(self, lines: Sequence[bytes], what: str = "metadata") -> Outcome:
        return self.outcome


def mailing(target: Target, outcome: Outcome) -> Scripted:
    nobody: Any = None
    made = Scripted(nobody, nobody, nobody, target, Witness(), None)
    made.outcome = outcome
    return made


@pytest.mark.parametrize("group", ["mistakes", "no object", "values", "duplicates", "encodings"])
def test_what_is_served_and_shown_nowhere_is_no_pass(group: str) -> None:
    with pytest.raises(NotApplicable, match=r"names no log .*no route"):
        mailing(UNTOLD, Outcome(200, "HTTP 200", None)).judge(in_group(group))


@pytest.mark.parametrize("group", ["values", "encodings"])
def test_a_route_tells_nothing_of_what_it_does_not_depend_on(group: str) -> None:
    with pytest.raises(NotApplicable):
        mailing(TARGET, Outcome(200, "HTTP 200", ["primary"])).judge(in_group(group))


def test_a_route_tells_of_mistakes() -> None:
    mailing(TARGET, Outcome(200, "HTTP 200", ["primary"])).judge(in_group("mistakes"))
    with pytest.raises(NotMet, match="to be routed to primary"):
        mailing(TARGET, Outcome(200, "HTTP 200", ["other"])).judge(in_group("mistakes"))


def test_a_refusal_tells_by_itself() -> None:
    for target in (UNTOLD, STRICT):
        mailing(target, Outcome(400, "HTTP 400", [])).judge(in_group("mistakes"))


def test_every_cell_has_a_grade_and_a_story() -> None:
    made = mailing(TARGET, Outcome(400, "HTTP 400", []))
    with pytest.raises(NotMet):
        made.judge(CASES)
    (grid,) = made.witness.grids
    assert len(grid.rows) == len(CASES)
    assert all(cell.detail for row in grid.rows for cell in row.cells)
    assert {cell.grade for row in grid.rows for cell in row.cells} == {"good", "bad", "none"}


def test_the_header_at_the_provider_may_be_what_tells() -> None:
    target = replace(TARGET, attribution=Attribution(reader="receipt-header"))
    made = mailing(target, Outcome(200, "HTTP 200", ["primary"]))
    text = '{"team":"x"}'
    receipt = Receipt("t", "primary", 1, "POST", "/", [("x-portkey-metadata", text)], b"")
    assert made._filed([], [receipt]) == {"team": "x"}
    assert made._filed([], []) is None
    assert METADATA["team"] == "engineering"
