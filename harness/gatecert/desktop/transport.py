"""The one seam between the client and HTTP. httpx stays behind it.

Nothing else in gatecert's desktop imports httpx, so that the library can be exchanged here.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Protocol

import httpx

from gatecert.desktop.exchange import Chunk, Exchange, Fault, OutgoingRequest

OnChunk = Callable[[bytes], bool]

_MAX_BODY_BYTES = 64 * 1024 * 1024


class RequestCapExceeded(RuntimeError):
    """The run has sent as many requests as it was allowed to."""


class RequestCap:
    """A limit on the number of requests, shared by every transport of a process."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.sent = 0
        self._lock = threading.Lock()

    def take(self) -> None:
        """Count one request. Raises RequestCapExceeded beyond the limit."""
        with self._lock:
            if self.sent >= self.limit:
                raise RequestCapExceeded(
                    f"the limit of {self.limit} requests is reached; raise it with --max-requests"
                )
            self.sent += 1


class Transport(Protocol):
    """Sends one request and reports everything that came back."""

    def send(
        self, purpose: str, request: OutgoingRequest, on_chunk: OnChunk | None = None
    ) -> Exchange:
        """Send and read the answer to its end.

        ``on_chunk`` sees each piece of the body as it arrives; returning False leaves at once by
        closing the connection. Faults of the far side are part of the Exchange, never raised.
        """

    def close(self) -> None:
        """Close every connection."""


class HttpxTransport:
    """The transport over httpx: HTTP/1.1, keep-alive, no redirects followed, no environment read.

    ``silence_s`` bounds each wait for bytes, ``total_s`` the whole exchange, both in seconds.
    """

    def __init__(
        self, cap: RequestCap | None = None, *, silence_s: float = 15.0, total_s: float = 60.0
    ) -> None:
        self._cap = cap
        self._total_s = total_s
        self._client = httpx.Client(
            verify=_tls_context(),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(silence_s, connect=5.0),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
            # the client keeps no cookies
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
        # httpx's own User-Agent and the like must not fill in for a header that was left out
        self._client.headers.clear()

    def send(
        self, purpose: str, request: OutgoingRequest, on_chunk: OnChunk | None = None
    ) -> Exchange:
        """See :class:`Transport`. Raises RequestCapExceeded."""
        if self._cap is not None:
            self._cap.take()
        reading = _Reading(purpose, request, self._total_s)
        try:
            with self._client.stream(
                request.method,
                request.url,
                content=request.body or None,
                headers=[(k.encode("latin-1"), v.encode("latin-1")) for k, v in request.headers],
                extensions={"target": _raw_target(request.url)},
            ) as response:
                reading.begin(response)
                for data in response.iter_bytes():
                    if not reading.take(data, on_chunk):
                        break
        except httpx.HTTPError as exc:
            reading.fault = _fault(exc)
        except (httpx.InvalidURL, UnicodeError, ValueError) as exc:
            reading.fault = Fault("protocol", str(exc))
        return reading.exchange()

    def close(self) -> None:
        """Close every connection."""
        self._client.close()


class _Reading:
    """An exchange in the making."""

    def __init__(self, purpose: str, request: OutgoingRequest, total_s: float) -> None:
        self._purpose = purpose
        self._request = request
        self._total_ms = total_s * 1000
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
        at_ms = self._now_ms()
        self._chunks.append(Chunk(at_ms, data))
        self._size += len(data)
        if self._size > _MAX_BODY_BYTES:
            self.fault = Fault("too-large", f"the body passed {_MAX_BODY_BYTES} bytes")
        elif at_ms > self._total_ms:
            self.fault = Fault("timeout", f"the answer was not complete after {at_ms:.0f} ms")
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


@cache
def _tls_context() -> ssl.SSLContext:
    # building one costs some 20 ms, and a client is built for every requirement
    return httpx.create_ssl_context(trust_env=False)


def _raw_target(url: str) -> bytes:
    """Path and query as they stand in the URL: httpx would resolve dots and re-encode."""
    _, _, rest = url.partition("://")
    _, slash, target = rest.partition("/")
    return (slash + target).encode("latin-1") or b"/"


def _fault(exc: httpx.HTTPError) -> Fault:
    detail = str(exc) or type(exc).__name__
    if isinstance(exc, httpx.ConnectError):
        refused = "refused" in detail.lower() or "111" in detail
        return Fault("refused" if refused else "unreachable", detail)
    if isinstance(exc, httpx.TimeoutException):
        kind = "unreachable" if isinstance(exc, httpx.ConnectTimeout) else "timeout"
        return Fault(kind, detail)
    if isinstance(exc, httpx.DecodingError):
        return Fault("decoding", detail)
    if isinstance(exc, httpx.RemoteProtocolError):
        early = "without sending" in detail or "incomplete" in detail or "peer closed" in detail
        return Fault("closed" if early else "protocol", detail)
    return Fault("closed", detail)
