"""The one seam between the client and HTTP. httpx stays behind it.

Nothing else in gatecert's desktop imports httpx, so that the library can be exchanged here.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Protocol

import httpcore
import httpx

from gatecert.desktop.exchange import Chunk, Exchange, Fault, OutgoingRequest
from gatecert.desktop.wirehead import host_in_place

OnChunk = Callable[[bytes], bool]

SILENCE_S = 15.0

_MAX_BODY_BYTES = 64 * 1024 * 1024
_MAX_CONNECTIONS = 64
_CONNECT_S = 5.0
_KEEP_ALIVE_S = 5.0


class RequestNotSent(RuntimeError):
    """Our own client could not make or send the request; the far side has no part in it."""


class RequestCapExceeded(RuntimeError):
    """The run has sent as many requests as it was allowed to."""


class RequestCap:
    """A limit on the number of requests, shared by every transport of a process.

    ``processes`` is among how many the run's own limit was divided.
    """

    def __init__(self, limit: int, processes: int = 1) -> None:
        self.limit = limit
        self._whose = f" for each of {processes} workers" if processes > 1 else ""
        self.sent = 0
        self._lock = threading.Lock()

    def take(self) -> None:
        """Count one request. Raises RequestCapExceeded beyond the limit."""
        with self._lock:
            if self.sent >= self.limit:
                raise RequestCapExceeded(
                    f"the limit of {self.limit} requests{self._whose} is reached; "
                    "raise it with --max-requests"
                )
            self.sent += 1


class Transport(Protocol):
    """Sends one request and reports everything that came back."""

    def send(
        self, purpose: str, request: OutgoingRequest, on_chunk: OnChunk | None = None
    ) -> Exchange:
        """Send and read the answer to its end.

        ``on_chunk`` sees each piece of the body as it arrives; returning False leaves at once by
        closing the connection. Faults of the far side are part of the Exchange, never raised;
        what is our own fault raises RequestNotSent.
        """

    def close(self) -> None:
        """Close every connection."""


class HttpxTransport:
    """The transport over httpx: HTTP/1.1, keep-alive, no redirects followed, no environment read.

    ``silence_s`` bounds each wait for bytes, ``total_s`` the whole exchange, both in seconds.
    ``ca`` is a certificate (PEM) to trust besides those of :func:`trusted_context`.
    """

    def __init__(
        self,
        cap: RequestCap | None = None,
        *,
        silence_s: float = SILENCE_S,
        total_s: float = 60.0,
        ca: str = "",
    ) -> None:
        self._cap = cap
        self._silence_s = silence_s
        self._total_s = total_s
        self._limits = _Limits()
        # no httpx.Client, which adds headers, keeps cookies and stumbles over a strange Location
        self._http = _BoundedHttp(self._limits, trusted_context(ca))
        self._timeout = httpx.Timeout(silence_s, connect=_CONNECT_S).as_dict()

    def send(
        self, purpose: str, request: OutgoingRequest, on_chunk: OnChunk | None = None
    ) -> Exchange:
        """See :class:`Transport`. Raises RequestCapExceeded and RequestNotSent."""
        if self._cap is not None:
            self._cap.take()
        built = self._built(request)
        self._limits.begin(self._total_s, [name for name, _ in request.headers])
        reading = _Reading(purpose, request)
        try:
            with contextlib.closing(self._answer(built)) as response:
                reading.begin(response)
                for data in response.iter_bytes():
                    if not reading.take(data, on_chunk):
                        break
        except httpx.HTTPError as exc:
            reading.fault = self._fault(exc)
        return reading.exchange()

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def _built(self, request: OutgoingRequest) -> httpx.Request:
        try:
            built = httpx.Request(
                request.method,
                request.url,
                content=request.body or None,
                headers=[(k.encode("latin-1"), v.encode("latin-1")) for k, v in request.headers],
                extensions={"target": _raw_target(request.url), "timeout": self._timeout},
            )
        except (httpx.InvalidURL, ValueError) as exc:
            raise _not_sent(exc) from None
        if not built.url.host:
            raise RequestNotSent("the client could not make the request: its URL names no host")
        return built

    def _answer(self, request: httpx.Request) -> httpx.Response:
        """The answer's head; its body is still to be read."""
        try:
            return self._http.handle_request(request)
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.PoolTimeout) as exc:
            raise _not_sent(exc) from None
        except (httpx.InvalidURL, ValueError) as exc:
            if not self._limits.written:
                raise _not_sent(exc) from None
            raise httpx.RemoteProtocolError(str(exc)) from exc

    def _fault(self, exc: httpx.HTTPError) -> Fault:
        if isinstance(exc, httpx.TimeoutException) and not isinstance(exc, httpx.ConnectTimeout):
            if self._limits.left() <= 0:
                return Fault("timeout", f"the answer was not complete after {self._total_s:g} s")
            return Fault("timeout", f"nothing came for {self._silence_s:g} s")
        return _fault(exc)


class _Reading:
    """An exchange in the making."""

    def __init__(self, purpose: str, request: OutgoingRequest) -> None:
        self._purpose = purpose
        self._request = request
        self._began = time.perf_counter()
        self._response: httpx.Response | None = None
        self._headers_ms = 0.0
        self._chunks: list[Chunk] = []
        self._size = 0
        self.fault: Fault | None = None

    def begin(self, response: httpx.Response) -> None:
        self._response = response
        self._headers_ms = self._now_ms()

    def take(self, data: bytes, on_chunk: OnChunk | None) -> bool:
        """Keep a piece; False ends the reading."""
        self._chunks.append(Chunk(self._now_ms(), data))
        self._size += len(data)
        if self._size > _MAX_BODY_BYTES:
            self.fault = Fault("too-large", f"the body passed {_MAX_BODY_BYTES} bytes")
        elif on_chunk is not None and not on_chunk(data):
            self.fault = Fault("left", "the client closed the connection")
        return self.fault is None

    def exchange(self) -> Exchange:
        response = self._response
        if response is None:
            return Exchange(self._purpose, self._request, fault=self.fault, end_ms=self._now_ms())
        return Exchange(
            self._purpose,
            self._request,
            status=response.status_code,
            reason=response.reason_phrase,
            http_version=response.http_version,
            headers=[
                (key.decode("latin-1"), value.decode("latin-1"))
                for key, value in response.headers.raw
            ],
            chunks=self._chunks,
            fault=self.fault,
            headers_ms=self._headers_ms,
            end_ms=self._now_ms(),
        )

    def _now_ms(self) -> float:
        return (time.perf_counter() - self._began) * 1000


class _Limits(threading.local):
    """The exchange that the current thread is at: how long it may last, and what it has done."""

    def __init__(self) -> None:
        self.begin(float("inf"), ())

    def begin(self, total_s: float, header_names: Sequence[str]) -> None:
        """A new exchange begins; its request has these headers, in this order."""
        self._deadline = time.perf_counter() + total_s
        self._header_names = header_names
        self.written = False

    def to_write(self, data: bytes) -> bytes:
        """What is written next: the head comes first, with its headers in the client's order."""
        head = not self.written
        self.written = True
        return host_in_place(data, self._header_names) if head else data

    def left(self) -> float:
        """The time left in seconds."""
        return self._deadline - time.perf_counter()

    def bound(self, timeout_s: float | None, late: Callable[[str], Exception]) -> float:
        """The shorter of a timeout and the time left. Raises ``late`` if there is none."""
        left = self.left()
        if left <= 0:
            raise late("the exchange took too long")
        return left if timeout_s is None else min(left, timeout_s)


class _BoundedStream(httpcore.NetworkStream):
    """A connection on which no wait goes beyond the end of the exchange.

    httpx bounds each wait by itself only, so an answer that drips would never end.
    """

    def __init__(self, stream: httpcore.NetworkStream, limits: _Limits) -> None:
        self._stream = stream
        self._limits = limits

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, or wait for it."""
        return self._stream.read(max_bytes, self._limits.bound(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write everything."""
        timeout = self._limits.bound(timeout, httpcore.WriteTimeout)
        self._stream.write(self._limits.to_write(buffer), timeout)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Make it a TLS connection; silence and a closed connection are told as any other."""
        timeout = self._limits.bound(timeout, httpcore.ReadTimeout)
        try:
            secured = self._stream.start_tls(ssl_context, server_hostname, timeout)
        except httpcore.ConnectTimeout as exc:
            raise httpcore.ReadTimeout("no answer to the TLS handshake") from exc
        except httpcore.ConnectError as exc:
            # what is no fault of TLS itself is the connection's: reset, closed, no longer there
            spoke = isinstance(exc.__cause__, ssl.SSLError)
            if spoke and not isinstance(exc.__cause__, ssl.SSLEOFError):
                raise
            raise httpcore.ReadError(str(exc)) from exc
        return _BoundedStream(secured, self._limits)

    def get_extra_info(self, info: str) -> Any:
        """See httpcore."""
        return self._stream.get_extra_info(info)


class _BoundedBackend(httpcore.SyncBackend):
    def __init__(self, limits: _Limits) -> None:
        self._limits = limits

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect."""
        timeout = self._limits.bound(timeout, httpcore.ConnectTimeout)
        stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        return _BoundedStream(stream, self._limits)


class _BoundedHttp(httpx.HTTPTransport):
    """httpx's transport over :class:`_BoundedBackend`, which httpx has no argument for."""

    def __init__(self, limits: _Limits, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=_MAX_CONNECTIONS,
            max_keepalive_connections=_MAX_CONNECTIONS,
            keepalive_expiry=_KEEP_ALIVE_S,
            network_backend=_BoundedBackend(limits),
        )


@cache
def trusted_context(ca: str = "") -> ssl.SSLContext:
    """A context that trusts what the client trusts, and the certificate ``ca`` (PEM).

    The host process follows the system's store, which OpenSSL extends by ``SSL_CERT_FILE``; the
    engine the list that it brings along and ``NODE_EXTRA_CA_CERTS``. A certificate counts as
    trusted here if either would trust it. Source: official (D6, D8) for each of the two.
    """
    # building one costs some 20 ms, and a client is built for every requirement
    return new_trusted_context(ca)


def new_trusted_context(ca: str = "") -> ssl.SSLContext:
    """The same, not shared, so that it can be changed."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    extra = os.environ.get("NODE_EXTRA_CA_CERTS", "")
    if extra:
        with contextlib.suppress(OSError):  # as Node, which warns and goes on
            context.load_verify_locations(extra)
    if ca:
        context.load_verify_locations(cadata=ca)
    return context


def _raw_target(url: str) -> bytes:
    """Path and query as they stand in the URL: httpx would resolve dots and re-encode."""
    _, _, rest = url.partition("://")
    _, slash, target = rest.partition("/")
    return (slash + target).encode("latin-1") or b"/"


def _not_sent(exc: Exception) -> RequestNotSent:
    # h11 shows the whole header that it refuses, and that may be the credential
    words = str(exc).partition(" b'")[0].partition(' b"')[0]
    return RequestNotSent(f"the client could not make the request: {words}")


def _fault(exc: httpx.HTTPError) -> Fault:
    detail = str(exc) or type(exc).__name__
    if isinstance(exc, httpx.ConnectError):
        return Fault("refused" if "refused" in detail.lower() else "unreachable", detail)
    if isinstance(exc, httpx.ConnectTimeout):
        return Fault("unreachable", detail)
    if isinstance(exc, httpx.DecodingError):
        return Fault("decoding", detail)
    if isinstance(exc, httpx.RemoteProtocolError):
        # httpcore's and h11's own words; all others quote the gateway
        early = detail.startswith(("Server disconnected", "peer closed connection"))
        return Fault("closed" if early else "protocol", detail)
    return Fault("closed", detail)
