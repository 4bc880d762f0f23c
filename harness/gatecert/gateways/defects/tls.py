"""Defects of the https address."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import warnings
from dataclasses import replace

from gatecert.gateways.defects.rawfront import copied
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.reference.tls import Certificates, issued
from gatecert.wire import Server

_HANDSHAKE = b"\x16"  # what a TLS connection begins with


@defect("certificate-of-another-host", "SEC-60", "SEC-65")
class CertificateOfAnotherHost(ReferenceGateway):
    """The certificate was issued for the name that the gateway had before it moved."""

    def certificates(self) -> Certificates:
        return issued("gateway-old.example")


@defect("intermediate-is-missing", "SEC-61", "SEC-65")
class IntermediateIsMissing(ReferenceGateway):
    """The server's certificate is sent without the one that signed it."""

    def certificates(self) -> Certificates:
        return super().certificates().without_intermediate


@defect("unknown-authority", "SEC-61", "SEC-65")
class UnknownAuthority(ReferenceGateway):
    """The certificate comes from an authority that no desktop trusts."""

    def certificates(self) -> Certificates:
        return replace(super().certificates(), root=issued().root)


@defect("certificate-is-expired", "SEC-62", "SEC-65")
class CertificateIsExpired(ReferenceGateway):
    """The certificate ended yesterday."""

    def certificates(self) -> Certificates:
        return issued(days=-1)


@defect("speaks-tls-1.0", "SEC-63")
class SpeaksTls10(ReferenceGateway):
    """Old versions of TLS are still allowed, for an old monitoring tool."""

    def tls_context(self, shown: Certificates) -> ssl.SSLContext:
        context = super().tls_context(shown)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
        return context


@defect("plain-http-on-the-tls-port", "SEC-64")
class PlainHttpOnTheTlsPort(ReferenceGateway):
    """The https port serves plain HTTP as well, by the first byte of a connection."""

    async def listen_tls(self, host: str) -> tuple[str, bytes]:
        shown = self.certificates()
        tls = await Server(self.serve).listen(host, 0, self.tls_context(shown))
        plain = await Server(self.serve).listen(host, 0)

        async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                first = await reader.readexactly(1)
                inside, inwards = await asyncio.open_connection(
                    *(tls if first == _HANDSHAKE else plain)
                )
                inwards.write(first)
                both = copied(reader, inwards), copied(inside, writer)
                await asyncio.wait(
                    [asyncio.ensure_future(one) for one in both],
                    return_when=asyncio.FIRST_COMPLETED,
                )
                inwards.close()
            writer.close()

        self._sniffing = await asyncio.start_server(connection, host, 0)
        port = self._sniffing.sockets[0].getsockname()[1]
        return f"https://{host}:{port}", shown.root
