"""A parser for server-sent events, with no I/O in it.

Follows the event stream format of the HTML standard: LF, CR and CRLF line ends, comments, a byte
order mark, fields without a colon, UTF-8 split between reads. Unlike a browser it keeps what a
conformance test has to see: whether an ``event:`` line was there, and how many comments passed.
What a client makes of the events is told by :mod:`gatecert.desktop.faithful`, what the protocol
says of them by :mod:`gatecert.desktop.assemble`.
"""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ServerSentEvent:
    """One dispatched event. ``name`` is None when the stream had no ``event:`` line for it."""

    name: str | None
    data: str

    def json(self) -> Any:
        """The data as JSON, or None if it is none."""
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError):
            return None


class SseParser:
    """Feed it bytes as they come; it returns the events that became complete.

    With ``keeps_bom`` a byte order mark stays in the first line, as in the Python SDKs (observed),
    whose first event so loses its name.
    """

    def __init__(self, *, keeps_bom: bool = False) -> None:
        self._keeps_bom = keeps_bom
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line: list[str] = []
        self._after_cr = False
        self._name: str | None = None
        self._data: list[str] = []
        self._first = True
        self.comments = 0

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """The events completed by these bytes."""
        text = self._decoder.decode(data)
        if self._first and text:
            text = text if self._keeps_bom else text.removeprefix("\ufeff")
            self._first = False
        if self._after_cr and text:
            text = text.removeprefix("\n")
            self._after_cr = False
        if text.endswith("\r"):
            self._after_cr = True
        self._line.append(text)
        if "\n" not in text and "\r" not in text:  # a long line in small pieces stays cheap
            return []
        lines = "".join(self._line).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._line = [lines.pop()]
        return [event for line in lines if (event := self._take(line)) is not None]

    @property
    def unfinished(self) -> bool:
        """Whether bytes of an event are left that no blank line has completed."""
        return bool(any(self._line) or self._data or self._name is not None)

    def _take(self, line: str) -> ServerSentEvent | None:
        if not line:
            return self._dispatch()
        if line.startswith(":"):
            self.comments += 1
            return None
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        event = ServerSentEvent(self._name, "\n".join(self._data)) if self._data else None
        self._name, self._data = None, []
        return event
