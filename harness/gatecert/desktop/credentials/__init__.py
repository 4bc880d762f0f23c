"""Where the client's credential comes from: a key, a helper program, or a sign-in."""

from gatecert.desktop.credentials.browser_flow import Browser, Prompt
from gatecert.desktop.credentials.clock import Clock, SystemClock
from gatecert.desktop.credentials.credential import (
    CONTEXTS,
    Credential,
    CredentialError,
    CredentialSource,
    StaticKey,
)
from gatecert.desktop.credentials.helper import Helper, HelperSettings
from gatecert.desktop.credentials.helper_output import read_output
from gatecert.desktop.credentials.helper_process import Printed, RunHelper, run_helper
from gatecert.desktop.credentials.interactive import Interactive, SignIn
from gatecert.desktop.credentials.keychain import Keychain, MemoryKeychain
from gatecert.desktop.credentials.plan import NoCredentialError, Plan, Static, plan_credential
from gatecert.desktop.credentials.sign_in_settings import SignInSettings, read_sign_in
from gatecert.desktop.credentials.sources import Surroundings, source_of

__all__ = [
    "CONTEXTS",
    "Browser",
    "Clock",
    "Credential",
    "CredentialError",
    "CredentialSource",
    "Helper",
    "HelperSettings",
    "Interactive",
    "Keychain",
    "MemoryKeychain",
    "NoCredentialError",
    "Plan",
    "Printed",
    "Prompt",
    "RunHelper",
    "SignIn",
    "SignInSettings",
    "Static",
    "StaticKey",
    "Surroundings",
    "SystemClock",
    "plan_credential",
    "read_output",
    "read_sign_in",
    "run_helper",
    "source_of",
]
