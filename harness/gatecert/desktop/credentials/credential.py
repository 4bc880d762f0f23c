"""What authenticates a request, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol

from gatecert.desktop.secret import Secret
from gatecert.desktop.settings import GatewaySettings, SettingsError

# when a credential is asked for, in the words of CLAUDE_HELPER_CONTEXT
INTERACTIVE = "interactive"
MID_SESSION = "mid-session-refresh"
SCHEDULED = "scheduled-task"
SETUP_TEST = "setup-test"
BACKGROUND = "background"
CONTEXTS = (INTERACTIVE, MID_SESSION, SCHEDULED, SETUP_TEST, BACKGROUND)


class CredentialError(RuntimeError):
    """There is no credential. ``reason`` is one of a few words, the message never shows a secret.

    Reasons of a helper are the client's own: ``bad-path``, ``spawn-failed``, ``timed-out``,
    ``non-zero-exit`` and ``empty``; ``unusable`` (output that is refused) is ours, as are the
    reasons of a sign-in.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Credential:
    """A token, and headers that go along with it. ``warnings`` is what its source complains of."""

    token: Secret
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", MappingProxyType(dict(self.headers)))

    @property
    def state(self) -> str:
        """``ok``, or ``warning`` if its source complains of something."""
        return "warning" if self.warnings else "ok"

    def applied(self, settings: GatewaySettings) -> GatewaySettings:
        """The settings with this credential.

        Its headers override custom headers of the same name, whatever their case. Raises
        CredentialError (``unusable``) for what no request can carry.
        """
        own = {name.lower() for name in self.headers}
        kept = {n: v for n, v in settings.custom_headers.items() if n.lower() not in own}
        headers = {**kept, **self.headers}
        try:
            return replace(settings, api_key=self.token, custom_headers=headers)
        except SettingsError as exc:
            raise CredentialError("unusable", str(exc)) from None


class CredentialSource(Protocol):
    """Gives the credential of a session."""

    def current(self, context: str = INTERACTIVE) -> Credential:
        """The credential to use now; one that is still good is given again.

        Raises CredentialError.
        """

    def renew(self) -> Credential | None:
        """A new one without the user's help, after a 401; None if this source has no such way.

        Raises CredentialError.
        """


class StaticKey:
    """A key from the settings: the same for ever."""

    def __init__(self, key: Secret) -> None:
        self._credential = Credential(key)

    def current(self, context: str = INTERACTIVE) -> Credential:
        """The key."""
        return self._credential

    def renew(self) -> Credential | None:
        """None: only an administrator can give another key."""
        return None
