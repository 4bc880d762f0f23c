"""What is forgiven of a body that was written again, and what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.arrival import field_of, forgiven
from gatecert.checks import json_equal

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def passes(sent: Any, came: Any, *, doubles: bool = False) -> bool:
    return json_equal(sent, forgiven(sent, came, doubles=doubles))


@given(json_values)
def test_what_comes_as_it_was_sent_passes(value: Any) -> None:
    assert passes(value, json.loads(json.dumps(value)))


@pytest.mark.parametrize(
    ("sent", "came"),
    [
        (1.0, 1),
        (-0.0, 0),
        (1e-7, 0.0000001),
        (2**60 + 1, float(2**60)),
        (10**400, 10**400 + 1),
        (
            {"role": "user", "content": "a"},
            {"role": "user", "content": [_ := {"type": "text", "text": "a"}]},
        ),
        ({"role": "user", "content": [_]}, {"role": "user", "content": "a"}),
        ({"type": "tool_result", "content": ""}, {"type": "tool_result", "content": []}),
        ({"type": "tool_result", "content": []}, {"type": "tool_result"}),
        ({"type": "tool_result"}, {"type": "tool_result", "content": "", "is_error": False}),
        ({"type": "tool_result"}, {"type": "tool_result", "content": []}),
    ],
)
def test_what_no_model_can_tell_is_forgiven(sent: Any, came: Any) -> None:
    assert passes(sent, came)


@pytest.mark.parametrize(
    ("sent", "came"),
    [
        (1, 1.0),
        (1, True),
        (2**53 - 1, 2**53),
        (0.1, 0.10000000000000002),
        ("1", 1),
        ([], {}),
        (None, ...),
        ({"role": "user", "content": "a"}, {"role": "user", "content": "b"}),
        ({"role": "user", "content": ["a", "b"]}, {"role": "user", "content": "ab"}),
        ({"role": "user", "content": "a"}, {"role": "user"}),
        ({"content": "a"}, {"content": [{"type": "text", "text": "a"}]}),
        ({"type": "tool_result"}, {"type": "tool_result", "content": "more"}),
        ({"type": "tool_result"}, {"type": "tool_result", "is_error": True}),
        ({"type": "tool_result"}, {"type": "tool_result", "is_error": 0}),
        ({"type": "tool_result"}, {"type": "tool_result", "content": None}),
        ({"type": "tool_use"}, {"type": "tool_use", "is_error": False}),
    ],
)
def test_what_a_model_could_tell_is_not(sent: Any, came: Any) -> None:
    assert not passes(sent, came)


def test_a_client_reads_every_number_as_a_double() -> None:
    assert passes(1, 1.0, doubles=True)
    assert not passes(1, 2, doubles=True)
    assert not passes(1, True, doubles=True)


@pytest.mark.parametrize(
    ("body", "sent", "expected"),
    [({}, [], []), ({"a": {}}, [], {}), ({"a": [1]}, [], [1]), ({}, [1], None), ({}, "", None)],
)
def test_only_an_empty_list_may_be_left_out(body: Any, sent: Any, expected: Any) -> None:
    assert json_equal(expected, field_of(body, "a", sent))
