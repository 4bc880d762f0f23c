"""Requests as bytes, witnessed like those of the desktop."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gatecert.desktop import DesktopApp, Exchange, OutgoingRequest, RequestCap
from gatecert.desktop.exchange import Chunk, Fault
from gatecert.desktop.transport import trusted_context
from gatecert.session.spending import TokenCap
from gatecert.session.witness import RawRequest, Witness
from gatecert.wire import RawAnswer, RawConnection

PATIENCE_S = 5.0
LIVE_PATIENCE_S = 60.0  # a model thinks before a whole answer comes


@dataclass(frozen=True)
class Heard:
    """What came back on a connection: the answers, and how it stood afterwards."""

    answers: Sequence[RawAnswer]
    state: str

    @property
    def status(self) -> int | None:
        """The status of the first answer, None without one."""
        return self.answers[0].status if self.answers else None

    @property
    def unanswered(self) -> bool:
        """Whether nothing came and the connection is still open."""
        return not self.answers and self.state == "open"

    def summary(self) -> str:
        """What came, in a few words."""
        told = ", then ".join(f"HTTP {answer.status}" for answer in self.answers)
        return told or f"no answer (connection {self.state})"


@dataclass
class Raw:
    """Sends bytes to one gateway. Every request counts against the caps."""

    base_url: str
    witness: Witness
    cap: RequestCap
    tokens: TokenCap | None = None
    patience_s: float = PATIENCE_S

    def connect(self) -> RawConnection:
        """A connection to the gateway."""
        secured = self.base_url.lower().startswith("https:")
        return RawConnection(self.base_url, trusted_context() if secured else None)

    def ask(
        self, what: str, data: bytes, *, answers: int = 1, wait_s: float | None = None
    ) -> Heard:
        """Send bytes on a fresh connection, and read so many answers as far as they come."""
        with self.connect() as connection:
            return self.say(connection, what, data, answers=answers, wait_s=wait_s)

    def say(
        self,
        connection: RawConnection,
        what: str,
        data: bytes,
        *,
        answers: int = 1,
        wait_s: float | None = None,
    ) -> Heard:
        """Send bytes on this connection and read until it has given so many answers in all.

        Raises RequestCapExceeded and TokenCapExceeded.
        """
        request = self._request(data)
        reserved = self.tokens.reserve(request) if self.tokens else 0
        self.cap.take()
        connection.send(data)
        patience_s = self.patience_s if wait_s is None else wait_s
        heard = Heard(connection.read(answers, patience_s), connection.state)
        exchange = _exchange(what, request, heard)
        if self.tokens:
            self.tokens.settle(reserved, exchange)
        self.witness.exchanges.append(exchange)
        return heard

    def _request(self, data: bytes) -> RawRequest:
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, _, rest = first.partition(" ")
        parts = urlsplit(self.base_url)
        url = f"{parts.scheme}://{parts.netloc}{rest.rpartition(' ')[0]}"
        headers = [(name, value.strip()) for name, _, value in (x.partition(":") for x in lines)]
        return RawRequest(method, url, headers, body)


def _exchange(what: str, request: RawRequest, heard: Heard) -> Exchange:
    if not heard.answers:
        return Exchange(what, request, fault=Fault("closed", heard.summary()))
    last = heard.answers[-1]
    return Exchange(
        what,
        request,
        status=last.status,
        reason=last.reason,
        http_version=last.http_version,
        headers=last.headers,
        chunks=[Chunk(0.0, last.body)],
    )


def raw_request(
    request: OutgoingRequest,
    *,
    line: str = "{method} {target} HTTP/1.1",
    drop: Collection[str] = (),
    extra: Sequence[str | bytes] = (),
    body: bytes | None = None,
) -> bytes:
    """A request as bytes: ``line`` is its first line, ``drop`` names headers (in lower case) that
    it shall not have, ``extra`` holds header lines as they shall stand, ``body`` replaces the body
    and leaves the length as it is.
    """
    _, _, rest = request.url.partition("://")
    target = "/" + rest.partition("/")[2]
    kept = [f"{name}: {value}" for name, value in request.headers if name.lower() not in drop]
    lines = [line.format(method=request.method, target=target), *kept, *extra]
    head = b"\r\n".join(x if isinstance(x, bytes) else x.encode("latin-1") for x in lines)
    return head + b"\r\n\r\n" + (request.body if body is None else body)


def a_turn(app: DesktopApp, text: str, *, stream: bool = False) -> OutgoingRequest:
    """A turn of this desktop without long instructions and tools; nothing is sent.

    It asks for an answer without compression, which a raw reader does not undo.
    """
    engine = app.engine
    brief = {"system": [{"type": "text", "text": "Answer briefly."}]}
    draft = engine.draft(engine.opening(text), stream=stream, extra=brief)
    plain = replace(draft, headers={**draft.headers, "Accept-Encoding": "identity"})
    return engine.written(plain.without_fields("tools"))
