"""Gateway settings as an administrator gives them, and the URLs the client builds from them.

Rules and messages: the client's documentation of third-party inference (keys
``inferenceGatewayBaseUrl``, ``inferenceGatewayAuthScheme``, ``inferenceCustomHeaders``), and the
URL composition observed on engine 2.1.330.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

AUTH_SCHEMES = ("bearer", "x-api-key")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110


class SettingsError(ValueError):
    """Settings with which the client would not start third-party inference."""


@dataclass(frozen=True)
class GatewaySettings:
    """What the client reads at launch.

    ``api_key`` None means that no credential is sent at all, which the real client never does; it
    is there to see what the gateway says to strangers. Raises SettingsError with the client's own
    message for a base URL it refuses.
    """

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    auth_scheme: str = "bearer"
    custom_headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    chat_model: str = "claude-sonnet-4-5"
    background_model: str = "claude-haiku-4-5-20251001"

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", normal_base_url(self.base_url))
        if self.auth_scheme not in AUTH_SCHEMES:
            raise SettingsError(
                f"auth scheme {self.auth_scheme!r} is none of {', '.join(AUTH_SCHEMES)}"
            )
        for name, value in self.custom_headers.items():
            _check_header(name, value)

    def url(self, path: str) -> str:
        """The URL of a request path under the configured base URL."""
        return compose_url(self.base_url, path)

    def credential(self) -> tuple[str, str] | None:
        """The one credential header that the desktop sends, or None without a key."""
        if self.api_key is None:
            return None
        if self.auth_scheme == "x-api-key":
            return "x-api-key", self.api_key
        return "Authorization", f"Bearer {self.api_key}"


def compose_url(base_url: str, path: str) -> str:
    """Join as the client does: strip trailing slashes, keep any prefix, never mend ``/v1``."""
    return base_url.rstrip("/") + path


def normal_base_url(base_url: str) -> str:
    """The base URL with blanks trimmed and a missing scheme added.

    Raises SettingsError where the client refuses the URL: plain http off loopback, user info,
    no host. A query or fragment is refused too, because the client glues the path into it.
    """
    text = base_url.strip()
    if not text:
        raise SettingsError("baseUrl: Required")
    if "://" not in text:
        text = "https://" + text
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise SettingsError(f"baseUrl: Invalid URL {base_url!r} ({exc})") from None
    if not host or port == 0:
        raise SettingsError(f"baseUrl: Invalid URL {base_url!r}")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise SettingsError(f"baseUrl: must use https (or http on loopback), not {base_url!r}")
    if parts.username is not None or parts.password is not None:
        raise SettingsError("baseUrl: credentials in the URL are refused")
    if "?" in text or "#" in text:
        raise SettingsError(f"baseUrl: a query or fragment breaks every request path: {base_url!r}")
    return text


def _check_header(name: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise SettingsError(f"custom header {name!r} is not a valid header name")
    if any(ord(c) > 0xFF or c in "\r\n\0" for c in value):
        raise SettingsError(
            f"custom header {name!r} has a character above U+00FF, a line break or a NUL; the "
            "client refuses to send it (write non-ASCII JSON text as \\u escapes)"
        )
