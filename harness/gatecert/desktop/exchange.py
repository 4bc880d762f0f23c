"""One request and what came back, as the client saw it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class OutgoingRequest:
    """A request as it shall stand on the wire: headers keep order and case.

    Its ``repr`` shows neither headers nor body, which hold credentials: a failed assertion prints
    it.
    """

    method: str
    url: str
    headers: Headers = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """All values of a header joined by a comma, or None."""
        return _header(self.headers, name)


@dataclass(frozen=True)
class Fault:
    """Why an answer is missing or incomplete.

    ``kind`` is ``refused`` or ``unreachable`` (there was no connection), ``timeout`` (silence, or
    an answer that does not end), ``closed`` (the connection ended or was reset early),
    ``protocol`` (what came is not HTTP), ``decoding`` (the body does not fit its
    Content-Encoding), ``too-large`` or ``left`` (we closed the connection on purpose).
    """

    kind: str
    detail: str


@dataclass(frozen=True)
class Chunk:
    """A piece of the body as it was read, ``at_ms`` after the request was sent."""

    at_ms: float
    data: bytes


@dataclass(frozen=True)
class Exchange:
    """A request, its answer as far as it came, and the fault that ended it early.

    ``status`` is None when no answer began. Times are ms since the request was sent.
    """

    purpose: str
    request: OutgoingRequest
    status: int | None = None
    reason: str = ""
    http_version: str = ""
    headers: Headers = field(default=(), repr=False)
    chunks: Sequence[Chunk] = field(default=(), repr=False)
    fault: Fault | None = None
    headers_ms: float = 0.0
    end_ms: float = 0.0

    @property
    def body(self) -> bytes:
        """The body, decompressed."""
        return b"".join(chunk.data for chunk in self.chunks)

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def header(self, name: str) -> str | None:
        """All values of a header joined by a comma, or None."""
        return _header(self.headers, name)

    def json(self) -> Any:
        """The body as JSON, or None if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def error_message(self) -> str:
        """``error.message`` of an error body in any dialect the client understands, or ``""``."""
        body = self.json()
        error = body.get("error") if isinstance(body, dict) else None
        if isinstance(error, dict) and isinstance(error.get("message"), str):
            return str(error["message"])
        return ""

    @property
    def is_event_stream(self) -> bool:
        """Whether the answer calls itself an event stream."""
        return (self.header("content-type") or "").lower().startswith("text/event-stream")

    @property
    def ends_by_close(self) -> bool:
        """Whether only the connection's end marks the body's, so that a cut looks alike."""
        if self.http_version == "HTTP/2" or self.header("content-length") is not None:
            return False
        return "chunked" not in (self.header("transfer-encoding") or "").lower()

    def summary(self) -> str:
        """The answer in a few words, for a verdict's *what came*."""
        if self.status is None:
            return (
                f"no answer ({self.fault.kind}: {self.fault.detail})" if self.fault else "nothing"
            )
        words = f"HTTP {self.status}"
        if self.error_message:
            words += f" {self.error_message[:160]!r}"
        elif self.status >= 300:
            words += f" with the body {self.text[:120]!r}" if self.body else " with an empty body"
        if self.fault:
            words += f", then {self.fault.kind}: {self.fault.detail}"
        return words


def _header(headers: Headers, name: str) -> str | None:
    values = [value for key, value in headers if key.lower() == name.lower()]
    return ", ".join(values) if values else None
