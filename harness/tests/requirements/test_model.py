"""Stating a requirement: what is malformed is refused when the suite is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gatecert.requirements import MUST, NotMet, Requirement, Source, expect, requirement
from gatecert.requirements.catalogue import complete

SOURCE = "official: a page"


def documented() -> None:
    """It holds,
    over two lines.

    What follows is not part of the sentence.
    """


def undocumented() -> None: ...


def state(identifier: str = "AUTH-90", level: Any = MUST, source: str = SOURCE) -> Any:
    return requirement(identifier, level, source=source, why="Why.", fix="Fix.")


def test_a_stated_function_carries_its_requirement_and_its_level() -> None:
    function: Callable[[], None] = state()(documented)
    marks = {mark.name: mark for mark in function.pytestmark}  # type: ignore[attr-defined]
    assert set(marks) == {"requirement", "must"}
    whole = complete(marks["requirement"].args[0], function, "auth", "auth/test_it.py::test_it")
    assert whole == Requirement(
        id="AUTH-90",
        level="MUST",
        source=Source("official", "a page"),
        why="Why.",
        fix="Fix.",
        sentence="It holds, over two lines.",
        area="auth",
        node="auth/test_it.py::test_it",
    )


@pytest.mark.parametrize("identifier", ["AUTH-1", "auth-01", "A-01", "AUTH-001", "AUTH01", ""])
def test_a_malformed_identifier_is_refused(identifier: str) -> None:
    with pytest.raises(ValueError, match="not of the form"):
        state(identifier)


@pytest.mark.parametrize("since", ["1", "0.2.0", "soon", ""])
def test_a_version_that_is_none_is_refused(since: str) -> None:
    with pytest.raises(ValueError, match=r"not of the form 0\.2"):
        requirement("AUTH-90", MUST, source=SOURCE, why="Why.", fix="Fix.", since=since)


def test_a_hint_for_a_gateway_nobody_knows_is_refused() -> None:
    hints = {"ngnix": "proxy_buffering off"}
    with pytest.raises(ValueError, match="is called 'ngnix'"):
        requirement("AUTH-90", MUST, source=SOURCE, why="Why.", fix="Fix.", hints=hints)


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="none of MUST, SHOULD, MAY"):
        state(level="WILL")


@pytest.mark.parametrize("source", ["hearsay: somebody", "official", "official:no blank"])
def test_a_source_without_kind_or_place_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="is not '<official"):
        state(source=source)


def test_a_function_without_a_sentence_is_refused() -> None:
    with pytest.raises(ValueError, match="AUTH-90: the test function needs a docstring"):
        state()(undocumented)


def test_expect_is_silent_while_it_holds_and_tells_all_when_not() -> None:
    expect([1], "something", "nothing")
    with pytest.raises(NotMet) as caught:
        expect(
            [], "something", "nothing", hop="gateway → provider", silent=True, suspect="provider"
        )
    raised = caught.value
    assert str(raised) == "expected something, got nothing"
    assert (raised.hop, raised.silent, raised.suspect) == ("gateway → provider", True, "provider")
