"""What an answer is to the client that asked: one word for each way to go on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from gatecert.desktop.exchange import Exchange
from gatecert.desktop.faithful import ReaderMode, Reading, read_stream

Kind = Literal[
    "answered",
    "empty",  # nothing in it, or nothing that was kept
    "max-tokens",
    "refusal",
    "unfinished",  # whole blocks came, the end did not
    "late-delta",
    "http",
    "redirect",
    "no-connection",
    "dropped",  # the connection ended before an answer began
    "no-headers",
    "malformed",  # 200 without stream, and no message in it
    "no-events",
    "undecodable",
    "bad-stream",
    "error-event",
    "ended",  # in order, inside a block
    "reset",
    "silent",
    "left",  # we closed it ourselves
]
_REDIRECTS = (301, 302, 303, 307, 308)
_NO_ANSWER: dict[str, Kind] = {
    "refused": "no-connection",
    "unreachable": "no-connection",
    "timeout": "no-headers",
    "left": "left",
}
_DEFECTS: dict[str, Kind] = {
    "no-events": "no-events",
    "bad-text": "undecodable",
    "error-event": "error-event",
    "in-block": "ended",
    "no-stop-reason": "unfinished",
    "late-delta": "late-delta",
}
_REASONS: dict[str | None, Kind] = {
    "max_tokens": "max-tokens",
    "refusal": "refusal",
}


@dataclass(frozen=True)
class Outcome:
    """An answer as its client takes it. ``reading`` is empty where there was no stream."""

    kind: Kind
    exchange: Exchange
    streamed: bool
    reading: Reading = field(default_factory=Reading)

    @property
    def status(self) -> int:
        """The HTTP status, 0 if no answer began."""
        return self.exchange.status or 0

    @property
    def overloaded(self) -> bool:
        """Whether the provider says it has no capacity, by status or by event."""
        return self.status == 529 or self.reading.error.get("type") == "overloaded_error"

    @property
    def text(self) -> str:
        """The text that is kept, streamed or not."""
        if self.streamed:
            return self.reading.text
        return "".join(str(b.get("text", "")) for b in _blocks(self.exchange.json()))

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The content blocks that are kept, streamed or not."""
        return self.reading.blocks if self.streamed else _blocks(self.exchange.json())


def classify(exchange: Exchange, *, stream: bool, mode: ReaderMode) -> Outcome:
    """What this answer is to a client that reads in this mode. Never raises."""
    fault = exchange.fault.kind if exchange.fault else ""
    if exchange.status is None:
        return Outcome(_NO_ANSWER.get(fault, "dropped"), exchange, stream)
    if exchange.status in _REDIRECTS:
        return Outcome("redirect", exchange, stream)
    if not 200 <= exchange.status < 300:
        return Outcome("http", exchange, stream)
    if not stream:
        return Outcome(_whole(exchange, fault), exchange, stream)
    reading = read_stream(exchange.body, mode)
    return Outcome(_streamed(reading, fault), exchange, stream, reading)


def _whole(exchange: Exchange, fault: str) -> Kind:
    if fault:
        others: dict[str, Kind] = {"left": "left", "timeout": "silent"}
        return others.get(fault, "dropped")
    body = exchange.json()
    # usage is demanded here, though not of a stream: reported for engine 2.1.295
    if not isinstance(body, dict) or not isinstance(body.get("content"), list):
        return "malformed"
    if not isinstance(body.get("usage"), dict):
        return "malformed"
    reason = body.get("stop_reason")
    return _REASONS.get(reason if isinstance(reason, str) else None) or _filled(_blocks(body))


def _streamed(reading: Reading, fault: str) -> Kind:
    if fault == "left":
        return "left"
    if fault and not _complete(reading):
        return _cut(reading, fault)
    if reading.defect:
        return _DEFECTS.get(reading.defect, "bad-stream")
    return _REASONS.get(reading.stop_reason) or _filled(reading.blocks)


def _cut(reading: Reading, fault: str) -> Kind:
    if reading.defect == "error-event":
        return "error-event"
    if fault == "decoding":
        return "undecodable"
    return "silent" if fault == "timeout" else "reset"


def _complete(reading: Reading) -> bool:
    """Whether what is missing is at most message_stop, which no engine needs."""
    return reading.has_stop and reading.defect in ("", "no-end")


def _filled(blocks: list[dict[str, Any]]) -> Kind:
    return "answered" if any(_content(block) for block in blocks) else "empty"


def _content(block: dict[str, Any]) -> bool:
    return bool(block.get("text")) or block.get("type") not in ("text", "thinking")


def _blocks(body: Any) -> list[dict[str, Any]]:
    content = body.get("content") if isinstance(body, dict) else None
    blocks = content if isinstance(content, list) else []
    return [block for block in blocks if isinstance(block, dict)]
