"""Identifiers that were given out: each stands for one requirement for ever."""

from __future__ import annotations

import pytest

from gatecert.cli.catalogue import load_identifiers
from gatecert.gateways.defects import DEFECTS
from gatecert.requirements import load_catalogue
from gatecert.requirements.identifiers import Retired, parse_identifiers
from gatecert.session.paths import suites_folder

GIVEN = "# a comment\n\nAUTH-01\nAUTH-02 retired in 0.3: joined with AUTH-01\nURL-01\n"


def test_the_suites_use_what_is_listed_and_nothing_that_is_retired() -> None:
    stated = [one.id for one in load_catalogue(suites_folder())]
    assert load_identifiers().misuses(stated) == []


def test_no_defect_is_pinned_to_a_retired_requirement() -> None:
    retired = load_identifiers().retired
    assert not [d.name for d in DEFECTS.values() if set(d.breaks) & set(retired)]


def test_a_retired_identifier_is_marked_with_release_and_reason() -> None:
    given = parse_identifiers(GIVEN)
    assert given.live == ("AUTH-01", "URL-01")
    assert given.retired == {"AUTH-02": Retired("0.3", "joined with AUTH-01")}


def test_a_retired_identifier_may_not_be_used_again() -> None:
    told = parse_identifiers(GIVEN).misuses(["AUTH-01", "AUTH-02", "URL-01"])
    assert told == ["AUTH-02 is retired and must not be used again"]


def test_an_identifier_that_is_not_listed_is_told() -> None:
    told = parse_identifiers(GIVEN).misuses(["AUTH-01", "URL-01", "URL-02"])
    assert told == ["URL-02 is not in the list of identifiers"]


def test_an_identifier_is_never_lost_but_retired() -> None:
    told = parse_identifiers(GIVEN).misuses(["AUTH-01"])
    assert told == ["URL-01 is listed and no requirement has it: retire it"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("AUTH-01\nAUTH-01\n", "line 2: AUTH-01 is listed twice"),
        ("AUTH-01\nAUTH-01 retired in 0.3: gone\n", "line 2: AUTH-01 is listed twice"),
        ("AUTH-1\n", "line 1: 'AUTH-1' is neither"),
        ("AUTH-01 retired\n", "line 1: 'AUTH-01 retired' is neither"),
        ("AUTH-01 retired in 0.3:\n", "is neither AREA-01 nor"),
        ("AUTH-01 retired in 0.3: \n", "is neither AREA-01 nor"),
        (" AUTH-01\n", "is neither AREA-01 nor"),
    ],
)
def test_a_malformed_line_is_told_with_its_number(text: str, words: str) -> None:
    with pytest.raises(ValueError, match="line") as caught:
        parse_identifiers(text)
    assert words in str(caught.value)
