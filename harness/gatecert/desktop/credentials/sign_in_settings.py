"""The settings of an interactive sign-in, as ``inferenceGatewayOidc`` holds them. No I/O.

Source: the client's page on gateways (documented); the messages are those read out of the shipped
client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

DEFAULT_SCOPES = ("openid", "profile", "email", "offline_access")
_OFFLINE = "offline_access"
_TOKEN_TYPES = ("id_token", "access_token")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PORTS = (1024, 65_535)


class SignInSettingsError(ValueError):
    """Sign-in settings with which the client stays in normal sign-in; the message is its own."""


@dataclass(frozen=True)
class SignInSettings:
    """An identity provider. ``redirect_port`` None lets the system choose a port.

    ``bearer_token_type`` says which token authenticates inference. ``resource`` is RFC 8707's.
    """

    client_id: str
    issuer: str = ""
    authorization_url: str = ""
    token_url: str = ""
    bearer_token_type: str = "id_token"  # noqa: S105 - the name of a kind of token
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    resource: str = ""
    redirect_port: int | None = None


def read_sign_in(value: Mapping[str, Any]) -> SignInSettings:
    """The settings. Raises SignInSettingsError."""
    settings = SignInSettings(
        client_id=_text(value, "clientId"),
        issuer=_address(value, "issuer"),
        authorization_url=_address(value, "authorizationUrl"),
        token_url=_address(value, "tokenUrl"),
        bearer_token_type=_text(value, "bearerTokenType") or _TOKEN_TYPES[0],
        scopes=_scopes(value),
        resource=_text(value, "resource"),
        redirect_port=_port(value.get("redirectPort")),
    )
    if not settings.client_id:
        raise SignInSettingsError("clientId: Required")
    if not settings.issuer and not (settings.authorization_url and settings.token_url):
        raise SignInSettingsError("either issuer, or both authorizationUrl and tokenUrl, required")
    if settings.bearer_token_type not in _TOKEN_TYPES:
        raise SignInSettingsError(f"bearerTokenType must be one of {', '.join(_TOKEN_TYPES)}")
    return settings


def is_safe_address(url: str) -> bool:
    """Whether a secret may go there: https, or http on loopback."""
    try:
        parts = urlsplit(url)
        scheme, host, _ = parts.scheme, parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) and (scheme == "https" or (scheme == "http" and host in _LOOPBACK))


def _address(value: Mapping[str, Any], name: str) -> str:
    url = _text(value, name)
    if url and not is_safe_address(url):
        raise SignInSettingsError(f"{name}: must use https (or http on loopback)")
    return url


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found.strip() if isinstance(found, str) else ""


def _scopes(value: Mapping[str, Any]) -> tuple[str, ...]:
    """The scopes to ask for: a list, or one string with blanks as OAuth writes them."""
    found = value.get("scopes")
    listed = found.split() if isinstance(found, str) else found if isinstance(found, list) else []
    scopes = [scope for scope in listed if isinstance(scope, str) and scope]
    if not scopes:
        if _text(value, "bearerTokenType") == "access_token":
            raise SignInSettingsError("scopes is required when bearerTokenType is access_token")
        scopes = list(DEFAULT_SCOPES)
    if value.get("appendOfflineAccess") is False:
        return tuple(s for s in scopes if found or s != _OFFLINE)
    return tuple(scopes if _OFFLINE in scopes else [*scopes, _OFFLINE])


def _port(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise SignInSettingsError("redirectPort must be a whole number")
    low, high = _PORTS
    if not low <= value <= high:
        raise SignInSettingsError(f"redirectPort must be {low} to {high}")
    return value
