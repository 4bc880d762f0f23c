"""JSON with places: the same values as the standard library, and a place for each mistake."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop.config.placed import JsonError, Place, parse_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=20,
)  # fmt: skip


@given(values, st.sampled_from([None, 0, 2]), st.booleans())
def test_valid_json_means_what_the_standard_library_says(
    value: object, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert parse_json(text).value == json.loads(text)


@given(st.text(alphabet="{}[]\",:\\ntruefals0-1e.\u201c' \n", max_size=30))
def test_what_is_refused_is_what_the_standard_library_refuses(text: str) -> None:
    try:
        expected = json.loads(text, parse_constant=pytest.fail)
    except ValueError:
        with pytest.raises(JsonError):
            parse_json(text)
    else:
        assert parse_json(text).value == expected


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ('{"a": 1,}', "trailing-comma", Place(1, 8)),
        ('{\n "a": [1,\n 2,],\n}', "trailing-comma", Place(3, 3)),
        ("{'a': 1}", "single-quote", Place(1, 2)),
        ("{\"a\": 'x'}", "single-quote", Place(1, 7)),
        ("{\u201ca\u201d: 1}", "smart-quote", Place(1, 2)),
        ('{"a": "b\u201d}', "smart-quote", Place(1, 7)),
        ('{"a": 1 // why\n}', "comment", Place(1, 9)),
        ('{// why\n"a": 1}', "comment", Place(1, 2)),
        ('{\\"a\\": 1}', "escaped", Place(1, 2)),
        ('{"a": True}', "word", Place(1, 7)),
        ('{"a": NaN}', "word", Place(1, 7)),
        ('{"a": 1', "end", Place(1, 8)),
        ("", "end", Place(1, 1)),
        ('{"a": 1} x', "other", Place(1, 10)),
        ('{"a": "b\nc"}', "other", Place(1, 9)),
        ('{"a": "\\q"}', "escape", Place(1, 8)),
        ('{"a": "b}', "end", Place(1, 7)),
        ("[" * 500, "other", Place(1, 202)),
    ],
)
def test_mistakes_are_named_and_placed(text: str, kind: str, place: Place) -> None:
    with pytest.raises(JsonError) as caught:
        parse_json(text)
    assert (caught.value.kind, caught.value.place) == (kind, place)


def test_names_given_twice_are_told() -> None:
    node = parse_json('{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}')
    assert node.value == {"a": 3, "b": {"c": 2}}
    assert node.twice == ("a",)
    assert node.members["b"].twice == ("c",)
    assert node.names["a"] == Place(1, 33)


@given(st.text(max_size=40))
def test_no_message_quotes_a_word_of_the_text(text: str) -> None:
    with pytest.raises(JsonError) as caught:
        parse_json("{" + text + " SECRETWORD")
    assert "SECRET" not in str(caught.value)
