"""The file of source lines: every mistake in it is told with its tag, and the real one has none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from gatecert.cli.catalogue import load_identifiers, load_trace
from gatecert.lint import CODES
from gatecert.requirements import load_catalogue
from gatecert.requirements.trace import (
    Known,
    TraceError,
    complaints,
    counts,
    read_trace,
    uncovering,
)
from gatecert.session.paths import suites_folder

TESTS = Path(__file__).resolve().parents[1]
# how many lines each source has; one is taken out or added here and there, never in passing
TOTALS = {"N": 30, "F": 96, "RC": 16, "GB": 17, "GR": 44, "PK": 28, "SG": 34}

SOURCE = '[sources.N]\ntitle = "Pages"\ntotal = 1\n[lines]\n'
KNOWN = Known(["AUTH-01", "AUTH-02"], ["AUTH-09"], ["ends-in-v1"], ["a/test_b.py::test_c"])


def line(members: str, tag: str = "N01") -> str:
    return f"{SOURCE}{tag} = {{ {members} }}\n"


def found(members: str, tag: str = "N01") -> list[str]:
    return complaints(read_trace(line(members, tag)), KNOWN)


def own_tests() -> set[str]:
    """Every test of the harness, as ``path::name``."""
    return {
        f"{path.relative_to(TESTS).as_posix()}::{node.name}"
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_source_line_is_covered_or_says_why_not() -> None:
    identifiers = load_identifiers()
    known = Known(
        [one.id for one in load_catalogue(suites_folder())],
        identifiers.retired,
        CODES,
        own_tests(),
    )
    assert complaints(load_trace(), known) == []


def test_no_source_has_lost_a_line() -> None:
    trace = load_trace()
    assert {source.key: source.total for source in trace.sources} == TOTALS
    assert {count.source.key: len(trace.of(count.source.key)) for count in counts(trace)} == TOTALS


def test_lines_that_are_numbered_without_gaps_have_none() -> None:
    trace = load_trace()
    for key in set(TOTALS) - {"GR", "PK"}:
        tags = [line.tag for line in trace.of(key)]
        assert tags == [f"{key}{number:02}" for number in range(1, TOTALS[key] + 1)]


def test_a_sentence_is_told_once() -> None:
    said = [line.says for line in load_trace().lines]
    assert sorted({text for text in said if said.count(text) > 1}) == []


@pytest.mark.parametrize(
    "members",
    [
        'says = "It holds.", covered_by = ["AUTH-01", "AUTH-02"]',
        'says = "It holds.", covered_by = ["lint:ends-in-v1"]',
        'says = "It holds.", covered_by = ["test:a/test_b.py::test_c"], limit = "the rest"',
        'says = "It holds.", unobservable = "Nobody sees it."',
    ],
)
def test_a_sound_line_has_no_complaint(members: str) -> None:
    assert found(members) == []


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ('says = "It."', "N01: is mapped to nothing: give covered_by or unobservable"),
        ('says = "It.", covered_by = []', "N01: is mapped to nothing: give"),
        ('says = "It.", covered_by = ["AUTH-03"]', "N01: AUTH-03 is no requirement"),
        ('says = "It.", covered_by = ["AUTH-09"]', "N01: AUTH-09 is retired"),
        ('says = "It.", covered_by = ["lint:U002"]', "N01: lint:U002 is no code of gatecert lint"),
        ('says = "It.", covered_by = ["test:b"]', "N01: test:b is no test of the harness"),
        (
            'says = "It.", covered_by = ["AUTH-01", "AUTH-01"]',
            "N01: names one cover twice",
        ),
        (
            'says = "It.", covered_by = ["AUTH-01"], unobservable = "No."',
            "N01: is covered and unobservable at once",
        ),
        ('says = "It.", unobservable = "No.", limit = "all"', "N01: has a limit and nothing that"),
    ],
)
def test_a_wrong_cover_is_told_with_its_tag(members: str, complaint: str) -> None:
    (text,) = found(members)
    assert text.startswith(complaint)


def test_a_line_that_is_missing_is_missed() -> None:
    assert complaints(read_trace(SOURCE), KNOWN) == ["N: 0 lines, and the source has 1"]


def test_a_line_of_no_source_is_told() -> None:
    told = found('says = "It.", covered_by = ["AUTH-01"]', "F01")
    assert told == ["N: 0 lines, and the source has 1", "F01: there is no source F"]


def test_where_the_tests_are_not_at_hand_their_names_are_taken_on_trust() -> None:
    trace = read_trace(line('says = "It.", covered_by = ["test:b"]'))
    assert complaints(trace, Known([], [], [])) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[lines", "is not valid TOML"),
        ("[line]\n", "unknown table [line]"),
        ("[sources.N]\ntotal = 1\n", "source N: title must be a text"),
        ("[sources.N]\ntitle = 'a'\ntotal = 0\n", "source N: total must be a number from 1 on"),
        ("[sources.N]\ntitle = 'a'\ntotal = true\n", "source N: total must be a number from 1 on"),
        ("[sources.N]\ntitle = 'a'\ntotals = 1\n", "source N: unknown key 'totals'"),
        ("[lines]\nN01 = 'a'\n", "N01: must be a table"),
        ("[lines]\nn1 = {}\n", "n1: a tag is the key of a source and a number"),
        ("[lines]\nN01 = { covered_by = ['AUTH-01'] }\n", "N01: says is missing"),
        ("[lines]\nN01 = { says = ' ' }\n", "N01: says must be a text, not empty"),
        ("[lines]\nN01 = { says = 'a', unobservable = '' }\n", "N01: unobservable must be a text"),
        ("[lines]\nN01 = { says = 'a', covered_by = 'AUTH-01' }\n", "N01: covered_by must be a"),
        ("[lines]\nN01 = { says = 'a', covered_by = [1] }\n", "N01: covered_by must be a list"),
        ("[lines]\nN01 = { says = 'a', cover = [] }\n", "N01: unknown key 'cover'; known are"),
        ("[lines]\nN01 = { says = 'a' }\nN01 = { says = 'b' }\n", "is not valid TOML"),
    ],
)
def test_a_malformed_file_names_the_place(text: str, words: str) -> None:
    with pytest.raises(TraceError) as caught:
        read_trace(text)
    assert words in str(caught.value)


def test_each_line_is_counted_once() -> None:
    trace = read_trace(
        '[sources.N]\ntitle = "Pages"\ntotal = 4\n[lines]\n'
        'N01 = { says = "a", covered_by = ["lint:ends-in-v1", "AUTH-01"] }\n'
        'N02 = { says = "b", covered_by = ["lint:ends-in-v1"] }\n'
        'N03 = { says = "c", unobservable = "No." }\n'
        'N04 = { says = "d", covered_by = ["AUTH-02"] }\n'
    )
    (count,) = counts(trace)
    assert (count.by_requirements, count.by_client, count.unobservable) == (2, 1, 1)
    assert [one.tag for one in trace.covering("AUTH-01")] == ["N01"]
    assert uncovering(trace, ["AUTH-01", "AUTH-02", "AUTH-03"]) == ["AUTH-03"]
