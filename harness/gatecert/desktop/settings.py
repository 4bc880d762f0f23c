"""Gateway settings as an administrator gives them, and the URLs the client builds from them.

Rules and messages: the client's documentation of third-party inference (keys
``inferenceGatewayBaseUrl``, ``inferenceGatewayAuthScheme``, ``inferenceCustomHeaders``), and the
URL composition observed on engine 2.1.330.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import SplitResult, urlsplit

from gatecert.desktop.secret import Secret

AUTH_SCHEMES = ("bearer", "x-api-key")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110
_OF_THE_CONNECTION = {"host", "content-length", "transfer-encoding", "connection"}
_PRINTABLE = re.compile(r"[!-~]*")  # ASCII without blanks
_DNS_LABEL = re.compile(r"[0-9A-Za-z_-]{1,63}")
_MAX_HOST_CHARACTERS = 253


class SettingsError(ValueError):
    """Settings with which the client would not start, or whose requests could not be sent."""


@dataclass(frozen=True)
class GatewaySettings:
    """What the client reads at launch.

    ``api_key`` None means that no credential is sent at all, which the real client never does; it
    is there to see what the gateway says to strangers. Blanks around the key and around the values
    of custom headers are trimmed, as the client does. ``second_key`` goes into the header that
    ``auth_scheme`` does not use, beside the credential; only the terminal does so. Neither keys
    nor the values of headers are ever shown. Raises SettingsError with the client's own message
    for a base URL it refuses, and for whatever no request can carry.
    """

    base_url: str
    api_key: Secret | str | None = field(default=None, repr=False)
    auth_scheme: str = "bearer"
    custom_headers: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )
    chat_model: str = "claude-sonnet-4-5"
    background_model: str = "claude-haiku-4-5-20251001"
    second_key: Secret | str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", normal_base_url(self.base_url))
        if self.auth_scheme not in AUTH_SCHEMES:
            raise SettingsError(
                f"auth scheme {self.auth_scheme!r} is none of {', '.join(AUTH_SCHEMES)}"
            )
        if self.api_key is not None:
            object.__setattr__(self, "api_key", _checked_key(self.api_key))
        if self.second_key is not None:
            object.__setattr__(self, "second_key", _checked_key(self.second_key))
        headers = {name: _checked_value(name, value) for name, value in self.custom_headers.items()}
        object.__setattr__(self, "custom_headers", MappingProxyType(headers))

    def url(self, path: str) -> str:
        """The URL of a request path under the configured base URL."""
        return compose_url(self.base_url, path)

    def credential(self) -> tuple[str, str] | None:
        """The one credential header that the desktop sends, or None without a key."""
        key = self.key()
        if key is None:
            return None
        return _credential(self.auth_scheme, key)

    def credentials(self) -> list[tuple[str, str]]:
        """Every credential header that is sent; the desktop has one, the terminal may have two."""
        first = self.credential()
        other = "bearer" if self.auth_scheme == "x-api-key" else "x-api-key"
        second = None if self.second_key is None else _credential(other, _secret(self.second_key))
        return [pair for pair in (first, second) if pair is not None]

    def key(self) -> Secret | None:
        """The key, still hidden."""
        return None if self.api_key is None else _secret(self.api_key)


def _credential(scheme: str, key: Secret) -> tuple[str, str]:
    text = key.reveal()
    return ("x-api-key", text) if scheme == "x-api-key" else ("Authorization", f"Bearer {text}")


def _secret(key: Secret | str) -> Secret:
    return Secret(key) if isinstance(key, str) else key


def compose_url(base_url: str, path: str) -> str:
    """Join as the client does: strip trailing slashes, keep any prefix, never mend ``/v1``."""
    return base_url.rstrip("/") + path


def is_within(host: str, domain: str) -> bool:
    """Whether a host is a domain or lies below it."""
    bare = host.rstrip(".").lower()
    return bare == domain or bare.endswith("." + domain)


def is_https(url: str) -> bool:
    """Whether an address is https, the one scheme that a bootstrap server may have."""
    return url.strip().lower().startswith("https://")


def normal_base_url(base_url: str) -> str:
    """The base URL with blanks trimmed and a missing scheme added.

    Raises SettingsError where the client refuses the URL: plain http off loopback, user info,
    no host. A query or fragment is refused too, because the client glues the path into it, and so
    is what must be written otherwise to be sent: a host that no DNS can hold, blanks, non-ASCII.
    """
    __tracebackhide__ = True  # pytest would show the arguments
    text = base_url.strip()
    if not text:
        raise SettingsError("baseUrl: Required")
    if "://" not in text:
        text = "https://" + text
    parts = _split(text)
    if parts is None:
        raise SettingsError(f"baseUrl: Invalid URL {_shown(text)}")
    host = parts.hostname
    if parts.username is not None or parts.password is not None:
        raise SettingsError("baseUrl: credentials in the URL are refused")
    if not host or parts.port == 0:
        raise SettingsError(f"baseUrl: Invalid URL {_shown(text)}")
    if not _PRINTABLE.fullmatch(text):
        raise SettingsError(
            f"baseUrl: has a blank, a control or a non-ASCII character: {_shown(text)}; "
            "write the path percent-encoded and the host as xn--..."
        )
    if not _is_host(host):
        raise SettingsError(f"baseUrl: Invalid URL {_shown(text)}: no host can have this name")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
        raise SettingsError(f"baseUrl: must use https (or http on loopback), not {_shown(text)}")
    if "?" in text or "#" in text:
        raise SettingsError(
            f"baseUrl: a query or fragment breaks every request path: {_shown(text)}"
        )
    return text


def _split(url: str) -> SplitResult | None:
    """The parts, or None; the library's own error quotes what may be a password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _shown(url: str) -> str:
    """For a message: without user info, query and fragment, and not without end."""
    return repr(re.sub(r"([?#]).*", r"\1...", re.sub(r"//.*@", "//...@", url), flags=re.S)[:200])


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            return bool(ipaddress.IPv6Address(host))
        except ValueError:
            return False
    labels = host.removesuffix(".").split(".")
    return len(host) <= _MAX_HOST_CHARACTERS and all(map(_DNS_LABEL.fullmatch, labels))


def _checked_key(key: Secret | str) -> Secret:
    __tracebackhide__ = True  # pytest would show the arguments
    trimmed = _secret(key).reveal().strip(" \t")
    if not trimmed:
        raise SettingsError("the API key is empty; the client sends nothing without one")
    if not _sendable(trimmed) or "\t" in trimmed:
        raise SettingsError(  # a key is never shown
            "the API key has a character above U+00FF or a control character, which no header can "
            "carry; was it copied whole, without line breaks?"
        )
    return Secret(trimmed)


def _checked_value(name: str, value: str) -> str:
    __tracebackhide__ = True  # pytest would show the arguments
    if not HEADER_NAME.fullmatch(name):
        shown = re.split("[:=]", name)[0]  # a whole "Name: key" may stand there
        raise SettingsError(f"custom header {shown!r} is not a valid header name")
    if name.lower() in _OF_THE_CONNECTION:
        raise SettingsError(
            f"custom header {name!r} belongs to the connection and is not a gateway's to ask for"
        )
    trimmed = value.strip(" \t")
    if not _sendable(trimmed):
        raise SettingsError(
            f"custom header {name!r} has a character above U+00FF or a control character; the "
            "client refuses to send it (write non-ASCII JSON text as \\u escapes)"
        )
    return trimmed


def _sendable(value: str) -> bool:
    """Whether a header can carry it: Latin-1 without control characters, but for a tab inside."""
    return all(c == "\t" or " " <= c <= "~" or "\x80" <= c <= "\xff" for c in value)
