"""Transcripts: what is kept of a message, and a curl line that a shell takes as it was meant."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.record import Redactor
from gatecert.record.transcript import curl_line, recorded_message

KEY = "sk-acme-4f9A8b7c6d5e4F3a"
URL = "http://127.0.0.1:9802/v1/messages"
REDACTOR = Redactor([("api-key", KEY), ("expired-key", "sk-old-123"), ("header-x-foo", "pa55word")])

token = st.text("abcXYZ019-_'!#$%&*+.^`|~", min_size=1, max_size=12)
printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=20)


def header(name: str, value: str) -> str:
    """The header's argument as the shell hands it to curl, with its variables unexpanded."""
    words = shlex.split(curl_line("GET", URL, [(name, value)], b"", REDACTOR))
    return words[words.index("-H") + 1]


def body(content: bytes, bodies: Path | None = None) -> str:
    words = shlex.split(curl_line("POST", URL, [], content, REDACTOR, bodies=bodies))
    return words[words.index("--data-binary") + 1]


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("Authorization", f"Bearer {KEY}", "Bearer $GATEWAY_KEY"),
        ("x-api-key", KEY, "$GATEWAY_KEY"),
        ("Authorization", "Bearer sk-old-123", "Bearer $EXPIRED_KEY"),
        ("x-foo", "a pa55word b", "a $HEADER_X_FOO b"),
        ("Authorization", "Bearer sk-unknown", "Bearer $OTHER_KEY"),
        ("Authorization", f"Bearer {KEY[:-1]}", "Bearer $OTHER_KEY"),
        ("Authorization", f"Bearer {KEY.swapcase()}", "Bearer $OTHER_KEY"),
        ("X-Api-Key", KEY + "x", "$OTHER_KEY"),
        ("cf-access-client-secret", "abc", "$CF_ACCESS_CLIENT_SECRET"),
        ("Cookie", f"a={KEY}; b=c", "$COOKIE"),
        ("2fa-token", "abc", "$_2FA_TOKEN"),
        ("gateway-key", "abc", "$OTHER_KEY"),
        ("x-plain", "it's $HOME `here`", "it's $HOME `here`"),
    ],
)
def test_what_was_redacted_becomes_a_variable_of_its_own(name: str, value: str, sent: str) -> None:
    assert header(name, value) == f"{name}: {sent}"


@given(token, printable)
def test_only_variables_are_left_to_the_shell(name: str, value: str) -> None:
    line = curl_line("GET", URL, [(name, value)], b"", Redactor())
    outside = [part for part in line.replace('"\'"', "").split("'")[::2] if "$" in part]
    assert all(part.strip().strip('"').removeprefix("$").isidentifier() for part in outside)
    assert len(shlex.split(line)) == len(
        shlex.split(curl_line("GET", URL, [("a", "b")], b"", Redactor()))
    )


def test_a_small_body_stands_in_the_line() -> None:
    assert body(b"it's " + KEY.encode()) == "it's <redacted:api-key>"


def test_a_large_body_is_kept_without_secrets_and_read_from_there(tmp_path: Path) -> None:
    argument = body(b"x" * 3_000 + KEY.encode(), tmp_path / "bodies")
    kept = (tmp_path / argument.removeprefix("@")).read_text("utf-8")
    assert kept == "x" * 3_000 + "<redacted:api-key>"


def test_a_large_body_that_is_not_kept_is_said_to_be() -> None:
    assert body(b"x" * 3_000) == "@BODY_NOT_KEPT"


def test_a_message_is_bounded_and_free_of_secrets() -> None:
    content = b"a" * 9_000 + KEY[:-1].encode()
    message = recorded_message("HTTP/1.1 200 OK", [("X-Echo", KEY)], content, REDACTOR)
    assert message.truncated
    assert message.body_bytes == len(content)
    assert message.body.endswith("a<redacted:api-key>")
    assert message.headers == [["X-Echo", "<redacted:api-key>"]]


def test_of_a_very_large_body_only_the_ends_are_kept(tmp_path: Path) -> None:
    content = KEY.encode() + b"a" * 5_000_000 + KEY.encode()
    message = recorded_message("POST / HTTP/1.1", [], content, REDACTOR)
    assert message.body_bytes == len(content)
    assert message.truncated
    assert len(message.body) < 7_000
    assert KEY not in message.body
    assert body(content, tmp_path) == "@BODY_NOT_KEPT"
    assert list(tmp_path.iterdir()) == []
