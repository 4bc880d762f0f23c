"""Where a provider listens, as text; and why it cannot."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os


def address_text(host: str, port: int) -> str:
    """HOST:PORT, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def provider_url(host: str, port: int) -> str:
    """Where this machine reaches a provider that listens there: on loopback, if everywhere."""
    with contextlib.suppress(ValueError):  # a name
        address = ipaddress.ip_address(host)
        if address.is_unspecified:
            host = "127.0.0.1" if address.version == 4 else "::1"
    return f"http://{address_text(host, port)}"


def why_not(exc: OSError | UnicodeError) -> str:
    """Why an address could not be listened on, as the end of a sentence that begins with it."""
    if isinstance(exc, UnicodeError):
        return "cannot be had (its host is no name)"
    if exc.errno == errno.EADDRINUSE:
        return "is in use"
    # asyncio says much more than the system; negative numbers are of name resolution
    number = exc.errno or 0
    return f"cannot be had ({os.strerror(number) if number > 0 else exc.strerror or exc})"
