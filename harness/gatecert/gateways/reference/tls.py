"""Certificates for the embedded gateway's https address.

trustme makes them, and is not among gatecert's own dependencies: nothing but the embedded gateway
needs it, and it brings a compiled library along. Without it that gateway serves http alone, and
what is asked about TLS does not apply to it; a gateway under an https base URL is judged with what
Python has.
"""

from __future__ import annotations

import datetime
import ssl
from dataclasses import dataclass, replace

HOST = "127.0.0.1"


class NoCertificates(Exception):
    """trustme is not installed."""


@dataclass(frozen=True)
class Certificates:
    """A root to trust, and what a server shows: its chain (its own certificate first) and its key.

    All are PEM.
    """

    root: bytes
    chain: tuple[bytes, ...]
    key: bytes

    @property
    def without_intermediate(self) -> Certificates:
        """The same with the server's own certificate alone."""
        return replace(self, chain=self.chain[:1])


def issued(host: str = HOST, *, days: int = 30) -> Certificates:
    """A fresh root, an intermediate and a certificate for ``host`` that ends in so many days.

    Raises NoCertificates.
    """
    try:
        import trustme  # noqa: PLC0415 - only who serves https needs it
    except ImportError as exc:
        raise NoCertificates from exc
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    root = trustme.CA()
    begins = ends - datetime.timedelta(days=60)
    leaf = root.create_child_ca().issue_cert(host, not_before=begins, not_after=ends)
    chain = tuple(blob.bytes() for blob in leaf.cert_chain_pems)
    return Certificates(root.cert_pem.bytes(), chain, leaf.private_key_pem.bytes())


def server_context(shown: Certificates) -> ssl.SSLContext:
    """A context that shows these certificates."""
    import trustme  # noqa: PLC0415 - there are certificates, so it is installed

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with trustme.Blob(shown.key + b"".join(shown.chain)).tempfile() as path:
        context.load_cert_chain(path)
    return context
