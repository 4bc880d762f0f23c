"""Names that speak of a credential, wherever they are looked at."""

from __future__ import annotations

import pytest

from gatecert.credentials import named_like_a_credential


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
