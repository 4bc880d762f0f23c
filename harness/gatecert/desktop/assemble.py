"""The strict reader: from events to a message, and what the protocol says is wrong.

The message is built as engine 2.1.330 builds it (events without an ``event:`` line are ignored, a
block without its stop is lost, tool input counts only from deltas); every departure from the
canonical stream goes into ``problems``. Where a client gives up, and what each of the others makes
of the same stream, is told by the faithful reader, :mod:`gatecert.desktop.faithful`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gatecert.desktop.sse import ServerSentEvent

_TOOLS = ("tool_use", "server_tool_use", "mcp_tool_use")
# the blocks that a delta fits, and the member that it makes
_DELTA_KEYS: dict[str, tuple[Sequence[str], str]] = {
    "text_delta": (("text",), "text"),
    "thinking_delta": (("thinking",), "thinking"),
    "signature_delta": (("thinking",), "signature"),
    "input_json_delta": (_TOOLS, "partial_json"),
}
_KNOWN_BLOCKS = ("text", "thinking", "redacted_thinking", *_TOOLS)
_HANDLED = (
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "ping",
    "error",
)


@dataclass
class Assembled:
    """A streamed answer put together.

    ``blocks`` are the finished content blocks; a tool's ``input`` is parsed JSON (``{}`` when the
    deltas make none) and ``partial_json`` its text. ``usage_at_start`` are the counts of
    ``message_start``, ``usage`` the newest value of each. ``problems`` are sentences, empty for a
    canonical stream. ``ended`` says that ``message_stop`` came.
    """

    blocks: list[dict[str, Any]] = field(default_factory=list)
    model: str = ""
    stop_reason: str | None = None
    usage_at_start: dict[str, int] = field(default_factory=dict)
    usage: dict[str, int] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    ended: bool = False
    pings: int = 0
    problems: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text blocks put together: what the user reads."""
        return "".join(b.get("text", "") for b in self.blocks if b.get("type") == "text")


def assemble(events: Iterable[ServerSentEvent]) -> Assembled:
    """Build the message a stream of events amounts to."""
    builder = _Builder()
    for event in events:
        builder.take(event)
    return builder.finish()


class _Builder:
    def __init__(self) -> None:
        self.out = Assembled()
        self._open: dict[int, dict[str, Any]] = {}
        # joined at a block's end: to join at each delta takes the square of a long answer's length
        self._parts: dict[int, dict[str, list[str]]] = {}
        self._next_index = 0
        self._started = False

    def take(self, event: ServerSentEvent) -> None:
        out = self.out
        if event.name is None:
            # after the end no client minds: some gateways append [DONE]
            if not out.ended:
                out.problems.append(f"an event has no event: line ({event.data[:60]!r})")
            return
        out.names.append(event.name)
        if event.name not in _HANDLED:
            return
        data = event.json()
        if not isinstance(data, dict):
            out.problems.append(f"the data of {event.name} is not a JSON object")
            return
        if data.get("type") != event.name:
            out.problems.append(f"{event.name} carries data of type {data.get('type')!r}")
        if out.ended:
            out.problems.append(f"{event.name} came after message_stop")
        getattr(self, f"_on_{event.name}")(data)

    def finish(self) -> Assembled:
        out = self.out
        if out.error is None:
            if not self._started:
                out.problems.append("the stream had no message_start")
            out.problems.extend(f"block {index} never stopped" for index in self._open)
            if not out.ended:
                out.problems.append("the stream ended without message_stop")
        return out

    def _on_message_start(self, data: dict[str, Any]) -> None:
        if self._started:
            self.out.problems.append("message_start came twice")
        self._started = True
        message = _object(data.get("message"))
        self.out.model = str(message.get("model", ""))
        self.out.usage_at_start = _counts(message)
        self.out.usage = dict(self.out.usage_at_start)
        if "input_tokens" not in self.out.usage:
            self.out.problems.append("message_start has no usage.input_tokens")

    def _on_content_block_start(self, data: dict[str, Any]) -> None:
        index = _index(data)
        if not self._started:
            self.out.problems.append("content_block_start came before message_start")
        for other in self._open:
            self.out.problems.append(f"block {index} started while block {other} was open")
        if index != self._next_index:
            self.out.problems.append(f"block {index} started where {self._next_index} was due")
        self._next_index = index + 1
        block = _object(data.get("content_block"))
        block = {k: v for k, v in block.items() if k not in ("text", "thinking", "signature")}
        if block.get("type") in _TOOLS:
            block["partial_json"] = ""
        self._open[index] = block
        self._parts[index] = {}

    def _on_content_block_delta(self, data: dict[str, Any]) -> None:
        index = _index(data)
        delta = _object(data.get("delta"))
        block = self._open.get(index)
        if block is None:
            self.out.problems.append(f"a delta came for block {index}, which is not open")
            return
        kinds, key = _DELTA_KEYS.get(str(delta.get("type")), ((), ""))
        if not key:
            return
        if block.get("type") in _KNOWN_BLOCKS and block.get("type") not in kinds:
            self.out.problems.append(f"{delta['type']} came for a {block.get('type')} block")
            return
        text = delta.get(key)
        if not isinstance(text, str):
            self.out.problems.append(f"{delta['type']} carries no text")
            return
        if key == "thinking" and block.get("signature"):
            self.out.problems.append("thinking went on after its signature")
        if key == "signature":
            block[key] = text
        else:
            block.setdefault(key, "")  # its place among the block's keys
            self._parts[index].setdefault(key, []).append(text)

    def _on_content_block_stop(self, data: dict[str, Any]) -> None:
        block = self._open.pop(_index(data), None)
        if block is None:
            self.out.problems.append(f"block {data.get('index')} stopped without being open")
            return
        parts = self._parts.pop(_index(data))
        block |= {key: "".join(texts) for key, texts in parts.items()}
        if block.get("type") in _TOOLS:
            block["input"] = _tool_input(block["partial_json"], self.out.problems)
        self.out.blocks.append(block)

    def _on_message_delta(self, data: dict[str, Any]) -> None:
        for index in self._open:
            self.out.problems.append(f"message_delta came while block {index} was open")
        stop_reason = _object(data.get("delta")).get("stop_reason")
        # a late delta with a null reason must not erase an earlier one
        self.out.stop_reason = str(stop_reason) if stop_reason else self.out.stop_reason
        counts = _counts(data)
        if "output_tokens" not in counts:
            self.out.problems.append("message_delta has no usage.output_tokens")
        self.out.usage.update(counts)

    def _on_message_stop(self, data: dict[str, Any]) -> None:
        self.out.ended = True

    def _on_ping(self, data: dict[str, Any]) -> None:
        self.out.pings += 1

    def _on_error(self, data: dict[str, Any]) -> None:
        self.out.error = _object(data.get("error"))


def _object(value: Any) -> dict[str, Any]:
    """A JSON object as it is; what is none counts as empty, since a gateway may send anything."""
    return dict(value) if isinstance(value, dict) else {}


def _index(data: dict[str, Any]) -> int:
    index = data.get("index")
    return index if isinstance(index, int) else -1


def _counts(holder: dict[str, Any]) -> dict[str, int]:
    usage = _object(holder.get("usage"))
    return {name: count for name, count in usage.items() if type(count) is int}


def _tool_input(text: str, problems: list[str]) -> Any:
    try:
        return json.loads(text) if text else {}
    except (ValueError, RecursionError):
        problems.append("the tool's input deltas do not make JSON")
        return {}
