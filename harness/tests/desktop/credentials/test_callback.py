"""What comes back to the loopback redirect of a sign-in, from browsers and from others."""

from __future__ import annotations

import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import httpx
import pytest
from identity_provider import CLIENT, IdentityProvider

from gatecert.desktop import HttpxTransport
from gatecert.desktop.credentials import CredentialError, Prompt, read_sign_in
from gatecert.desktop.credentials.browser_flow import sign_in


def ends_with(told: str) -> Callable[[Prompt], None]:
    """A browser that comes back with ``told``."""

    def browse(prompt: Prompt) -> None:
        asked = httpx.URL(prompt.url).params
        back = httpx.URL(asked["redirect_uri"])
        with socket.create_connection((back.host, back.port or 0)) as sock:
            target = f"{back.path}?state={asked['state']}&{told}"
            sock.sendall(f"GET {target} HTTP/1.1\r\n\r\n".encode())
            sock.recv(1)

    return browse


def told(provider: IdentityProvider, user: Callable[[Prompt], None]) -> str:
    """Why a sign-in fails whose browser does this."""
    settings = read_sign_in({"clientId": CLIENT, "issuer": provider.url})
    transport = HttpxTransport()
    with pytest.raises(CredentialError) as caught:
        sign_in(settings, transport, user, 5)
    transport.close()
    return str(caught.value)


def test_a_browser_that_hangs_up_at_once_has_brought_the_code(
    provider: IdentityProvider,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    respond = BaseHTTPRequestHandler.send_response

    def reset(handler: BaseHTTPRequestHandler, code: int, message: str | None = None) -> None:
        if handler.path.startswith("/callback"):
            raise ConnectionResetError
        respond(handler, code, message)

    monkeypatch.setattr(BaseHTTPRequestHandler, "send_response", reset)
    # the code is unknown to the provider: that it says so shows that it was asked
    assert told(provider, ends_with("code=c")) == "Token exchange failed (HTTP 400)"
    assert capfd.readouterr() == ("", "")


def test_a_refusal_is_told_on_one_line(provider: IdentityProvider) -> None:
    browse = ends_with("error=e&error_description=a%0D%0Ab%1B%5B2J" + "x" * 999)
    says = told(provider, browse)
    assert says.startswith("the identity provider refused: a b [2Jxx")
    assert len(says) < 300


def test_a_callback_of_another_issuer_gives_no_token(provider: IdentityProvider) -> None:
    says = "the sign-in came back from another issuer"
    assert told(provider, ends_with("code=c&iss=https%3A%2F%2Fevil.example")) == says
    assert provider.posts == []
    told(provider, ends_with(f"code=c&iss={provider.url}"))
    assert len(provider.posts) == 1


def test_what_is_no_callback_is_not_found_and_prints_nothing(
    provider: IdentityProvider, capfd: pytest.CaptureFixture[str]
) -> None:
    answers: list[bytes] = []

    def odd(prompt: Prompt) -> None:
        back = httpx.URL(httpx.URL(prompt.url).params["redirect_uri"])
        for request in (b"GET http://[/callback HTTP/1.1", b"GET /callbacks HTTP/1.1", b"\xff\0"):
            with socket.create_connection((back.host, back.port or 0)) as sock:
                sock.sendall(request + b"\r\n\r\n")
                answers.append(sock.recv(12))
        ends_with("error=done")(prompt)

    assert told(provider, odd).endswith("refused: done")
    assert answers[:2] == [b"HTTP/1.0 404"] * 2
    assert capfd.readouterr() == ("", "")


def test_a_callback_with_a_foreign_state_gives_no_token(provider: IdentityProvider) -> None:
    def forged(prompt: Prompt) -> None:
        back = httpx.URL(prompt.url).params["redirect_uri"]
        assert httpx.get(back.replace("/callback", "/other"), trust_env=False).status_code == 404
        httpx.get(f"{back}?code=stolen&state=guessed", trust_env=False)

    settings = read_sign_in({"clientId": CLIENT, "issuer": provider.url})
    transport = HttpxTransport()
    with pytest.raises(CredentialError, match="another attempt"):
        sign_in(settings, transport, forged, 5)
    transport.close()
    assert provider.posts == []
