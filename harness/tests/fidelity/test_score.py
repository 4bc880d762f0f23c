from __future__ import annotations

import json

import pytest

from gatecert.fidelity.comparison import Comparison
from gatecert.fidelity.explained import Explanation
from gatecert.fidelity.render import as_json, as_text
from gatecert.fidelity.score import Fidelity, scored


def comparison(flow: str, *pairs: tuple[str, str, str]) -> Comparison:
    result = Comparison("capture", flow)
    for kind, expected, actual in pairs:
        result.point(kind, 1, f"{kind}.place", expected, actual)
    return result


def fidelity(*explanations: Explanation) -> Fidelity:
    one = comparison("one", ("header", "a", "a"), ("header", "a", "b"), ("top", "k", "k"))
    two = comparison("two", ("flow", "x", "x"))
    pairs = [("first", one), ("first", two), ("second", comparison("three", ("top", "k", "k")))]
    return scored(pairs, explanations, whole=True)


def test_a_score_is_the_share_of_equal_points() -> None:
    first, second = fidelity().scores
    assert first.percent() == 75.0
    assert (first.percent("header"), first.percent("top")) == (50.0, 100.0)
    assert first.percent("attempt") is None
    assert (first.flows, second.percent()) == (2, 100.0)


def test_only_explained_differences_leave_a_run_clean() -> None:
    assert not fidelity().clean
    reason = Explanation("capture", "one", "header.*", "known")
    assert fidelity(reason).clean
    assert fidelity(reason).scores[0].percent() == 75.0
    unused = Explanation("capture", "two", "*", "gone")
    assert fidelity(reason, unused).stale == [unused]
    assert not fidelity(reason, unused).clean


def test_the_text_names_every_difference_and_its_reason() -> None:
    text = as_text(fidelity(Explanation("capture", "two", "*", "gone")))
    assert "UNEXPLAINED  capture one #1 header.place: a in the capture, b here" in text
    assert "STALE        capture two *" in text
    assert "1 of them unexplained, 1 stale explanations" in text
    reasoned = as_text(fidelity(Explanation("capture", "one", "*", "known")))
    assert "explained    capture one" in reasoned
    assert "because: known" in reasoned


def test_a_score_is_never_rounded_up_to_a_hundred() -> None:
    pairs = [("header", "a", "a")] * 99_999
    nearly = comparison("f", *pairs, ("header", "a", "b"))
    text = as_text(scored([("p", nearly)], [], whole=True))
    assert "99.99 %" in text
    assert "100 %" not in text


def test_a_profile_without_captures_is_named_and_has_no_score() -> None:
    result = scored([("p", comparison("f"))], [], whole=True, wanted={"p", "q"})
    assert ([score.name for score in result.scores], result.unmeasured) == (["p"], ["q"])
    assert "NOT MEASURED, for want of a capture: q" in as_text(result)
    assert json.loads(as_json(result))["unmeasured"] == ["q"]
    assert "NOT MEASURED" not in as_text(scored([("p", comparison("f"))], [], whole=True))


def test_the_json_says_the_same() -> None:
    document = json.loads(as_json(fidelity(Explanation("capture", "one", "*", "known"))))
    assert (document["clean"], document["unexplained"], document["stale"]) == (True, 0, [])
    first = document["profiles"][0]
    assert (first["score"], first["scores"]["header"], first["scores"]["url"]) == (75.0, 50.0, None)
    assert first["differences"][0]["why"] == "known"


@pytest.mark.parametrize(("expected", "actual"), [(1, True), (1, "1"), (None, False)])
def test_a_point_is_equal_only_in_value_and_type(expected: object, actual: object) -> None:
    result = Comparison("c", "f")
    assert not result.point("body", 1, "p", expected, actual)
    assert result.point("body", 1, "p", expected, expected)
    assert (result.points["body"], result.equal["body"]) == (2, 1)


def test_a_long_value_is_cut_to_a_line() -> None:
    result = Comparison("c", "f")
    result.point("body", 1, "p", "x" * 500, "y")
    assert len(result.differences[0].expected) == 160
