"""Redaction of parts: near-miss keys, cut excerpts, keys split over events."""

from __future__ import annotations

import string

from hypothesis import assume, given
from hypothesis import strategies as st

from gatecert.record import Redactor

KEY = "sk-acme-4f9A8b7c6d5e4F3a2b1c0D9e8f7a6b5c"
keys = st.text(string.ascii_letters + string.digits + "-_.+/=é€", min_size=12, max_size=60)


def redact(text: str, key: str = KEY) -> str:
    return Redactor([("key", key)]).text(text)


@given(keys, st.data(), st.text(max_size=20), st.text(max_size=20))
def test_a_long_part_goes_wherever_it_was_cut(
    key: str, data: st.DataObject, before: str, after: str
) -> None:
    start = data.draw(st.integers(0, len(key) - 12))
    end = data.draw(st.integers(start + 12, len(key)))
    part = key[start:end]
    assume(part.lower() not in "<redacted:key>")
    assert part not in redact(before + part + after, key)


@given(keys)
def test_near_misses_go(key: str) -> None:
    assume(len(key) > 12 and key.swapcase().lower() == key.lower())
    for near in (key[:-1], key[1:], key + "x", key.swapcase(), key.upper()):
        assert len(redact(f"invalid key {near}!", key).replace("<redacted:key>", "")) < 20


def test_what_is_short_stays() -> None:
    masked = "sk-acme-...6b5c"
    assert redact(f"the key {masked} is unknown") == f"the key {masked} is unknown"
    assert redact(KEY[:11]) == KEY[:11]


def test_overlapping_parts_of_two_secrets_go_as_one() -> None:
    redactor = Redactor([("one", "abcdefghijklmnop"), ("two", "ijklmnopqrstuvwx")])
    assert redactor.text("-abcdefghijklmnopqrstuvwx-") == "-<redacted:one>qrstuvwx-"


def test_text_around_a_part_is_kept() -> None:
    assert redact(f"a {KEY[:20]} b {KEY[15:]} c") == "a <redacted:key> b <redacted:key> c"


def test_letters_that_change_their_length_in_lower_case_do_no_harm() -> None:
    assert redact(f"İİ {KEY[:-1]} ß") == "İİ <redacted:key> ß"
