"""Names that speak of a credential, wherever they are looked at."""

from __future__ import annotations

import pytest

from gatecert.credentials import looks_like_a_key, named_like_a_credential


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "X-Api-Key", "x-portkey-virtual-key", "virtualKey", "provider.api_key"),
        *("X-Amz-Security-Token", "x-access", "accesskey", "passwd", "Set-Cookie", "x-goog-jwt"),
    ],
)
def test_a_credential_is_known_by_its_name(name: str) -> None:
    assert named_like_a_credential(name)


@pytest.mark.parametrize(
    "name",
    [
        *("Content-Type", "X-Tokenizer", "max_tokens", "anthropic-ratelimit-tokens-remaining"),
        *("Access-Control-Allow-Origin", "x-portkey-metadata", "monkey", "author", "compass"),
    ],
)
def test_other_names_are_not_taken_for_one(name: str) -> None:
    assert not named_like_a_credential(name)


def test_a_key_is_known_by_its_form() -> None:
    assert looks_like_a_key("sk-ant-api03-abcdef")
    assert looks_like_a_key("9f86d081884c7d659a2feaa0c55ad015")
    assert not looks_like_a_key("123e4567-e89b-12d3-a456-426614174000")
    assert not looks_like_a_key("engineering")
