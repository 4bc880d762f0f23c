"""Redaction: a planted secret survives in no usual encoding, and innocent text is left alone."""

from __future__ import annotations

import base64
import json
import string
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gatecert.record import Redactor

KEY_CHARACTERS = string.ascii_letters + string.digits + "-_.~+/="
AWKWARD = KEY_CHARACTERS + "\"'\\ &?#%:;<>\tä€😀"

keys = st.text(KEY_CHARACTERS, min_size=8, max_size=60)
awkward_keys = st.text(AWKWARD, min_size=8, max_size=40)
surroundings = st.text(max_size=30)

MARK = "<redacted:key>"


def redactor(*secrets: str) -> Redactor:
    return Redactor([("key", secret) for secret in secrets])


def gone(planted: str, text: str, secret: str) -> None:
    """Redact a text that holds the planted form; it must go, and be seen to have gone."""
    assume(planted not in MARK)
    assert planted in text
    cleaned = redactor(secret).text(text)
    assert planted not in cleaned
    assert MARK in cleaned


@given(awkward_keys, surroundings, surroundings)
def test_a_secret_goes_from_text(secret: str, before: str, after: str) -> None:
    gone(secret, before + secret + after, secret)


@given(awkward_keys, surroundings)
def test_a_secret_goes_from_json(secret: str, beside: str) -> None:
    gone(json.dumps(secret)[1:-1], json.dumps({"beside": beside, "key": secret}), secret)


@given(awkward_keys)
def test_a_secret_goes_from_json_inside_json(secret: str) -> None:
    inner = json.dumps({"key": secret})
    gone(json.dumps(json.dumps(secret)[1:-1])[1:-1], json.dumps({"body": inner}), secret)


@given(awkward_keys)
def test_a_secret_goes_from_urls(secret: str) -> None:
    for encode in (lambda s: quote(s, safe=""), quote_plus):
        gone(encode(secret), f"http://127.0.0.1/v1?key={encode(secret)}&beta=true", secret)


@given(keys)
def test_a_secret_goes_from_hex(secret: str) -> None:
    gone(secret.encode().hex(), f"raw bytes {secret.encode().hex()}.", secret)


@given(awkward_keys, st.binary(max_size=12), st.binary(max_size=12))
def test_a_secret_goes_from_base64_at_every_alignment(
    secret: str, before: bytes, after: bytes
) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        blob = encode(before + secret.encode() + after).decode()
        gone(blob, f"Basic {blob}", secret)


@given(keys, st.text(string.ascii_lowercase, max_size=9))
def test_basic_credentials_cannot_be_decoded_again(secret: str, user: str) -> None:
    blob = base64.b64encode(f"{user}:{secret}".encode()).decode()
    cleaned = redactor(secret).text(f"Basic {blob}")
    remains = "".join(piece for piece in cleaned.removeprefix("Basic ").split(MARK))
    assert len(remains) < len(blob) - len(secret)


@given(keys, keys)
def test_a_secret_inside_another_takes_the_whole_with_it(secret: str, more: str) -> None:
    both = Redactor([("short", secret), ("long", secret + more)])
    assume(secret + more not in "<redacted:long>")
    assert both.text(f"[{secret + more}]") == "[<redacted:long>]"


@given(st.text(max_size=200))
def test_innocent_text_is_unchanged(text: str) -> None:
    secret = "sk-live-4f9c2e7d81b05a36"
    assume("4f9c" not in text)
    assert redactor(secret).text(text) == text


@given(st.text(max_size=50), st.sampled_from(["", "a", "abcde"]))
def test_a_short_secret_eats_no_words(text: str, secret: str) -> None:
    assert redactor(secret).text(text) == text


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Bearer abc", "Bearer <redacted>"),
        ("authorization", "abc", "<redacted>"),
        ("X-Api-Key", "abc", "<redacted>"),
        ("x-goog-api-key", "abc", "<redacted>"),
        ("Set-Cookie", "session=abc; Path=/", "<redacted>"),
        ("X-Amz-Security-Token", "abc", "<redacted>"),
        ("X-Api-Key", "", ""),
        ("X-Claude-Code-Session-Id", "abc", "abc"),
        ("anthropic-beta", "token-efficient-tools", "token-efficient-tools"),
        ("Content-Type", "application/json", "application/json"),
        ("X-Tokenizer", "abc", "abc"),
    ],
)
def test_credential_headers_lose_their_value_whatever_it_is(
    name: str, value: str, shown: str
) -> None:
    assert Redactor().header(name, value) == shown


def test_a_known_secret_goes_from_any_header_by_name() -> None:
    assert redactor("sk-abcdefgh").header("X-Echo", "got sk-abcdefgh") == f"got {MARK}"
    shown = redactor("sk-abcdefgh").header("Authorization", "Bearer sk-abcdefgh")
    assert shown == f"Bearer {MARK}"


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(json_like, keys)
def test_a_secret_goes_from_plain_data_however_deep(node: Any, secret: str) -> None:
    planted = {"beside": node, "list": [{"deep": f"x{secret}y"}], f"name {secret}": 1}
    cleaned = redactor(secret).data(planted)
    assert cleaned["list"] == [{"deep": f"x{MARK}y"}]
    assert f"name {MARK}" in cleaned
    assume("4f9c" not in json.dumps(node))
    assert redactor("sk-live-4f9c2e7d").data(node) == node


@pytest.mark.parametrize(
    "text",
    [
        '{"key":"sk\\/live+4f9c2e=7d"}',  # as PHP and others escape a slash
        "key=sk%2flive%2b4f9c2e%3d7d",  # lower-case percent escapes
        b"sk/live+4f9c2e=7d".hex().upper(),
    ],
)
def test_rarer_encodings_of_a_secret_go_as_well(text: str) -> None:
    assert MARK in redactor("sk/live+4f9c2e=7d").text(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Cookie", "session=unknown-to-us; key=sk-abcdefgh"),
        ("X-Api-Key", "unknown words as a key"),
    ],
)
def test_no_part_of_a_credential_header_stays(name: str, value: str) -> None:
    assert "unknown" not in redactor("sk-abcdefgh").header(name, value)


def test_a_secret_that_is_no_utf8_can_be_removed() -> None:
    secret = b"sk-abcdefgh\xff".decode("utf-8", "surrogateescape")
    assert redactor(secret).text(f"[{secret}]") == f"[{MARK}]"
