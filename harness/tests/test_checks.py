"""The shared checks: what they let pass, and what they say when they do not."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.checks import carriers, json_equal, refused, same, sent_by_bearer
from gatecert.desktop import Exchange, OutgoingRequest
from gatecert.requirements import NotApplicable, NotMet
from gatecert.upstream import Receipt

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def came(expected: Any, found: Any) -> str:
    with pytest.raises(NotMet) as caught:
        same(expected, found, "the field", hop="h")
    assert caught.value.hop == "h"
    return caught.value.came


@given(json_values)
def test_what_went_through_json_is_the_same(value: Any) -> None:
    same(value, json.loads(json.dumps(value)), "it", hop="h")


@given(json_values, json_values)
def test_what_differs_as_json_is_told(one: Any, other: Any) -> None:
    if json_equal(one, other):
        same(one, other, "it", hop="h")
    else:
        assert came(one, other)


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (1, True), (0, False), ([], {}), ("1", 1)])
def test_kinds_of_values_are_told_apart(one: Any, other: Any) -> None:
    assert not json_equal(one, other)


def test_the_order_of_keys_plays_no_part() -> None:
    assert json_equal({"a": 1, "b": 2}, {"b": 2, "a": 1})


@pytest.mark.parametrize(
    ("expected", "found", "words"),
    [
        ("a", None, "nothing"),
        ("a", "", "an empty text"),
        (7, 0, "zero"),
        ([1], [], "0 entries instead of 1"),
        ({"a": [1], "b": 0}, {"a": {}, "b": 0}, "a: an empty object"),
        ({"a": 1}, {}, "no a"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "a.b: 2"),
        ({"a": 1}, {"a": 1, "z": "new"}, "a further z: 'new'"),
        ([{"t": "x" * 300}], [{"t": "x" * 200 + "y" * 100}], "[0].t: 300 characters that differ"),
        ([1, 2], [1], "1 entries instead of 2, without 2"),
        ([1, 2, 3], [1, 3], "2 entries instead of 3, without 2"),
        ([1, 2, 3], [3, 1], "2 entries instead of 3"),
        ("the message", "HTTP 400: the message", "'HTTP 400: ' around it"),
        ("the message", "the message.", "'.' around it"),
        ("no", "no way", "'no way'"),
        ("a" * 200, "b" * 200, "200 characters that differ from the first on"),
        ([1, [2, 3]], [1, [2]], "1 entries instead of 2 in [1]"),
        ({"a": 1}, {"a": True}, "a: True"),
    ],
)
def test_the_difference_is_told_by_its_place(expected: Any, found: Any, words: str) -> None:
    assert words in came(expected, found)


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        ((403, 401), "HTTP 401 or 403"),
        (range(400, 500), "HTTP 4xx"),
        ((*range(300, 500), 501), "HTTP 3xx or 4xx or 501"),
        (range(500, 600), "HTTP 5xx"),
    ],
)
def test_a_hundred_statuses_are_told_as_one(statuses: Collection[int], words: str) -> None:
    exchange = Exchange("turn", OutgoingRequest("POST", "http://127.0.0.1/", []), status=200)
    with pytest.raises(NotMet) as told:
        refused(exchange, "it", statuses)
    assert told.value.expected == f"it to be refused with {words}"


def test_bearer_is_asked_of_nobody_whose_settings_name_x_api_key() -> None:
    sent_by_bearer("bearer")
    with pytest.raises(NotApplicable):
        sent_by_bearer("x-api-key")


def test_a_key_is_found_in_headers_and_body_of_either_side() -> None:
    request = OutgoingRequest("POST", "http://127.0.0.1/v1/messages", [])
    answer = Exchange("a turn", request, status=200, headers=[("x-consumer", "of gk-1")])
    assert carriers(answer, "gk-1") == ["x-consumer"]
    receipt = Receipt("t", "primary", 1, "POST", "/", [("a", "b")], b'{"key":"gk-1"}')
    assert carriers(receipt, "gk-1") == ["the body"]
    assert carriers(receipt, "gk-2") == []
