"""Sign-in at an identity provider: authorization code with PKCE, and the refresh afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gatecert.desktop.credentials.credential import CredentialError
from gatecert.desktop.credentials.loopback import listening
from gatecert.desktop.credentials.oauth import (
    Attempt,
    Server,
    Tokens,
    checked_endpoint,
    claims,
    read_tokens,
    refresh_form,
)
from gatecert.desktop.credentials.sign_in_settings import SignInSettings
from gatecert.desktop.credentials.token_http import answered, post_form, server_of_issuer
from gatecert.desktop.transport import Transport

PATIENCE_S = 300.0


@dataclass(frozen=True)
class Prompt:
    """What the user is asked to do: open ``url``, and for a device flow confirm ``code`` there."""

    url: str = field(repr=False)
    code: str = field(default="", repr=False)


Browser = Callable[[Prompt], object]


def sign_in(
    settings: SignInSettings, transport: Transport, browser: Browser, patience_s: float = PATIENCE_S
) -> Tokens:
    """Send the user to the identity provider and take the tokens. Raises CredentialError."""
    server = endpoints(settings, transport)
    with listening(settings.redirect_port) as listener:
        attempt = Attempt(listener.redirect_uri)
        browser(Prompt(attempt.authorization_url(server.authorization, settings)))
        code = attempt.code(listener.target(patience_s), settings.issuer)
    answer = answered(post_form(transport, server.token, attempt.exchange_form(code, settings)))
    tokens = read_tokens(answer, settings.bearer_token_type)
    if tokens.identity is not None and claims(tokens.identity).get("nonce") != attempt.nonce:
        raise CredentialError("wrong-nonce", "the id_token belongs to another attempt")
    return tokens


def refreshed(tokens: Tokens, settings: SignInSettings, transport: Transport) -> Tokens | None:
    """New tokens without the user; None without a refresh token. Raises CredentialError.

    A provider that gives no new id_token with a refresh (Google, as reported) leaves an id_token
    mode without a bearer: that is a failed refresh.
    """
    if tokens.refresh is None:
        return None
    server = endpoints(settings, transport)
    answer = answered(post_form(transport, server.token, refresh_form(tokens.refresh, settings)))
    fresh = read_tokens(answer, settings.bearer_token_type)
    return fresh if fresh.refresh is not None else replace(fresh, refresh=tokens.refresh)


def endpoints(settings: SignInSettings, transport: Transport) -> Server:
    """The endpoints: those configured, else those that the issuer names. Raises CredentialError."""
    if settings.authorization_url and settings.token_url:
        chosen = (settings.authorization_url, settings.token_url)
        return Server(*map(checked_endpoint, chosen))
    server = server_of_issuer(transport, settings.issuer)
    if not server.authorization or not server.token:
        raise CredentialError("discovery", "OIDC discovery failed (an endpoint is missing)")
    return server
