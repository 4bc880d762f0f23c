"""TLS handshakes that look at one thing each, so that several faults are told apart.

OpenSSL ends at the first fault that it finds. A certificate that is trusted by itself, or whose
dates are left out, shows the others.
"""

from __future__ import annotations

import socket
import ssl
import warnings
from dataclasses import dataclass
from urllib.parse import urlsplit

from gatecert.desktop.transport import new_trusted_context
from gatecert.gateways.target import TlsAddress

_LIMIT_S = 5.0
_NO_DATES = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, which Python does not name


class CannotOffer(Exception):
    """Our own OpenSSL does not offer what was to be tried."""


@dataclass(frozen=True)
class Handshake:
    """How a handshake ended: the version that was agreed on, or why there is none.

    ``distrusted`` if it was the certificate that we did not accept.
    """

    version: str = ""
    trouble: str = ""
    distrusted: bool = False

    @property
    def done(self) -> bool:
        """Whether a connection came about."""
        return bool(self.version)


def check_trust(address: TlsAddress) -> Handshake:
    """Whether the client's own handshake comes about."""
    return _handshake(address, new_trusted_context(address.ca))


def check_name(address: TlsAddress) -> Handshake:
    """Whether the certificate names the host of the base URL, whoever issued it."""
    context = _trusting_only_itself(address)
    context.verify_flags |= _NO_DATES
    context.check_hostname = True
    return _handshake(address, context)


def check_chain(address: TlsAddress) -> Handshake:
    """Whether the chain that is shown leads to a root that the client trusts."""
    context = new_trusted_context(address.ca)
    context.check_hostname = False
    context.verify_flags |= _NO_DATES
    return _handshake(address, context)


def check_dates(address: TlsAddress) -> Handshake:
    """Whether the certificate is valid today, whoever issued it and for whatever name."""
    return _handshake(address, _trusting_only_itself(address))


def try_old_versions(address: TlsAddress) -> Handshake:
    """Whether TLS 1.0 or 1.1 is agreed to. Raises CannotOffer."""
    context = _trusting_all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        except (ssl.SSLError, ValueError) as exc:
            raise CannotOffer(str(exc)) from exc
    found = _handshake(address, context)
    if "no protocols available" in found.trouble.lower().replace("_", " "):
        raise CannotOffer(found.trouble)
    return found


def _trusting_all() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _trusting_only_itself(address: TlsAddress) -> ssl.SSLContext:
    """A context for which the certificate that is shown is its own root."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    try:
        with _connected(address, _trusting_all()) as channel:
            shown = channel.getpeercert(binary_form=True)
    except OSError:
        return context  # the handshake that follows tells the trouble
    context.load_verify_locations(cadata=shown or b"")
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _handshake(address: TlsAddress, context: ssl.SSLContext) -> Handshake:
    try:
        with _connected(address, context) as channel:
            return Handshake(version=channel.version() or "unknown")
    except ssl.SSLCertVerificationError as exc:
        return Handshake(trouble=exc.verify_message, distrusted=True)
    except OSError as exc:
        return Handshake(trouble=getattr(exc, "reason", None) or str(exc))


def _connected(address: TlsAddress, context: ssl.SSLContext) -> ssl.SSLSocket:
    parts = urlsplit(address.base_url)
    host = parts.hostname or ""
    plain = socket.create_connection((host, parts.port or 443), timeout=_LIMIT_S)
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise
