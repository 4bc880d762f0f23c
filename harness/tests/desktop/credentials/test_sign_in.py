"""Sign-in at an identity provider, with a gateway that believes only tokens meant for it."""

from __future__ import annotations

import socket
import threading
from typing import Any

import httpx
import pytest
from identity_provider import (
    CLIENT,
    GATEWAY,
    IdentityProvider,
    StoppedClock,
    User,
    VerifyingGateway,
    visit,
)

from gatecert.desktop import DesktopApp, GatewaySettings, HttpxTransport
from gatecert.desktop.credentials import (
    Credential,
    CredentialError,
    Interactive,
    Prompt,
    SignIn,
    SignInSettings,
    read_sign_in,
)
from gatecert.desktop.credentials.browser_flow import sign_in


def source(
    provider: IdentityProvider, clock: StoppedClock, lifetime_s: int | None = None, **oidc: Any
) -> tuple[SignIn, User]:
    chosen = {"clientId": CLIENT, "issuer": provider.url, **oidc}
    user = User()
    settings = Interactive(GATEWAY, read_sign_in(chosen), lifetime_s)
    return SignIn(settings, HttpxTransport, user, clock), user


def status(gateway: VerifyingGateway, credential: Credential) -> int | None:
    app = DesktopApp(credential.applied(GatewaySettings(gateway.url))).launch()
    try:
        return app.test_connection().status
    finally:
        app.quit()


def failure(source: SignIn) -> CredentialError:
    with pytest.raises(CredentialError) as caught:
        source.current()
    return caught.value


def test_the_id_token_opens_the_gateway_it_is_meant_for(
    provider: IdentityProvider, gateway: VerifyingGateway, clock: StoppedClock
) -> None:
    signing, user = source(provider, clock)
    credential = signing.current()
    assert status(gateway, credential) == 200
    assert gateway.tokens == [credential.token.reveal()]
    assert len(user.asked) == 1
    assert provider.posts[0]["grant_type"] == "authorization_code"


def test_a_gateway_refuses_a_token_for_another_audience(
    provider: IdentityProvider, gateway: VerifyingGateway, clock: StoppedClock
) -> None:
    signing, _ = source(provider, clock)
    gateway.audience = "someone-else"
    assert status(gateway, signing.current()) == 401


def test_a_gateway_refuses_a_token_of_another_issuer(
    provider: IdentityProvider, gateway: VerifyingGateway, clock: StoppedClock
) -> None:
    signing, _ = source(provider, clock)
    gateway.issuer = "https://other.example"
    assert status(gateway, signing.current()) == 401


def test_a_resource_gives_an_access_token_for_the_gateway(
    provider: IdentityProvider, gateway: VerifyingGateway, clock: StoppedClock
) -> None:
    gateway.audience = GATEWAY
    chosen: dict[str, Any] = {"bearerTokenType": "access_token", "scopes": ["api"]}
    without, _ = source(provider, clock, **chosen)
    assert status(gateway, without.current()) == 401
    signing, _ = source(provider, clock, **chosen, resource=GATEWAY)
    assert status(gateway, signing.current()) == 200


def test_a_session_keeps_its_token_until_it_ends_and_then_renews_it(
    provider: IdentityProvider, gateway: VerifyingGateway, clock: StoppedClock
) -> None:
    signing, user = source(provider, clock)
    first = signing.current()
    clock.time += provider.lifetime_s - 1
    assert signing.current("mid-session-refresh") == first
    clock.time += 1
    second = signing.current("mid-session-refresh")
    assert second != first
    assert status(gateway, first) == 401
    assert status(gateway, second) == 200
    assert len(user.asked) == 1
    assert provider.posts[-1]["grant_type"] == "refresh_token"


@pytest.mark.parametrize(("replaces", "different"), [(True, 2), (False, 1)])
def test_a_refresh_token_is_used_until_the_provider_replaces_it(
    provider: IdentityProvider, clock: StoppedClock, replaces: bool, different: int
) -> None:
    provider.replaces_refresh_token = replaces
    signing, _ = source(provider, clock)
    signing.current()
    assert signing.renew() is not None
    assert signing.renew() is not None
    used = [form["refresh_token"] for form in provider.posts if "refresh_token" in form]
    assert (len(used), len(set(used))) == (2, different)


def test_without_a_refresh_token_the_user_signs_in_at_each_expiry(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.gives_refresh_token = False
    signing, user = source(provider, clock)
    signing.current()
    assert signing.renew() is None
    clock.time += provider.lifetime_s
    with pytest.raises(CredentialError, match="sign in again"):
        signing.current("mid-session-refresh")
    signing.current()
    assert len(user.asked) == 2


def test_a_provider_that_renews_no_id_token_brings_the_user_back(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.refreshes_identity = False
    signing, user = source(provider, clock)
    signing.current()
    with pytest.raises(CredentialError, match=r"Token exchange failed \(no id_token\)"):
        signing.renew()
    clock.time += provider.lifetime_s
    signing.current()
    assert len(user.asked) == 2


def test_a_session_ends_with_its_lifetime_whatever_its_tokens_say(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    signing, user = source(provider, clock, lifetime_s=100)
    signing.current()
    clock.time += 99
    signing.current("mid-session-refresh")
    clock.time += 1
    with pytest.raises(CredentialError, match="sign in again") as caught:
        signing.current("mid-session-refresh")
    assert caught.value.reason == "sign-in-needed"
    signing.current()
    assert len(user.asked) == 2


def test_explicit_endpoints_need_no_discovery(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.metadata_status = 500
    urls: dict[str, Any] = {
        "authorizationUrl": f"{provider.url}/authorize",
        "tokenUrl": f"{provider.url}/token",
    }
    signing, _ = source(provider, clock, **urls)
    assert signing.current().token.reveal()


def test_no_address_off_loopback_is_asked_without_tls(clock: StoppedClock) -> None:
    def opened(prompt: Prompt) -> None:
        raise AssertionError(prompt.url)

    safe, unsafe = "https://id.example/a", "http://id.example/a"
    for authorization, token in ((safe, unsafe), (unsafe, safe)):
        settings = SignInSettings(CLIENT, authorization_url=authorization, token_url=token)
        signing = SignIn(Interactive(GATEWAY, settings), HttpxTransport, opened, clock)
        assert "is not https" in str(failure(signing))


def test_a_redirect_port_is_the_one_that_is_listened_on(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        blocked, _ = source(provider, clock, redirectPort=port)
        assert failure(blocked).reason == "port-taken"
    signing, _ = source(provider, clock, redirectPort=port)
    signing.current()
    assert provider.posts[-1]["redirect_uri"] == f"http://127.0.0.1:{port}/callback"


def test_an_address_that_cannot_be_asked_is_told(clock: StoppedClock) -> None:
    settings = read_sign_in({"clientId": CLIENT, "issuer": "https://id.example/\u2603"})
    signing = SignIn(Interactive(GATEWAY, settings), HttpxTransport, visit, clock)
    assert "cannot be asked" in str(failure(signing))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"metadata_status": 404}, "OIDC discovery failed (HTTP 404)"),
        ({"metadata": {"issuer": "https://x"}}, "OIDC discovery failed (it names another issuer)"),
        ({"metadata": {"token_endpoint": ""}}, "OIDC discovery failed (an endpoint is missing)"),
        (
            {"metadata": {"token_endpoint": "http://evil.example/t"}},
            "a sign-in address is not https (or http on loopback)",
        ),
        ({"token_status": 401}, "Token exchange failed (HTTP 401)"),
        ({"nonce": "of-another"}, "the id_token belongs to another attempt"),
    ],
)
def test_what_goes_wrong_is_told_in_the_clients_words(
    provider: IdentityProvider, clock: StoppedClock, changes: dict[str, Any], says: str
) -> None:
    for name, value in changes.items():
        setattr(provider, name, value)
    signing, _ = source(provider, clock)
    assert str(failure(signing)) == says


def test_a_provider_that_is_not_there_is_told(clock: StoppedClock) -> None:
    settings = read_sign_in({"clientId": CLIENT, "issuer": "http://127.0.0.1:9"})
    signing = SignIn(Interactive(GATEWAY, settings), HttpxTransport, visit, clock)
    assert str(failure(signing)) == "OIDC discovery failed (refused)"


def test_a_refusal_by_the_provider_is_told_in_its_words(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    signing, _ = source(provider, clock, clientId="unknown")
    assert str(failure(signing)) == "the identity provider refused: AADSTS65001"


def test_a_user_who_does_not_come_back_ends_the_wait(provider: IdentityProvider) -> None:
    settings = read_sign_in({"clientId": CLIENT, "issuer": provider.url})
    transport = HttpxTransport()
    with pytest.raises(CredentialError, match=r"within 0\.01 s") as caught:
        sign_in(settings, transport, lambda prompt: None, 0.01)
    transport.close()
    assert caught.value.reason == "timed-out"


def test_half_a_surrogate_pair_is_sent_as_something_nobody_accepts(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    signing, _ = source(provider, clock, clientId="\ud800")
    assert failure(signing).reason == "refused"


def test_a_session_that_is_over_is_not_renewed(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    signing, _ = source(provider, clock, lifetime_s=100)
    signing.current()
    clock.time += 99
    assert signing.renew() is not None
    clock.time += 1
    assert signing.renew() is None


def test_lifetimes_that_no_float_holds_are_no_end(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    provider.lifetime_s = 10**400
    signing, user = source(provider, clock, lifetime_s=10**400)
    first = signing.current()
    clock.time += 1e9
    assert signing.current() == first
    assert len(user.asked) == 1


def test_each_sign_in_closes_its_connections(
    provider: IdentityProvider, clock: StoppedClock
) -> None:
    closed: list[HttpxTransport] = []

    class Counted(HttpxTransport):
        def close(self) -> None:
            closed.append(self)
            super().close()

    settings = read_sign_in({"clientId": CLIENT, "issuer": provider.url})
    signing = SignIn(Interactive(GATEWAY, settings), Counted, visit, clock)
    signing.current()
    signing.renew()
    provider.token_status = 500
    with pytest.raises(CredentialError):
        signing.renew()
    assert len(set(closed)) == 3


def test_no_name_server_is_asked_who_loopback_is(
    provider: IdentityProvider, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(name: str = "") -> str:
        raise AssertionError(name)

    monkeypatch.setattr(socket, "getfqdn", asked)
    signing, _ = source(provider, clock)
    assert signing.current().token.reveal()


def test_nothing_listens_after_a_sign_in(provider: IdentityProvider, clock: StoppedClock) -> None:
    threads = threading.active_count()
    signing, user = source(provider, clock)
    signing.current()
    back = httpx.URL(user.asked[0].url).params["redirect_uri"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(back, trust_env=False)
    assert threading.active_count() <= threads + 1


def test_no_token_shows_itself(provider: IdentityProvider, clock: StoppedClock) -> None:
    signing, _ = source(provider, clock)
    credential = signing.current()
    kept = vars(signing)["_tokens"]
    shown = repr(credential) + repr(kept) + repr(signing.settings)
    for secret in (kept.access, kept.identity, kept.refresh, credential.token):
        assert secret.reveal() not in shown
