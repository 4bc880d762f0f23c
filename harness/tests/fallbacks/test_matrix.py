"""The matrix over cells that were seen: told once, and no pass where nothing is promised."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fallbacks.test_judging import BACKUP, TARGET, whole

from gatecert.fallbacks import FAULTS, MODES, Fallbacks, Observation, faults
from gatecert.gateways.promises import FallbackPromise
from gatecert.gateways.target import Target
from gatecert.requirements import NotApplicable, NotMet
from gatecert.session.witness import Witness

NOTHING = FallbackPromise(statuses=(), connection=False)


def matrix(target: Target, *seen: Observation) -> Fallbacks:
    """A matrix whose cells are these, all of them whole answers; nothing can be sent."""
    unreachable: Any = None
    cells = {(one.fault.name, one.mode): one for one in seen}
    return Fallbacks(unreachable, unreachable, target, Witness(), cells)


def test_a_promised_failure_that_is_survived_holds() -> None:
    seen = matrix(TARGET, whole("500", BACKUP))
    seen.judge("survival", faults=[faults.fault("500")], modes=[faults.WHOLE])
    (grid,) = seen.witness.grids
    assert [row.name for row in grid.rows] == ["500"]
    assert [cell.grade for cell in grid.rows[0].cells] == ["good", "none", "none", "none"]
    assert len(seen.witness.exchanges) == 1


def test_the_first_bad_cell_is_told_with_the_others() -> None:
    lost = (whole("500", None, "p", 500), replace(whole("529", None, "p", 529), token="u"))
    both = [faults.fault("500"), faults.fault("529")]
    seen = matrix(TARGET, *lost, whole("502", BACKUP))
    with pytest.raises(NotMet) as broken:
        seen.judge("survival", faults=both, modes=[faults.WHOLE])
    assert "when the primary does this: 500 (whole)" in broken.value.expected
    assert broken.value.came.endswith("; as wrong: 529 (whole)")
    assert len(seen.witness.exchanges) == 2


def test_what_is_promised_nowhere_is_no_pass() -> None:
    nothing = replace(TARGET, fallback=NOTHING)
    seen = matrix(nothing, whole("500", None, "p", 500))
    with pytest.raises(NotApplicable, match="promises no fallback for any of these: 500"):
        seen.judge("survival", faults=[faults.fault("500")], modes=[faults.WHOLE])


def test_cells_are_forgotten_with_the_requirement() -> None:
    seen = matrix(TARGET, whole("500", BACKUP))
    seen.judge("survival", faults=[faults.fault("500")], modes=[faults.WHOLE])
    seen.witness.forget()
    with pytest.raises(AttributeError):  # it is sent anew, which this one cannot
        seen.cell(faults.fault("500"), faults.WHOLE)
    assert seen.cache == {}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_cell_without_a_turn_says_why(fault: faults.Fault) -> None:
    seen = matrix(TARGET)
    seen._looked_at[fault.name, MODES[0]] = whole("500", BACKUP)
    for cell in seen._grid().rows[0].cells:
        assert (cell.grade, bool(cell.detail)) == ("none", True)
