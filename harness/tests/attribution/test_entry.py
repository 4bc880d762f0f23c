"""Entries of a log, read by values alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.attribution import entry_of
from gatecert.attribution.entry import dig, entries_in
from gatecert.gateways.promises import Attribution

PLACES = Attribution(metadata="meta", model="a.model", provider="options.-1.name", session="sid")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_an_entry_is_read_by_its_places() -> None:
    raw = {
        "meta": {"team": "x"},
        "a": {"model": "m"},
        "options": [{"name": "first"}, {"name": "last"}],
        "sid": "s-1",
    }
    entry = entry_of(raw, PLACES)
    assert (entry.metadata, entry.model, entry.provider) == ({"team": "x"}, "m", "last")
    assert (entry.session, entry.trace) == ("s-1", "")
    assert entry.names(["nothing", "s-1"])
    assert not entry.names(["", "s-2"])


@pytest.mark.parametrize(
    ("kept", "metadata"),
    [
        ('{"team":"x"}', {"team": "x"}),
        ({"team": "x"}, {"team": "x"}),
        ("", None),
        ("-", None),
        (None, None),
        ({}, None),
        ("{'team':'x'}", {"": "{'team':'x'}"}),
        ('[{"team":"x"}]', {"": '[{"team":"x"}]'}),
        ([1], {"": [1]}),
    ],
)
def test_metadata_is_an_object_or_stands_as_it_came(kept: Any, metadata: Any) -> None:
    assert entry_of({"meta": kept}, PLACES).metadata == metadata


@pytest.mark.parametrize(
    "text",
    [
        '[{"n":1},{"n":2}]',
        '{"entries":[{"n":1},{"n":2}],"count":2}',
        '{"n":1}\n{"n":2}\n',
        'begun\n{"n":1}\n\n{"n":2}\n{"n":',
    ],
)
def test_entries_come_in_several_forms(text: str) -> None:
    assert list(entries_in(text)) == [{"n": 1}, {"n": 2}]


@given(JSON, st.text(alphabet="ab0-.", max_size=8))
def test_digging_never_fails(node: Any, path: str) -> None:
    dig(node, path)
    entry_of(node, Attribution(metadata=path, model=path))
    list(entries_in(json.dumps(node)))


def test_digging_finds_what_is_there() -> None:
    assert dig({"a": [{"b": 1}]}, "a.0.b") == 1
    assert dig({"a": [1]}, "a.3") is None
    assert dig({"a": [1]}, "a.-2") is None
    assert dig({"a": 1}, "") is None
