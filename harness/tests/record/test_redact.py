"""Redaction: a planted secret survives in no usual encoding, and innocent text is left alone."""

from __future__ import annotations

import base64
import html
import json
import string
from collections.abc import Callable
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
        ("x-acme-auth", "abc", "<redacted>"),
        ("x-goog-iap-jwt-assertion", "abc", "<redacted>"),
        ("x-gitlab-pat", "abc", "<redacted>"),
        ("x-session-token", "abc", "<redacted>"),
        ("x-authtoken", "abc", "<redacted>"),
        ("x-access", "abc", "<redacted>"),
        ("Access-Control-Allow-Origin", "*", "*"),
        ("anthropic-dangerous-direct-browser-access", "true", "true"),
        ("anthropic-ratelimit-tokens-remaining", "100000", "100000"),
        ("x-portkey-metadata", '{"team":"a"}', '{"team":"a"}'),
        ("x-portkey-provider", "anthropic", "anthropic"),
        ("x-portkey-trace-id", "abc", "abc"),
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


def escaped(form: str, only: Callable[[str], bool]) -> Callable[[str], str]:
    """Characters written as their number in a form, where ``only`` says so."""
    return lambda text: "".join(form.format(ord(c)) if only(c) else c for c in text)


def rare(character: str) -> bool:
    return not character.isalnum()


ESCAPES = {
    "percent, slash kept": quote,
    "percent, twice": lambda s: quote(quote(s, safe=""), safe=""),
    "percent, twice, lower case": lambda s: quote(quote(s, safe=""), safe="").replace("2F", "2f"),
    "percent, all": escaped("%{:02X}", lambda _: True),
    "html": html.escape,
    "html, quotes kept": lambda s: html.escape(s, quote=False),
    "html, twice": lambda s: html.escape(html.escape(s)),
    "html, decimal": escaped("&#{};", rare),
    "html, hexadecimal": escaped("&#x{:x};", rare),
    "html, upper case": escaped("&#x{:02X};", rare),
    "html, some": escaped("&#{};", lambda c: c in "/+"),
    "json, rare ones": escaped("\\u{:04x}", rare),
    "json, all": escaped("\\u{:04X}", lambda _: True),
    "json, for html": escaped("\\u{:04x}", lambda c: c in "<>&'"),
    "json in json": escaped("\\\\u{:04x}", rare),
    "script": escaped("\\x{:02x}", rare),
}


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
@given(secret=st.text(KEY_CHARACTERS + "<>&'", min_size=8, max_size=60), beside=surroundings)
def test_a_secret_goes_however_it_is_escaped(
    escape: Callable[[str], str], secret: str, beside: str
) -> None:
    assume("&" not in beside and "%" not in beside and "\\" not in beside)
    # what reads like an escape in the key itself is only found as it stands
    assume("&" not in secret or ";" not in secret)
    planted = escape(secret)
    assume(planted not in MARK)
    cleaned = redactor(secret).text(f"{beside}\n{planted}\n{beside}")
    assert planted not in cleaned
    assert MARK in cleaned


def test_parts_go_when_escaped_too_and_what_stands_beside_stays() -> None:
    secret = "sk/live+4f9c2e=7d/a1b2c3"
    text = f"100 %, &lt;b&gt; {quote(secret[:-1], safe='')}&amp;next \\u0041"
    assert redactor(secret).text(text) == f"100 %, &lt;b&gt; {MARK}&amp;next \\u0041"
    in_php = secret.replace("/", "\\/")
    assert redactor(secret).text(f'"{in_php[:-1]}"') == f'"{MARK}"'
    assert redactor(secret).text(in_php[1:]) == MARK


def test_a_wrong_key_is_never_shown_under_the_name_of_the_right_one() -> None:
    key = "sk-acme-4f9A8b7c6d5e4F3a"
    for wrong in (key[:-1], key + "x", key.swapcase(), quote(key + "/", safe="")):
        assert redactor(key).header("Authorization", f"Bearer {wrong}") == "Bearer <redacted>"
        assert redactor(key).header("x-api-key", wrong) == "<redacted>"


def test_what_was_redacted_keeps_its_name_when_it_is_redacted_again() -> None:
    both = Redactor([("key", "sk-abcdefgh"), ("header-x-a", "redacted:key"), ("header-y", "abc")])
    assert both.text("a sk-abcdefgh b") == f"a {MARK} b"
    assert both.header("X-Api-Key", MARK) == MARK
    assert both.header("X-Api-Key", "<redacted:something-else>") == "<redacted>"
    assert both.header("X-Api-Key", "abc") == "<redacted:header-y>"


def test_the_first_of_two_names_counts() -> None:
    both = Redactor([("api-key", "sk-abcdefgh"), ("header-x", "sk-abcdefgh")])
    assert both.text("sk-abcdefgh") == "<redacted:api-key>"
    assert both.header("X-Api-Key", "sk-abcdefgh") == "<redacted:api-key>"


def test_a_short_secret_goes_in_any_case() -> None:
    assert redactor("sk-abcd").text("SK-ABCD, sk-abc") == f"{MARK}, sk-abc"


def test_other_writing_is_not_mistaken_for_a_part() -> None:
    text = "€" * 12 + "?" * 12
    assert redactor("?" * 5 + "ä" * 12).text(text) == text
    assert redactor("€" * 14).text(text) == f"{MARK}{'?' * 12}"


@pytest.mark.parametrize("filler", ["0", "ab", "%2525", "\\", "&amp;amp;", "\\u0030", "\\\\"])
def test_a_hostile_body_is_redacted_in_the_end(filler: str) -> None:
    secret = "gk-00000000000-ababababab-4f9c"
    cleaned = redactor(secret).text(filler * (60_000 // len(filler)) + secret)
    assert cleaned.endswith(MARK)
