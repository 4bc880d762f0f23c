from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from gatecert.upstream.receipts import Ledger, packed, unpacked
from gatecert.upstream.shortening import LARGE_BODY_BYTES, short_body, shortened

small = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
)


@given(small)
def test_what_is_small_stays(value: object) -> None:
    assert shortened(value) == value
    assert json.loads(short_body(json.dumps(value).encode())) == value


def test_long_texts_are_told_apart_by_length_and_hash() -> None:
    lines = {shortened(text) for text in ("a" * 70_000, "a" * 70_001, "b" * 70_000)}
    assert len(lines) == 3
    assert all(len(line) < 200 for line in lines)


def test_a_body_in_short_is_compared_whatever_its_spacing_and_order() -> None:
    value = {"a": "x" * 100_000, "b": [1]}
    other = json.dumps({"b": [1], "a": "x" * 100_000}, indent=2).encode()
    assert json.loads(short_body(other)) == shortened(value)


def test_what_is_no_json_keeps_its_beginning() -> None:
    assert short_body(b"<" * 100_000) == b"<" * 4_096


def test_the_ledger_keeps_large_bodies_in_short() -> None:
    body = json.dumps({"data": "A" * LARGE_BODY_BYTES}).encode()
    receipt = Ledger().open("t", "primary", "POST", "/v1/messages", [], body)
    assert receipt.large_bytes == len(body)
    assert receipt.json() == shortened(json.loads(body))
    assert [one.large_bytes for one in unpacked(packed([receipt]))] == [len(body)]
