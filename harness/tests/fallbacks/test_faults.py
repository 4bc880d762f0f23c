"""The faults: every cell is tried, or says why not; the promise decides what is owed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatecert.fallbacks import FAULTS, MODES, faults, named
from gatecert.gateways.promises import FallbackPromise, Promises
from gatecert.gateways.target import Models, Target

PLAIN = Target("gw", "external", "http://127.0.0.1:1", "key", promises=Promises(fallback=True))
FULL = replace(
    PLAIN,
    promises=Promises(fallback=True, serves_count_tokens=True),
    models=Models(unreachable_primary="dead"),
    fallback=FallbackPromise(statuses=(429, 500, 529), after_ms=300, impatient_model="hurry"),
)


def test_every_row_has_a_name_of_its_own() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("target", [PLAIN, FULL], ids=["plain", "full"])
def test_a_cell_that_is_not_tried_says_why(target: Target) -> None:
    for fault in FAULTS:
        for mode in MODES:
            why = fault.without(mode, target)
            assert why == "" or len(why) > 10


def test_a_plain_target_leaves_out_what_it_has_no_means_for() -> None:
    assert "models.unreachable" not in faults.fault("connection refused").without("whole", FULL)
    assert "unreachable_primary" in faults.fault("connection refused").without("whole", PLAIN)
    assert "after_ms" in faults.fault("answer does not begin in time").without("whole", PLAIN)
    assert "serves_count_tokens" in faults.fault("500").without(faults.COUNT, PLAIN)


@pytest.mark.parametrize(
    ("name", "mode", "owed"),
    [
        ("500", faults.WHOLE, True),
        ("500", faults.COUNT, True),
        ("502", faults.WHOLE, False),
        ("429 with retry-after: 2", faults.STREAMED, True),
        ("401", faults.WHOLE, False),
        ("400, the client's own mistake", faults.WHOLE, False),
        ("an HTML page with 200", faults.WHOLE, False),
    ],
)
def test_the_promise_decides_what_is_owed(name: str, mode: str, owed: bool) -> None:
    assert faults.fault(name).promised(mode, FULL) is owed


def test_streams_and_counts_may_be_left_out_of_the_promise() -> None:
    less = replace(FULL, fallback=replace(FULL.fallback, streams=False, count_tokens=False))
    fault = faults.fault("500")
    assert [fault.promised(mode, less) for mode in MODES] == [True, False, False, False]


def test_the_failure_is_one_that_is_promised() -> None:
    assert faults.failure(FULL).status == 500
    only = replace(FULL, fallback=FallbackPromise(statuses=(529,)))
    assert faults.failure(only).status == 529
    assert faults.failure(replace(FULL, fallback=FallbackPromise(statuses=()))).drop


def test_kinds_part_the_faults() -> None:
    kinds = ("failing", "client", "broken", "begun", "both", "healthy")
    assert sorted(f.name for f in named(*kinds)) == sorted(f.name for f in FAULTS)
