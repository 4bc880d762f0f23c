"""The exit code that a record earns."""

from __future__ import annotations

import pytest
from sample import sample_record, sample_results

from gatecert.cli.run import exit_code

# MUST, in the sample's cast
PASS, FAIL, KNOWN, FIXED, ERROR, UNRUN = "CONN-01 AUTH-03 MSG-05 URL-02 ERR-06 OVER-01".split()
APART = "AUTH-09"
WARN, INFO = "STREAM-07", "MODEL-04"


def code(*identifiers: str, strict: bool = False, complete: bool = False, **changes: str) -> int:
    record = sample_record(results=sample_results(*identifiers), **changes)
    return exit_code(record, strict, complete)


@pytest.mark.parametrize(
    ("identifiers", "expected"),
    [
        ([PASS], 0),
        ([PASS, WARN, INFO], 0),
        ([PASS, KNOWN], 0),
        ([PASS, FIXED], 0),
        ([PASS, UNRUN], 0),
        ([PASS, FAIL], 1),
        ([PASS, KNOWN, FAIL], 1),
        ([PASS, ERROR], 3),
        ([FAIL, ERROR], 3),
        ([UNRUN], 3),
        ([APART], 3),
        ([APART, UNRUN], 3),
        ([APART, UNRUN, WARN], 0),
        ([KNOWN, APART], 0),
    ],
)
def test_verdicts_make_the_code(identifiers: list[str], expected: int) -> None:
    assert code(*identifiers) == expected


def test_a_fixed_deviation_counts_if_strict() -> None:
    assert code(PASS, FIXED, strict=True) == 1


def test_an_incomplete_run_counts_if_completeness_is_required() -> None:
    assert code(PASS, UNRUN, complete=True) == 3
    assert code(PASS, complete=True) == 0
    assert code(FAIL, UNRUN, complete=True) == 1


@pytest.mark.parametrize("state", ["interrupted", "stopped", "gateway-lost", "provider-lost"])
def test_a_run_that_was_broken_off_is_not_valid(state: str) -> None:
    assert code(PASS, state=state) == 3
    assert code(FAIL, state=state) == 3
