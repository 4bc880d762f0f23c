"""Sign-in at a gateway that is the authorization server: the device flow (RFC 8628)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from gatecert.desktop.credentials.browser_flow import Browser, Prompt
from gatecert.desktop.credentials.clock import Clock
from gatecert.desktop.credentials.credential import CredentialError
from gatecert.desktop.credentials.oauth import Tokens, checked_endpoint, read_tokens, seconds
from gatecert.desktop.credentials.token_http import answered, post_form, server_of_gateway
from gatecert.desktop.exchange import Exchange
from gatecert.desktop.quoting import quoted
from gatecert.desktop.secret import Secret
from gatecert.desktop.transport import Transport

CLIENT_ID = "claude-desktop"  # inferred: what the client calls itself here is not known
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL_S = 5.0
_LEAST_INTERVAL_S = 1.0  # ours: a gateway that asks for less would be polled without end
_LIFE_S = 600.0
_MOST_LIFE_S = 3600.0
_ENDS = {
    "expired_token": ("expired", "the code ran out before anybody confirmed it"),
    "access_denied": ("refused", "the user or the gateway refused the sign-in"),
}


@dataclass(frozen=True)
class Device:
    """What the gateway gave to poll with. Times are in seconds."""

    code: Secret
    prompt: Prompt = field(repr=False)
    life_s: float = _LIFE_S
    interval_s: float = _INTERVAL_S


def sign_in(base_url: str, transport: Transport, browser: Browser, clock: Clock) -> Tokens:
    """Ask for a code, show it, and poll until it is confirmed. Raises CredentialError.

    The refresh token is dropped, as the desktop does (reported): the next expiry asks again.
    """
    server = server_of_gateway(transport, base_url)
    if not server.device_authorization:
        raise CredentialError(
            "discovery", "gateway SSO: server does not advertise device_authorization_endpoint"
        )
    if not server.token:
        raise CredentialError("discovery", "gateway SSO: server does not advertise token_endpoint")
    form = {"client_id": CLIENT_ID}
    exchange = post_form(transport, server.device_authorization, form)
    device = read_device(answered(exchange, "Device authorization"))
    browser(device.prompt)
    return replace(_poll(device, server.token, transport, clock), refresh=None)


def read_device(document: Any) -> Device:
    """A device authorization answer. Raises CredentialError."""
    __tracebackhide__ = True  # pytest would show the arguments
    answer = document if isinstance(document, dict) else {}
    url = answer.get("verification_uri_complete") or answer.get("verification_uri")
    code, shown = answer.get("device_code"), answer.get("user_code")
    if not all(isinstance(text, str) and text for text in (url, code, shown)):
        raise CredentialError("discovery", "Device authorization failed (the answer lacks a code)")
    return Device(
        Secret(str(code)),
        Prompt(checked_endpoint(str(url)), quoted(str(shown))),
        min(seconds(answer.get("expires_in")) or _LIFE_S, _MOST_LIFE_S),
        max(seconds(answer.get("interval")) or _INTERVAL_S, _LEAST_INTERVAL_S),
    )


def next_interval(exchange: Exchange, interval_s: float) -> float:
    """How long to wait before the next poll, in seconds. Raises CredentialError at the end.

    ``slow_down`` adds five seconds for good; a poll that got no answer doubles the wait.
    """
    if exchange.status is None:
        return interval_s * 2
    body = exchange.json()
    error = body.get("error") if isinstance(body, dict) else None
    if error == "authorization_pending":
        return interval_s
    if error == "slow_down":
        return interval_s + 5
    if isinstance(error, str) and error in _ENDS:
        raise CredentialError(*_ENDS[error])
    raise CredentialError("token-exchange", f"Token exchange failed (HTTP {exchange.status})")


def _poll(device: Device, url: str, transport: Transport, clock: Clock) -> Tokens:
    form = {"grant_type": _GRANT, "device_code": device.code.reveal(), "client_id": CLIENT_ID}
    interval = device.interval_s
    ends = clock.now() + device.life_s
    while clock.now() + interval < ends:
        clock.sleep(interval)
        exchange = post_form(transport, url, form)
        if exchange.status == 200:
            return read_tokens(exchange.json())
        interval = next_interval(exchange, interval)
    raise CredentialError(*_ENDS["expired_token"])
