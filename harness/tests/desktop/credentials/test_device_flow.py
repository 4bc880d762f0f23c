from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from identity_provider import DEVICE_GRANT, Answer, IdentityProvider, serving

from gatecert.desktop import Exchange, GatewaySettings, HttpxTransport, OutgoingRequest
from gatecert.desktop.credentials import CredentialError, Interactive, Prompt, SignIn
from gatecert.desktop.credentials.device_flow import next_interval, read_device
from gatecert.desktop.exchange import Chunk, Fault

PENDING, SLOW = "authorization_pending", "slow_down"


class Clock:
    """Time that passes by sleeping only, and how long each sleep was."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()
    with serving(provider):
        yield provider


def source(base_url: str) -> tuple[SignIn, Clock, list[Prompt]]:
    clock = Clock()
    asked: list[Prompt] = []
    signing = SignIn(Interactive(base_url), HttpxTransport, asked.append, clock)
    return signing, clock, asked


def failure(provider: IdentityProvider) -> CredentialError:
    with pytest.raises(CredentialError) as caught:
        source(provider.url)[0].current()
    return caught.value


def test_the_user_confirms_a_code_and_the_client_waits(provider: IdentityProvider) -> None:
    provider.device = [PENDING, PENDING]
    signing, clock, asked = source(provider.url)
    credential = signing.current()
    assert asked == [Prompt(f"{provider.url}/activate", "WDJB-MJHT")]
    assert clock.slept == [5, 5, 5]
    assert credential.applied(GatewaySettings(provider.url)).credential() == (
        "Authorization",
        f"Bearer {credential.token.reveal()}",
    )
    polls = [form for form in provider.posts if form.get("grant_type") == DEVICE_GRANT]
    assert len(polls) == 3
    assert len({form["device_code"] for form in polls}) == 1


def test_the_metadata_lies_below_the_base_url_with_its_path(
    provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    answer = provider.on_get

    def watched(target: str, headers: dict[str, str]) -> Answer:
        seen.append(target)
        return answer(target, headers)

    monkeypatch.setattr(provider, "on_get", watched)
    source(f"{provider.url}/anthropic/")[0].current()
    assert seen == ["/anthropic/.well-known/oauth-authorization-server"]


def test_a_complete_address_is_the_one_to_open(provider: IdentityProvider) -> None:
    complete = f"{provider.url}/activate?user_code=WDJB-MJHT"
    provider.device_answer = {"verification_uri_complete": complete}
    signing, _, asked = source(provider.url)
    signing.current()
    assert asked[0].url == complete


def test_slow_down_adds_five_seconds_for_good(provider: IdentityProvider) -> None:
    provider.device = [PENDING, SLOW, PENDING, SLOW]
    signing, clock, _ = source(provider.url)
    signing.current()
    assert clock.slept == [5, 5, 10, 10, 15]


def test_the_interval_is_the_gateways(provider: IdentityProvider) -> None:
    provider.device, provider.device_answer = [PENDING], {"interval": 2}
    signing, clock, _ = source(provider.url)
    signing.current()
    assert clock.slept == [2, 2]


def test_a_gateway_that_wants_to_be_polled_without_end_is_polled_each_second(
    provider: IdentityProvider,
) -> None:
    provider.device, provider.device_answer = [PENDING], {"interval": 1e-9}
    signing, clock, _ = source(provider.url)
    signing.current()
    assert clock.slept == [1, 1]


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "javascript:alert(1)", "http://gw.example/activate"]
)
@pytest.mark.parametrize("member", ["verification_uri", "verification_uri_complete"])
def test_the_user_is_sent_to_safe_addresses_only(
    provider: IdentityProvider, member: str, url: str
) -> None:
    provider.device_answer = {member: url}
    assert str(failure(provider)) == "a sign-in address is not https (or http on loopback)"


def test_a_code_is_shown_without_control_characters(provider: IdentityProvider) -> None:
    provider.device_answer = {"user_code": "AB\x1b[2J\nCD"}
    signing, _, asked = source(provider.url)
    signing.current()
    assert asked[0].code == "AB [2J CD"


def test_a_device_code_that_is_no_text_is_refused_by_the_gateway_and_breaks_nothing(
    provider: IdentityProvider,
) -> None:
    provider.device_answer = {"device_code": "\ud800"}
    source(provider.url)[0].current()
    assert provider.posts[-1]["device_code"] == "?"


def test_nobody_waits_longer_than_the_code_lives(provider: IdentityProvider) -> None:
    provider.device, provider.device_answer = [PENDING] * 99, {"expires_in": 21}
    signing, clock, _ = source(provider.url)
    with pytest.raises(CredentialError, match="ran out") as caught:
        signing.current()
    assert caught.value.reason == "expired"
    assert clock.slept == [5, 5, 5, 5]


@pytest.mark.parametrize(
    ("error", "reason"),
    [("expired_token", "expired"), ("access_denied", "refused"), ("odd", "token-exchange")],
)
def test_an_end_is_told_at_once(provider: IdentityProvider, error: str, reason: str) -> None:
    provider.device = [PENDING, error, PENDING]
    assert failure(provider).reason == reason
    assert provider.device == [PENDING]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"metadata": {"device_authorization_endpoint": None}},
            "gateway SSO: server does not advertise device_authorization_endpoint",
        ),
        (
            {"metadata": {"token_endpoint": None}},
            "gateway SSO: server does not advertise token_endpoint",
        ),
        ({"metadata_status": 404}, "OIDC discovery failed (HTTP 404)"),
        ({"token_status": 401}, "Token exchange failed (HTTP 401)"),
    ],
)
def test_what_goes_wrong_is_told_in_the_clients_words(
    provider: IdentityProvider, changes: dict[str, Any], says: str
) -> None:
    for name, value in changes.items():
        setattr(provider, name, value)
    if "token_status" in changes:
        provider.device = []
    assert str(failure(provider)) == says


def test_the_refresh_token_is_dropped_so_that_each_expiry_asks_again(
    provider: IdentityProvider,
) -> None:
    signing, clock, asked = source(provider.url)
    provider.clock = clock.now
    signing.current()
    assert signing.renew() is None
    assert vars(signing)["_tokens"].refresh is None
    clock.time += provider.lifetime_s
    with pytest.raises(CredentialError, match="sign in again"):
        signing.current("mid-session-refresh")
    signing.current()
    assert len(asked) == 2


def poll(status: int | None, body: bytes = b"") -> Exchange:
    request = OutgoingRequest("POST", "https://gw.example/token", ())
    fault = None if status else Fault("timeout", "nothing came")
    return Exchange("sign-in", request, status, chunks=[Chunk(0, body)], fault=fault)


def test_a_poll_without_an_answer_doubles_the_wait() -> None:
    assert next_interval(poll(None), 5) == 10


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"error": 5}', b'{"error": "server"}'])
def test_an_answer_that_is_no_reason_to_wait_ends_it(body: bytes) -> None:
    with pytest.raises(CredentialError, match=r"Token exchange failed \(HTTP 503\)"):
        next_interval(poll(503, body), 5)


@pytest.mark.parametrize("missing", ["device_code", "user_code", "verification_uri"])
def test_an_answer_without_a_code_is_refused(missing: str) -> None:
    document = {"device_code": "d", "user_code": "u", "verification_uri": "https://gw.example"}
    assert read_device(document).interval_s == 5
    del document[missing]
    broken: Any
    for broken in (document, None, []):
        with pytest.raises(CredentialError, match="lacks a code"):
            read_device(broken)


@pytest.mark.parametrize(
    "value", [0, -1, "soon", True, None, [], 10**400, float("nan"), float("inf")]
)
def test_times_that_are_none_have_defaults(value: Any) -> None:
    document = {"device_code": "d", "user_code": "u", "verification_uri": "https://gw.example"}
    device = read_device({**document, "interval": value, "expires_in": value})
    assert (device.interval_s, device.life_s) == (5, 600)
    assert "d" not in repr(device.code)
