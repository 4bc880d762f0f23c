"""The credential helper: a program of the administrator's that prints the credential.

Contract: the client's page on credential helpers (documented); the failure reasons and the clamp
come from a reimplementation (reported). Whether the per-turn check honours
``silentRefreshEnabled`` is inferred from its name.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

from gatecert.desktop.credentials.credential import (
    INTERACTIVE,
    MID_SESSION,
    SETUP_TEST,
    Credential,
    CredentialError,
)
from gatecert.desktop.credentials.helper_output import read_output
from gatecert.desktop.credentials.helper_process import RunHelper, run_helper

TTL_S = 3600
TIMEOUT_S = 60
MOST_TIMEOUT_S = 600
MID_SESSION_TIMEOUT_S = 20  # the user waits
UNCHECKED_TTL_S = 120


@dataclass(frozen=True)
class HelperSettings:
    """The helper as it is configured. Times are in seconds."""

    path: str
    ttl_s: int = TTL_S
    timeout_s: int = TIMEOUT_S
    silent_refresh: bool = True

    def timeout(self, context: str) -> int:
        """How long it may run: 1 to 600 s, and 20 s at most while a session waits for it."""
        most = MID_SESSION_TIMEOUT_S if context == MID_SESSION else MOST_TIMEOUT_S
        return max(1, min(self.timeout_s, most))


class Helper:
    """Runs the helper, and keeps what it printed until its TTL ends."""

    def __init__(
        self,
        settings: HelperSettings,
        run: RunHelper = run_helper,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._run = run
        self._now = now
        self._kept: Credential | None = None
        self._since = 0.0

    def current(self, context: str = INTERACTIVE) -> Credential:
        """The credential; the helper runs if there is none, or if its TTL is over.

        With a TTL of 120 s or less the age is not looked at: only a 401 renews. Raises
        CredentialError.
        """
        if self._kept is None or self._is_old():
            return self._asked(context)
        return self._kept

    def renew(self) -> Credential | None:
        """Run it again; None if silent refresh is switched off. Raises CredentialError."""
        return self._asked(MID_SESSION) if self.settings.silent_refresh else None

    def test(self) -> Credential:
        """Run it as the *test* button does; nothing is kept. Raises CredentialError."""
        return self._ran(SETUP_TEST, {"CLAUDE_HELPER_MANUAL_RUN": "1"})

    def _is_old(self) -> bool:
        settings = self.settings
        if settings.ttl_s <= UNCHECKED_TTL_S or not settings.silent_refresh:
            return False
        return self._now() - self._since >= settings.ttl_s

    def _asked(self, context: str) -> Credential:
        credential = self._ran(context, {})
        self._kept, self._since = credential, self._now()
        return credential

    def _ran(self, context: str, more: dict[str, str]) -> Credential:
        path = checked_path(self.settings.path)
        environment = {"CLAUDE_HELPER_CONTEXT": context, **more}
        printed = self._run(path, environment, self.settings.timeout(context))
        return read_output(printed.stdout, printed.stderr)


def checked_path(path: str) -> str:
    """The path, if it is absolute and local. Raises CredentialError (``bad-path``)."""
    why = path_trouble(path)
    if why:
        raise CredentialError(
            "bad-path", f"the credential helper must be an absolute path on a local disk: {why}"
        )
    return path


def path_trouble(path: str) -> str:
    """Why the client does not start a helper at this path, or ``""``."""
    if path.startswith(("\\\\", "//")):
        return "it lies on the network"
    absolute = PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()
    return "" if absolute else "it is not an absolute path"
