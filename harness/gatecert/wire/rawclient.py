"""A client that sends bytes as they are given, for requests that no HTTP library would write.

It reads answers with a parser of its own, because it must go on where a library gives up: several
answers on one connection, a broken one, none at all.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit

from gatecert.wire.server import Headers

_CONNECT_S = 5.0
_READ_BYTES = 65_536
_MOST_BYTES = 4 * 1024 * 1024
_NO_BODY = (204, 304)


@dataclass(frozen=True)
class RawAnswer:
    """One answer as it stood on the wire; ``body`` is without its chunk framing.

    ``complete`` says that its end was marked and reached. An answer without a marked end takes all
    that came until the connection closed, and is complete when it did.
    """

    status: int
    reason: str
    http_version: str
    headers: Headers
    body: bytes
    complete: bool

    def header(self, name: str) -> str | None:
        """All values of a header joined by a comma, or None."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")


def read_answers(data: bytes, *, closed: bool = True) -> tuple[list[RawAnswer], bytes]:
    """The answers in what came on a connection, and what is left over. Informational ones are
    passed over. ``closed`` says that nothing more will come.
    """
    answers: list[RawAnswer] = []
    while True:
        head, blank, rest = data.partition(b"\r\n\r\n")
        parsed = _head(head) if blank else None
        if parsed is None:
            return answers, data
        version, status, reason, headers = parsed
        if status < 200 and status != 101:
            data = rest
            continue
        if status == 101:  # what follows is no longer HTTP
            return [*answers, RawAnswer(status, reason, version, headers, b"", True)], rest
        body, complete, data = _body(status, headers, rest, closed)
        answers.append(RawAnswer(status, reason, version, headers, body, complete))
        if not complete:
            return answers, data


def _head(head: bytes) -> tuple[str, int, str, Headers] | None:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    code, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/") or not code.isdecimal():
        return None
    pairs = (line.partition(":") for line in lines)
    return version, int(code), reason, [(name, value.strip()) for name, _, value in pairs]


def _body(status: int, headers: Headers, rest: bytes, closed: bool) -> tuple[bytes, bool, bytes]:
    """A body, whether it is complete, and what follows it."""
    values = {name.lower(): value for name, value in headers}
    if status in _NO_BODY:
        return b"", True, rest
    if "chunked" in values.get("transfer-encoding", "").lower():
        return _chunks(rest)
    length = values.get("content-length", "")
    if length.isdecimal():
        return rest[: int(length)], len(rest) >= int(length), rest[int(length) :]
    return rest, closed, b""


def _chunks(rest: bytes) -> tuple[bytes, bool, bytes]:
    body = b""
    while True:
        line, end, after = rest.partition(b"\r\n")
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            return body, False, rest
        if not end or len(after) < size + 2:
            return body + after[:size], False, b""
        if size == 0:
            bare = after.startswith(b"\r\n")  # no trailers
            return body, True, after[2:] if bare else after.partition(b"\r\n\r\n")[2]
        body, rest = body + after[:size], after[size + 2 :]


class RawConnection:
    """One connection to a gateway. Waits are bounded, in seconds.

    ``state`` is ``open``, ``closed`` (the far side ended it), ``reset`` or ``refused``.
    """

    def __init__(self, base_url: str, context: ssl.SSLContext | None = None) -> None:
        self.state = "open"
        self.received = b""
        self._socket: socket.socket | None = None
        parts = urlsplit(base_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            plain = socket.create_connection((parts.hostname or "", port), timeout=_CONNECT_S)
        except OSError:
            self.state = "refused"
            return
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = plain
        if parts.scheme == "https" and context is not None:
            try:
                self._socket = context.wrap_socket(plain, server_hostname=parts.hostname)
            except OSError:
                plain.close()
                self._socket, self.state = None, "refused"

    def __enter__(self) -> RawConnection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Send bytes; that the far side does not take them shows in what is read."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.settimeout(_CONNECT_S)
                self._socket.sendall(data)

    def half_close(self) -> None:
        """Say that nothing more will be sent."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)

    def read(self, answers: int = 1, wait_s: float = 5.0) -> list[RawAnswer]:
        """Read until so many answers are complete, the connection ends, or the wait is over."""
        deadline = time.monotonic() + wait_s
        while True:
            found, _ = read_answers(self.received, closed=self.state != "open")
            whole = [answer for answer in found if answer.complete]
            if len(whole) >= answers or not self._take(deadline - time.monotonic()):
                return read_answers(self.received, closed=self.state != "open")[0]

    def ended(self, wait_s: float = 1.0) -> bool:
        """Whether the far side ends the connection within the wait."""
        deadline = time.monotonic() + wait_s
        while self._take(deadline - time.monotonic()):
            pass
        return self.state != "open"

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()

    def _take(self, left_s: float) -> bool:
        """Read what is there, or wait for it; False when nothing more comes in time, or ever."""
        if self._socket is None or self.state != "open" or left_s <= 0:
            return False
        try:
            self._socket.settimeout(left_s)
            data = self._socket.recv(_READ_BYTES)
        except TimeoutError:
            return False
        except OSError:
            self.state = "reset"
            return False
        if not data:
            self.state = "closed"
            return False
        self.received += data
        return len(self.received) < _MOST_BYTES
