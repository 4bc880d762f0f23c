"""The settings of an interactive sign-in, as ``inferenceGatewayOidc`` holds them. No I/O.

Source: the client's page on gateways (documented); the messages are those read out of the shipped
client.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gatecert.desktop.settings import LOOPBACK

DEFAULT_SCOPES = ("openid", "profile", "email", "offline_access")
_OFFLINE = "offline_access"
_TOKEN_TYPES = ("id_token", "access_token")
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
    for trouble in troubles(value):
        raise SignInSettingsError(trouble.says)
    return SignInSettings(
        client_id=_text(value, "clientId"),
        issuer=_text(value, "issuer"),
        authorization_url=_text(value, "authorizationUrl"),
        token_url=_text(value, "tokenUrl"),
        bearer_token_type=_text(value, "bearerTokenType") or _TOKEN_TYPES[0],
        scopes=_scopes(value),
        resource=_text(value, "resource"),
        redirect_port=value.get("redirectPort"),
    )


@dataclass(frozen=True)
class Trouble:
    """A member for which the client refuses a sign-in, in its words; or one that is ``missing``."""

    member: str
    says: str
    missing: bool = False


def troubles(value: Mapping[str, Any]) -> Iterator[Trouble]:
    """All that is wrong with the settings of a sign-in."""
    if not _text(value, "clientId"):
        yield Trouble("clientId", "clientId: Required", missing=True)
    explicit = _text(value, "authorizationUrl") and _text(value, "tokenUrl")
    if not _text(value, "issuer") and not explicit:
        says = "either issuer, or both authorizationUrl and tokenUrl, required"
        yield Trouble("issuer", says, missing=True)
    if _text(value, "bearerTokenType") == _TOKEN_TYPES[1] and not _listed(value):
        says = "scopes is required when bearerTokenType is access_token"
        yield Trouble("scopes", says, missing=True)
    if (_text(value, "bearerTokenType") or _TOKEN_TYPES[0]) not in _TOKEN_TYPES:
        says = f"bearerTokenType must be one of {', '.join(_TOKEN_TYPES)}"
        yield Trouble("bearerTokenType", says)
    for name in ("issuer", "authorizationUrl", "tokenUrl"):
        url = _text(value, name)
        if url and not is_safe_address(url):
            yield Trouble(name, f"{name}: must use https (or http on loopback)")
    yield from _of_port(value.get("redirectPort"))


def is_safe_address(url: str) -> bool:
    """Whether a secret may go there: https, or http on loopback."""
    try:
        parts = urlsplit(url)
        scheme, host, _ = parts.scheme, parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) and (scheme == "https" or (scheme == "http" and host in LOOPBACK))


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found.strip() if isinstance(found, str) else ""


def _listed(value: Mapping[str, Any]) -> list[str]:
    """The scopes as they are configured: a list, or one string with blanks as OAuth writes them."""
    found = value.get("scopes")
    listed = found.split() if isinstance(found, str) else found if isinstance(found, list) else []
    return [scope for scope in listed if isinstance(scope, str) and scope]


def _scopes(value: Mapping[str, Any]) -> tuple[str, ...]:
    """The scopes to ask for."""
    listed = _listed(value)
    scopes = listed or list(DEFAULT_SCOPES)
    if value.get("appendOfflineAccess") is False:
        return tuple(s for s in scopes if listed or s != _OFFLINE)
    return tuple(scopes if _OFFLINE in scopes else [*scopes, _OFFLINE])


def _of_port(value: Any) -> Iterator[Trouble]:
    low, high = _PORTS
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        yield Trouble("redirectPort", "redirectPort must be a whole number")
    elif not low <= value <= high:
        yield Trouble("redirectPort", f"redirectPort must be {low} to {high}")
