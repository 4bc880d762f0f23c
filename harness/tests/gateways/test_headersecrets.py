"""Custom headers: what in them is secret, and what may be read."""

from __future__ import annotations

import pytest

from gatecert.gateways.headersecrets import header_secrets

KEY = "sk-ant-api03-4f9A8b7c6d5e"


@pytest.mark.parametrize(
    ("header", "value", "secret"),
    [
        ("X-Acme-Token", "t0p", "t0p"),
        ("x-portkey-api-key", "pk-1", "pk-1"),
        ("Proxy-Authorization", "Basic dXNlcjpwdw==", "dXNlcjpwdw=="),
        ("x-acme-auth", "Bearer abc", "abc"),
        ("x-goog-iap-jwt-assertion", "eyJh.eyJi.c2ln", "eyJh.eyJi.c2ln"),
        ("x-foo", KEY, KEY),
        ("x-foo", "Bearer abc", "abc"),
        ("x-portkey-config", f'{{"provider":"anthropic","api_key":"{KEY}"}}', KEY),
        ("x-portkey-config", f'{{"targets":[{{"virtual_key":"{KEY}"}}]}}', KEY),
    ],
)
def test_what_looks_or_is_named_like_a_credential_is_secret(
    header: str, value: str, secret: str
) -> None:
    assert header_secrets(header, value) == [(f"header-{header.lower()}", secret)]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-portkey-metadata", '{"tenant":"acme","user":"u1","team":"engineering"}'),
        ("x-portkey-provider", "anthropic"),
        ("x-portkey-trace-id", "conversation-one"),
        ("x-portkey-config", "pc-acme-1234"),
        ("x-region", "eu-central-1"),
        ("x-started", "2026-11-24T08:06:00+00:00"),
        ("x-origin", "https://desktop.acme.example/team/17"),
        ("x-portkey-custom-host", "http://127.0.0.1:9100/v1"),
        ("accept-language", "de, en;q=0.5"),
        ("x-portkey-trace-id", "3f2b8c1e-9d4a-4e7b-8a65-0c1d2e3f4a5b"),
        ("x-portkey-forward", "claude-code-20250219,effort-2025-11-24"),
        ("x-max-tokens", "100000"),
        ("x-auth-provider", "anthropic"),
        ("x-portkey-config", '{"authorization":{"type":"bearer","scope":"all"}}'),
    ],
)
def test_what_is_no_credential_stays_readable(header: str, value: str) -> None:
    assert header_secrets(header, value) == []
