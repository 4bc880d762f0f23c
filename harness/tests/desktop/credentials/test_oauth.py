from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from gatecert.desktop.credentials import CredentialError, SignInSettings, read_sign_in
from gatecert.desktop.credentials.oauth import (
    Attempt,
    Tokens,
    challenge,
    checked_endpoint,
    claims,
    expires_at,
    read_server,
    read_tokens,
    refresh_form,
)
from gatecert.desktop.credentials.sign_in_settings import SignInSettingsError
from gatecert.desktop.secret import Secret

ISSUER = "https://id.example"
OIDC = {"clientId": "c-1", "issuer": ISSUER}
SETTINGS = SignInSettings("c-1", ISSUER, scopes=("openid", "a/b"))
BACK = "http://127.0.0.1:7777/callback"


def query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def test_the_challenge_is_the_example_of_rfc_7636() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_authorization_request_is_that_of_a_public_client_with_pkce() -> None:
    attempt = Attempt(BACK)
    url = attempt.authorization_url("https://id.example/authorize?tenant=t", SETTINGS)
    assert url.startswith("https://id.example/authorize?tenant=t&")
    assert query(url) == {
        "tenant": "t",
        "response_type": "code",
        "client_id": "c-1",
        "redirect_uri": BACK,
        "scope": "openid a/b",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": challenge(attempt.verifier.reveal()),
        "code_challenge_method": "S256",
    }


def test_a_resource_goes_along_with_every_request() -> None:
    settings = SignInSettings("c-1", ISSUER, resource="https://gw.example")
    attempt = Attempt(BACK)
    url = attempt.authorization_url("https://id.example/authorize", settings)
    forms = [
        query(url),
        attempt.exchange_form("code", settings),
        refresh_form(Secret("r"), settings),
    ]
    assert [form["resource"] for form in forms] == ["https://gw.example"] * 3


def test_no_two_attempts_share_anything() -> None:
    one, other = Attempt(BACK), Attempt(BACK)
    assert one.state != other.state
    assert one.nonce != other.nonce
    assert one.verifier != other.verifier
    assert 43 <= len(one.verifier.reveal()) <= 128  # RFC 7636, 4.1


def test_a_callback_gives_its_code() -> None:
    attempt = Attempt(BACK)
    assert attempt.code(f"/callback?code=abc&state={attempt.state}") == "abc"
    form = attempt.exchange_form("abc", SETTINGS)
    assert form == {
        "grant_type": "authorization_code",
        "code": "abc",
        "redirect_uri": BACK,
        "client_id": "c-1",
        "code_verifier": attempt.verifier.reveal(),
    }


@pytest.mark.parametrize(
    ("target", "reason", "words"),
    [
        ("/callback?code=abc&state=other", "wrong-state", "another attempt"),
        ("/callback?code=abc", "wrong-state", "another attempt"),
        ("/callback?error=access_denied&state=S", "refused", "access_denied"),
        ("/callback?error=e&error_description=AADSTS65001%3A+x&state=S", "refused", "AADSTS65001"),
        ("/callback?state=S", "no-code", "without a code"),
    ],
)
def test_a_callback_without_a_code_of_ours_says_why(target: str, reason: str, words: str) -> None:
    with pytest.raises(CredentialError, match=words) as caught:
        Attempt(BACK, state="S").code(target)
    assert caught.value.reason == reason


def test_metadata_must_name_the_issuer_it_was_asked_for() -> None:
    document = {"issuer": ISSUER, "authorization_endpoint": "https://id.example/a"}
    assert read_server(document, ISSUER).authorization == "https://id.example/a"
    with pytest.raises(CredentialError, match="another issuer"):
        read_server({**document, "issuer": "https://evil.example"}, ISSUER)
    with pytest.raises(CredentialError, match="no JSON object"):
        read_server(None)


@pytest.mark.parametrize("url", ["http://id.example/t", "ftp://x/t", "/token", "", "http://[::1"])
def test_no_secret_goes_to_an_address_that_is_not_safe(url: str) -> None:
    with pytest.raises(CredentialError, match="not https"):
        checked_endpoint(url)
    if url:
        with pytest.raises(CredentialError, match="not https"):
            read_server({"token_endpoint": url})


@pytest.mark.parametrize("url", ["https://id.example/t", "http://127.0.0.1:1/t", "http://[::1]/t"])
def test_https_and_loopback_are_safe(url: str) -> None:
    assert checked_endpoint(url) == url


@pytest.mark.parametrize("document", [None, [], {}, {"access_token": 5}, {"id_token": ""}])
def test_an_answer_without_the_bearer_is_a_failed_exchange(document: Any) -> None:
    for bearer in ("access_token", "id_token"):
        with pytest.raises(CredentialError, match="Token exchange failed"):
            read_tokens(document, bearer)


@pytest.mark.parametrize(
    ("said", "seconds"), [(60, 60), ("60", 60), (0, 0), (None, None), (-1, None), (True, None)]
)
def test_a_token_ends_when_its_server_says(said: Any, seconds: float | None) -> None:
    tokens = read_tokens({"access_token": "opaque", "expires_in": said})
    ends = expires_at(tokens, "access_token", 1000.0)
    assert ends == (None if seconds is None else 1000.0 + seconds)


def test_the_tokens_own_end_counts_before_the_servers_word() -> None:
    # {"exp": 4102444800}
    token = Secret("e30.eyJleHAiOjQxMDI0NDQ4MDB9.x")
    assert claims(token) == {"exp": 4102444800}
    assert expires_at(Tokens(identity=token, expires_in_s=5), "id_token", 0) == 4102444800


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c.d", "a.!!.c", "a.W10.c", "a.éé.c"])
def test_what_is_no_json_web_token_has_no_claims(text: str) -> None:
    assert claims(Secret(text)) == {}


def test_settings_have_the_documented_defaults() -> None:
    settings = read_sign_in(OIDC)
    assert settings.scopes == ("openid", "profile", "email", "offline_access")
    assert settings.bearer_token_type == "id_token"
    assert settings.redirect_port is None


@pytest.mark.parametrize(
    ("more", "scopes"),
    [
        ({"scopes": ["openid"]}, ("openid", "offline_access")),
        ({"scopes": "openid x"}, ("openid", "x", "offline_access")),
        ({"scopes": ["offline_access", "x"]}, ("offline_access", "x")),
        ({"scopes": ["openid"], "appendOfflineAccess": False}, ("openid",)),
        ({"appendOfflineAccess": False}, ("openid", "profile", "email")),
    ],
)
def test_scopes_ask_for_a_refresh_token_unless_told_not_to(
    more: dict[str, Any], scopes: tuple[str, ...]
) -> None:
    assert read_sign_in({**OIDC, **more}).scopes == scopes


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"issuer": ISSUER}, "clientId: Required"),
        ({"clientId": "c"}, "either issuer, or both authorizationUrl and tokenUrl, required"),
        (
            {"clientId": "c", "tokenUrl": "https://t"},
            "either issuer, or both authorizationUrl and tokenUrl, required",
        ),
        (
            {**OIDC, "bearerTokenType": "access_token"},
            "scopes is required when bearerTokenType is access_token",
        ),
        ({**OIDC, "bearerTokenType": "jwt"}, "bearerTokenType must be one of"),
        ({**OIDC, "redirectPort": 80}, "redirectPort must be 1024 to 65535"),
        ({**OIDC, "redirectPort": 70_000}, "redirectPort must be 1024 to 65535"),
        ({**OIDC, "redirectPort": "8080"}, "redirectPort must be a whole number"),
        ({**OIDC, "redirectPort": True}, "redirectPort must be a whole number"),
    ],
)
def test_incomplete_settings_are_told_in_the_clients_words(
    value: dict[str, Any], says: str
) -> None:
    with pytest.raises(SignInSettingsError, match=f"^{says}"):
        read_sign_in(value)


@pytest.mark.parametrize("name", ["issuer", "authorizationUrl", "tokenUrl"])
@pytest.mark.parametrize("url", ["http://id.example", "id.example", "https://id.example:x/"])
def test_addresses_must_be_safe(name: str, url: str) -> None:
    value = {"clientId": "c", "authorizationUrl": "https://a", "tokenUrl": "https://t", name: url}
    with pytest.raises(SignInSettingsError, match=f"^{name}: must use https"):
        read_sign_in(value)
    assert read_sign_in({**value, name: "http://127.0.0.1:8/x"})


def test_two_endpoints_do_instead_of_an_issuer() -> None:
    value = {"clientId": "c", "authorizationUrl": "https://a", "tokenUrl": "https://t"}
    assert read_sign_in(value).issuer == ""
