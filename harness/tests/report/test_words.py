"""Words that all outputs share."""

from __future__ import annotations

import pytest

from gatecert.report.words import moment, some


@pytest.mark.parametrize(
    ("iso", "shown"),
    [
        ("2026-11-23T09:00:00+01:00", "2026-11-23 08:00:00 UTC"),
        ("2026-11-23T09:00:00", "2026-11-23T09:00:00"),
        ("soon", "soon"),
        ("0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00+23:59"),
        ("9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59-23:59"),
    ],
)
def test_a_moment_is_told_in_utc_or_as_it_stands(iso: str, shown: str) -> None:
    assert moment(iso) == shown


def test_of_many_names_it_is_said_how_many_more() -> None:
    assert some(["a", "b"], 2) == "a, b"
    assert some(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert some([], 2) == ""
