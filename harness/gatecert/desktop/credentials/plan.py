"""Which credential a configuration asks for. No I/O.

Rules and messages: the client's configuration reference, and the checks read out of the shipped
client (``inferenceCredentialKind`` since 1.8555.0). Which of several wins without a kind is
documented for helper over key, and inferred for sign-in over both.
"""

from __future__ import annotations

from dataclasses import dataclass

from gatecert.desktop.config.config import Client, Config
from gatecert.desktop.credentials.helper import TIMEOUT_S, TTL_S, HelperSettings
from gatecert.desktop.credentials.interactive import Interactive
from gatecert.desktop.credentials.sign_in_settings import SignInSettingsError, read_sign_in
from gatecert.desktop.secret import Secret

KEY = "inferenceGatewayApiKey"
SCHEME = "inferenceGatewayAuthScheme"
KIND = "inferenceCredentialKind"
HELPER = "inferenceCredentialHelper"
OIDC = "inferenceGatewayOidc"
FLOW = "inferenceGatewayOidcAuthFlow"
NEEDS = {"static": KEY, "helper-script": HELPER}
KINDS = (*NEEDS, "interactive")


class NoCredentialError(ValueError):
    """A configuration without a valid credential; ``key`` is the one at fault."""

    def __init__(self, message: str, key: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True)
class Static:
    """A key that the configuration or the keychain holds."""

    key: Secret


Plan = Static | HelperSettings | Interactive


@dataclass(frozen=True)
class Planned:
    """The credential to use, the scheme that carries it, and what the client warns of."""

    plan: Plan
    scheme: str
    warnings: tuple[str, ...] = ()


def plan_credential(
    config: Config, client: Client, base_url: str, stored: Secret | None = None
) -> Planned:
    """The credential of a gateway configuration; ``stored`` is the keychain's key.

    Raises NoCredentialError in the client's words.
    """
    found = ways(config, client, stored)
    kind = config.text(KIND)
    warnings: tuple[str, ...] = ()
    if kind:
        _check_kind(kind, found)
    else:
        kind, warnings = _derived(found, client)
    plan = _plan(kind, config, base_url, stored)
    interactive = isinstance(plan, Interactive)
    scheme = "x-api-key" if config.text(SCHEME) == "x-api-key" and not interactive else "bearer"
    return Planned(plan, scheme, warnings)


def ways(config: Config, client: Client, stored: Secret | None = None) -> list[str]:
    """The ways to a credential that the fields offer, the one that wins first."""
    sso = config.text(SCHEME) == "sso" and not client.after_cut_off
    offered = {
        "interactive": sso or config.get(OIDC) is not None,
        "helper-script": bool(config.text(HELPER)),
        "static": bool(config.text(KEY)) or stored is not None,
    }
    return [way for way, is_there in offered.items() if is_there]


def _check_kind(kind: str, found: list[str]) -> None:
    if kind not in KINDS:
        raise NoCredentialError(f'{KIND} "{kind}" is not supported for provider "gateway"', KIND)
    if kind in NEEDS and kind not in found:
        raise NoCredentialError(f'{KIND} is "{kind}" but {NEEDS[kind]} is not set', NEEDS[kind])


def _derived(found: list[str], client: Client) -> tuple[str, tuple[str, ...]]:
    if not found:
        either = f"either {KEY} or {HELPER} must be set"
        if client.version >= (1, 8555, 0):
            either = f'no credential configured for provider "gateway": {either}'
        raise NoCredentialError(either, KEY)
    if len(found) == 1:
        return found[0], ()
    listed = ", ".join(found)
    return found[0], (f"Multiple credential methods configured ({listed}); using {found[0]}",)


def _plan(kind: str, config: Config, base_url: str, stored: Secret | None) -> Plan:
    if kind == "helper-script":
        return HelperSettings(
            config.text(HELPER),
            _whole(config, "inferenceCredentialHelperTtlSec", TTL_S),
            _whole(config, "inferenceCredentialHelperTimeoutSec", TIMEOUT_S),
            config.flag("inferenceCredentialHelperSilentRefreshEnabled", True),
        )
    if kind == "interactive":
        return _interactive(config, base_url)
    key = Secret(config.text(KEY)) if config.text(KEY) else stored
    if key is None:
        raise AssertionError("a static key was found before")
    return Static(key)


def _interactive(config: Config, base_url: str) -> Interactive:
    lifetime = _whole(config, "inferenceSessionLifetimeSec", 0) or None
    value = config.get(OIDC)
    if not isinstance(value, dict):
        return Interactive(base_url, None, lifetime)
    if config.text(FLOW) == "broker":
        raise NoCredentialError("sign-in by the system's broker is not simulated", FLOW)
    try:
        return Interactive(base_url, read_sign_in(value), lifetime)
    except SignInSettingsError as exc:
        raise NoCredentialError(str(exc), OIDC) from None


def _whole(config: Config, key: str, default: int) -> int:
    value = config.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default
