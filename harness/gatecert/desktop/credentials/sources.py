"""From what is planned to a source of credentials, with the world it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gatecert.desktop.credentials.browser_flow import PATIENCE_S, Browser, Prompt
from gatecert.desktop.credentials.clock import Clock, SystemClock
from gatecert.desktop.credentials.credential import CredentialError, CredentialSource, StaticKey
from gatecert.desktop.credentials.helper import Helper, HelperSettings
from gatecert.desktop.credentials.helper_process import RunHelper, run_helper
from gatecert.desktop.credentials.interactive import SignIn
from gatecert.desktop.credentials.plan import Plan, Static
from gatecert.desktop.transport import HttpxTransport, Transport


def no_browser(prompt: Prompt) -> None:
    """A user without a browser. Raises CredentialError."""
    raise CredentialError("no-browser", "a sign-in needs a browser, and there is none")


@dataclass(frozen=True)
class Surroundings:
    """What the app needs besides settings and gateway.

    ``sign_in`` makes the transport for sign-in requests, whose bodies are secrets and belong into
    no record. ``patience_s`` is how long the app waits for a browser that does not come back, in
    seconds of the machine's clock.
    """

    browser: Browser = no_browser
    clock: Clock = field(default_factory=SystemClock)
    run_helper: RunHelper = run_helper
    sign_in: Callable[[], Transport] = HttpxTransport
    patience_s: float = PATIENCE_S


def source_of(plan: Plan, around: Surroundings) -> CredentialSource:
    """The source that gives what is planned."""
    if isinstance(plan, Static):
        return StaticKey(plan.key)
    if isinstance(plan, HelperSettings):
        return Helper(plan, around.run_helper, around.clock.now)
    return SignIn(plan, around.sign_in, around.browser, around.clock, around.patience_s)
