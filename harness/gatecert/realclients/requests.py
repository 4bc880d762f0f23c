"""Requests out of the bytes that a client sends. No I/O: bytes go in, requests come out."""

from __future__ import annotations

import h11

from gatecert.wire import Request

_HEADER_LIMIT_BYTES = 256 * 1024


class RequestReader:
    """Reads the requests of one connection, however its bytes are split.

    After bytes that are no HTTP/1.1 it reads nothing more and says so in ``broken``.
    """

    def __init__(self) -> None:
        self.broken = ""
        self._renew(b"")

    def feed(self, data: bytes) -> list[Request]:
        """The requests that are complete with these bytes."""
        if self.broken or not data:
            return []
        self._connection.receive_data(data)
        found: list[Request] = []
        try:
            while (request := self._next()) is not None:
                found.append(request)
        except h11.RemoteProtocolError as exc:
            self.broken = str(exc)
        return found

    def _renew(self, rest: bytes) -> None:
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEADER_LIMIT_BYTES)
        self._head: h11.Request | None = None
        self._body = bytearray()
        if rest:
            self._connection.receive_data(rest)

    def _next(self) -> Request | None:
        while True:
            event = self._connection.next_event()
            if isinstance(event, h11.Request):
                self._head = event
            elif isinstance(event, h11.Data):
                self._body += event.data
            elif isinstance(event, h11.EndOfMessage) and self._head is not None:
                request = _request(self._head, bytes(self._body))
                # we never answer, so this connection will not take a second request
                self._renew(self._connection.trailing_data[0])
                return request
            else:
                return None


def _request(head: h11.Request, body: bytes) -> Request:
    pairs = head.headers.raw_items()
    return Request(
        method=head.method.decode("ascii"),
        target=head.target.decode("latin-1"),
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs],
        body=body,
        http_version=head.http_version.decode("ascii"),
    )
