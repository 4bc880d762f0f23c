"""Interactive sign-in as a source of credentials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gatecert.desktop.credentials import browser_flow, device_flow
from gatecert.desktop.credentials.browser_flow import Browser
from gatecert.desktop.credentials.clock import Clock
from gatecert.desktop.credentials.credential import INTERACTIVE, Credential, CredentialError
from gatecert.desktop.credentials.oauth import Tokens, bearer_of, expires_at
from gatecert.desktop.credentials.sign_in_settings import SignInSettings
from gatecert.desktop.transport import Transport


@dataclass(frozen=True)
class Interactive:
    """How the user signs in. Without ``provider`` the gateway is the authorization server.

    ``lifetime_s`` ends a session after so many seconds, whatever its tokens say.
    """

    gateway: str
    provider: SignInSettings | None = None
    lifetime_s: int | None = None

    @property
    def bearer(self) -> str:
        """Which token authenticates inference."""
        return self.provider.bearer_token_type if self.provider else "access_token"


class SignIn:
    """Signs the user in, and renews with the refresh token while there is one.

    ``transport`` makes the connection for these requests alone: their bodies are secrets, and
    nothing that records exchanges should see them.
    """

    def __init__(
        self,
        settings: Interactive,
        transport: Callable[[], Transport],
        browser: Browser,
        clock: Clock,
        patience_s: float = browser_flow.PATIENCE_S,
    ) -> None:
        self.settings = settings
        self._transport = transport
        self._browser = browser
        self._clock = clock
        self._patience_s = patience_s
        self._tokens: Tokens | None = None
        self._ends: float | None = None
        self._signed_in_at = 0.0

    def current(self, context: str = INTERACTIVE) -> Credential:
        """The bearer; the user is asked if there is none, or none that can be renewed.

        Only ``interactive`` may ask the user. Raises CredentialError.
        """
        if self._tokens is not None and self._session_is_over():
            self._tokens = None
        if self._tokens is not None and not self._is_over():
            return self._credential(self._tokens)
        return self._renewed_or_none() or self._asked(context)

    def renew(self) -> Credential | None:
        """A new bearer by the refresh token; None without one, and after the session's lifetime.

        Raises CredentialError.
        """
        if self._tokens is None or self.settings.provider is None or self._session_is_over():
            return None
        held, provider = self._tokens, self.settings.provider
        tokens = self._with_transport(lambda http: browser_flow.refreshed(held, provider, http))
        return None if tokens is None else self._kept(tokens)

    def _renewed_or_none(self) -> Credential | None:
        try:
            return self.renew()
        except CredentialError:
            return None  # the user signs in again

    def _asked(self, context: str) -> Credential:
        if context != INTERACTIVE:
            raise CredentialError("sign-in-needed", "the session is over: sign in again")
        tokens = self._with_transport(self._sign_in)
        if tokens is None:
            raise AssertionError("a sign-in gives tokens or raises")
        self._signed_in_at = self._clock.now()
        return self._kept(tokens)

    def _sign_in(self, transport: Transport) -> Tokens:
        settings = self.settings
        if settings.provider is not None:
            return browser_flow.sign_in(
                settings.provider, transport, self._browser, self._patience_s
            )
        return device_flow.sign_in(settings.gateway, transport, self._browser, self._clock)

    def _with_transport(self, action: Callable[[Transport], Tokens | None]) -> Tokens | None:
        transport = self._transport()
        try:
            return action(transport)
        finally:
            transport.close()

    def _kept(self, tokens: Tokens) -> Credential:
        self._tokens = tokens
        self._ends = expires_at(tokens, self.settings.bearer, self._clock.now())
        return self._credential(tokens)

    def _session_is_over(self) -> bool:
        lifetime = self.settings.lifetime_s
        return lifetime is not None and self._clock.now() - self._signed_in_at >= lifetime

    def _is_over(self) -> bool:
        return self._ends is not None and self._clock.now() >= self._ends

    def _credential(self, tokens: Tokens) -> Credential:
        bearer = bearer_of(tokens, self.settings.bearer)
        if bearer is None:
            raise AssertionError("tokens are kept only with their bearer")
        return Credential(bearer)
