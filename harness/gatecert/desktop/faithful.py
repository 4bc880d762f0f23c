"""What a client makes of a stream: not what the protocol demands, but what its user gets.

Each client is a :class:`ReaderMode`, as data. Whatever the mode, an event without an ``event:``
line is ignored, so are unknown events, deltas and blocks, and an event that no blank line ended is
not dispatched. Source: observed on the clients that the modes name, Nov 2026.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from gatecert.desktop.sse import ServerSentEvent, SseParser

_PARSED = (
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "error",
)
_DELTAS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("thinking", "signature"),
    "input_json_delta": ("tool_use", "partial_json"),
}
_GROWING = ("text", "thinking", "partial_json")
UNPARSED_INPUT = "__unparsedToolInput"
_MISSING = object()
_MOST_OF_DETAIL = 400


@dataclass(frozen=True)
class ReaderMode:
    """How one client reads a stream.

    ``keeps_bom``: a byte order mark costs the first event. ``block_needs_stop``: a block without
    ``content_block_stop`` is lost. ``late_deltas``: a delta after its block's stop is appended,
    where others call the stream malformed. ``needs_usage``: a missing ``usage`` is an exception.
    ``needs_end``: without ``message_stop`` there is no message. ``needs_stop_reason``: without a
    ``message_delta`` the answer counts as cut off. ``input_from_start``: a tool's input in
    ``content_block_start`` counts. ``marks_unparsed``: input that is no JSON is kept under a key of
    its own instead of being dropped. ``strict_utf8``: bytes that are no UTF-8 are an exception.
    """

    name: str
    keeps_bom: bool = False
    block_needs_stop: bool = False
    late_deltas: bool = True
    needs_usage: bool = False
    needs_end: bool = False
    needs_stop_reason: bool = False
    input_from_start: bool = False
    marks_unparsed: bool = False
    strict_utf8: bool = False


ENGINE_330 = ReaderMode(
    "engine 2.1.330",
    block_needs_stop=True,
    late_deltas=False,
    needs_stop_reason=True,
    marks_unparsed=True,
)
ENGINE_197 = ReaderMode("engine 2.1.197", block_needs_stop=True, marks_unparsed=True)
# old and new majors read alike as far as anybody looked: only the new ones were recorded
PYTHON_SDK = ReaderMode(
    "anthropic Python", keeps_bom=True, needs_usage=True, input_from_start=True, strict_utf8=True
)
TS_SDK = ReaderMode("anthropic TS", needs_usage=True, needs_end=True, input_from_start=True)


@dataclass
class Reading:
    """What a client has in hand when a stream is over.

    ``blocks`` are what it keeps, ``shown`` is the text in the order in which it appeared on the
    screen, kept or not. ``defect`` is why the client gave up, or empty: ``no-events``,
    ``no-message-start``, ``bad-json``, ``no-block``, ``late-delta``, ``no-usage``, ``bad-text``,
    ``error-event``, ``in-block`` (it ended inside a block), ``no-stop-reason`` or ``no-end``.
    ``detail`` says more. ``lost`` counts blocks that had content and were dropped.
    """

    blocks: list[dict[str, Any]] = field(default_factory=list)
    shown: str = ""
    message_id: str = ""
    started: bool = False
    stop_reason: str | None = None
    has_stop: bool = False
    ended: bool = False
    error: dict[str, Any] = field(default_factory=dict)
    defect: str = ""
    detail: str = ""
    events: int = 0
    lost: int = 0

    @property
    def text(self) -> str:
        """The text that is kept."""
        return "".join(str(b.get("text", "")) for b in self.blocks if b.get("type") == "text")

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The tool calls; a ``tool_use`` block is one whatever the stop reason."""
        return [block for block in self.blocks if block.get("type") == "tool_use"]


def read_stream(body: bytes, mode: ReaderMode) -> Reading:
    """What a client in this mode has after these bytes. Never raises."""
    if mode.strict_utf8:
        try:
            body.decode()
        except UnicodeDecodeError as exc:
            return Reading(defect="bad-text", detail=str(exc))
    reader = _Reader(mode)
    for event in SseParser(keeps_bom=mode.keeps_bom).feed(body):
        if event.name in _PARSED and not reader.out.defect:
            reader.take(event)
    return reader.finish()


class _Reader:
    def __init__(self, mode: ReaderMode) -> None:
        self.out = Reading()
        self._mode = mode
        self._open: dict[int, dict[str, Any]] = {}
        self._closed: dict[int, dict[str, Any]] = {}
        self._usage: Any = None
        # texts grow by pieces, joined at the end: a stream may have very many of them
        self._shown: list[str] = []

    def take(self, event: ServerSentEvent) -> None:
        data = event.json()
        if not isinstance(data, dict):
            self._fail("bad-json", event.data[:_MOST_OF_DETAIL])
        elif not self.out.started and event.name not in ("message_start", "error"):
            self._fail("no-message-start", str(event.name))
        else:
            self.out.events += 1
            getattr(self, f"_on_{event.name}")(data)

    def finish(self) -> Reading:
        out, mode = self.out, self._mode
        for block in self._open.values():
            if mode.block_needs_stop:
                out.lost += any(block.get(key) for key in _GROWING)
            else:
                self._keep(block)
        for block in out.blocks:
            block.update({key: "".join(block[key]) for key in _GROWING if key in block})
        out.shown = "".join(self._shown)
        if out.defect:
            return out
        if not out.started or not (out.blocks or self._open or out.has_stop or not self._engine):
            out.defect = "no-events"
        elif self._open and not out.has_stop and self._engine:
            out.defect = "in-block"
        elif mode.needs_stop_reason and not out.has_stop:
            out.defect = "no-stop-reason"
        elif mode.needs_end and not out.ended:
            out.defect = "no-end"
        return out

    @property
    def _engine(self) -> bool:
        return self._mode.block_needs_stop

    def _fail(self, defect: str, detail: str) -> None:
        self.out.defect, self.out.detail = defect, detail

    def _on_message_start(self, data: dict[str, Any]) -> None:
        self.out.started = True
        message = _object(data.get("message"))
        self.out.message_id = str(message.get("id", ""))
        self._usage = message.get("usage", _MISSING)

    def _on_content_block_start(self, data: dict[str, Any]) -> None:
        given = _object(data.get("content_block"))
        # all of these come with deltas, and from nowhere else
        dropped = ("text", "thinking", "signature", "input", "partial_json")
        block = {key: value for key, value in given.items() if key not in dropped}
        if block.get("type") == "tool_use":
            kept = given.get("input") if self._mode.input_from_start else None
            block |= {"input": kept or {}, "partial_json": []}
        self._open[_index(data)] = block

    def _on_content_block_delta(self, data: dict[str, Any]) -> None:
        index, delta = _index(data), _object(data.get("delta"))
        block = self._open.get(index)
        if block is None:
            late = self._closed.get(index)
            if late is None or not self._mode.late_deltas:
                self._fail("no-block" if late is None else "late-delta", f"block {index}")
                return
            block = late
        kind, key = _DELTAS.get(str(delta.get("type")), ("", ""))
        text = delta.get(key)
        if kind != block.get("type") or not isinstance(text, str):
            return
        if key == "signature":
            block[key] = text
        else:
            block.setdefault(key, []).append(text)
        if key == "text":
            self._shown.append(text)

    def _on_content_block_stop(self, data: dict[str, Any]) -> None:
        index = _index(data)
        block = self._open.pop(index, None)
        if block is not None:
            self._closed[index] = block
            self._keep(block)

    def _on_message_delta(self, data: dict[str, Any]) -> None:
        self.out.has_stop = True
        reason = _object(data.get("delta")).get("stop_reason")
        self.out.stop_reason = str(reason) if reason else self.out.stop_reason
        if self._mode.needs_usage:
            counts = data.get("usage", _MISSING)
            for verb, doing, usage in (
                ("read", "reading", counts),
                ("set", "setting", self._usage),
            ):
                if not isinstance(usage, dict):
                    what = "null" if usage is None else "undefined"
                    told = f"Cannot {verb} properties of {what} ({doing} 'output_tokens')"
                    self._fail("no-usage", told)
                    return

    def _on_message_stop(self, data: dict[str, Any]) -> None:
        self.out.ended = True

    def _on_error(self, data: dict[str, Any]) -> None:
        self.out.error = _object(data.get("error"))
        self._fail("error-event", str(self.out.error.get("message", "")))

    def _keep(self, block: dict[str, Any]) -> None:
        text = "".join(block.get("partial_json", ()))
        if text:
            block["input"] = _input(text, marked=self._mode.marks_unparsed)
        self.out.blocks.append(block)


def _input(text: str, *, marked: bool) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return {UNPARSED_INPUT: text} if marked else {}


def _object(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _index(data: dict[str, Any]) -> int:
    index = data.get("index")
    return index if isinstance(index, int) else -1
