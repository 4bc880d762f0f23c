"""Defects of the blocks in a stream, of its counts and of its reasons to stop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from gatecert.gateways.defects.bending import (
    BentStream,
    RewrittenStream,
    event,
    event_data,
    event_name,
)
from gatecert.gateways.defects.registry import defect

_MOST_ARGUMENT_BYTES = 64 * 1024
_MOST_SIGNATURE_CHARS = 4_096
_KNOWN_EVENTS = (
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "ping",
    "error",
)
_KNOWN_DELTAS = ("text_delta", "thinking_delta", "signature_delta", "input_json_delta")
_KNOWN_MEMBERS = ("type", "id", "name", "input", "text", "thinking", "signature")


class _BentDelta(BentStream):
    """Changes the delta of content_block_delta events."""

    def change_delta(self, delta: dict[str, Any]) -> None:
        """Change the delta in place."""
        raise NotImplementedError

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        """The changed event."""
        if event_name(frame) != "content_block_delta":
            return [frame]
        data = event_data(frame)
        self.change_delta(data["delta"])
        return [event("content_block_delta", data)]


@defect("starts-messages-twice", "STREAM-02", "STREAM-89", "FALL-22")
class StartsMessagesTwice(BentStream):
    """message_start is sent twice."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [frame, frame] if event_name(frame) == "message_start" else [frame]


@defect(
    "reopens-blocks",
    *"""
        STREAM-02 STREAM-30 MSG-31 MSG-32 MSG-53 MSG-54 MSG-65 STREAM-88 STREAM-89
    """.split(),
)
class ReopensBlocks(BentStream):
    """Each block is opened once more after its end, as an empty one of text, and closed."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        if event_name(frame) != "content_block_stop":
            return [frame]
        index = event_data(frame)["index"]
        block = {"type": "text", "text": ""}
        start = {"type": "content_block_start", "index": index, "content_block": block}
        return [frame, event("content_block_start", start), frame]


@defect("counts-blocks-from-one", "STREAM-02", "STREAM-30")
class CountsBlocksFromOne(BentStream):
    """The index of the first block is 1."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        name = event_name(frame)
        if not name.startswith("content_block"):
            return [frame]
        data = event_data(frame)
        return [event(name, {**data, "index": data["index"] + 1})]


@defect("streams-thinking-as-text", "STREAM-02", "STREAM-05", "STREAM-36")
class StreamsThinkingAsText(_BentDelta):
    """What the model thinks comes as text deltas, inside a thinking block."""

    def change_delta(self, delta: dict[str, Any]) -> None:
        if delta["type"] == "thinking_delta":
            delta.update(type="text_delta", text=delta.pop("thinking"))


@defect("merges-parallel-tools", "STREAM-30", "MSG-32", "STREAM-31")
class MergesParallelTools(RewrittenStream):
    """The arguments of all tool calls go to the first one."""

    async def rewrite(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        first = None
        async for frame in frames:
            if b'"input_json_delta"' not in frame:
                yield frame
                continue
            data = event_data(frame)
            first = data["index"] if first is None else first
            yield event("content_block_delta", {**data, "index": first})


@defect("caps-tool-arguments", "STREAM-32")
class CapsToolArguments(RewrittenStream):
    """Of a tool's arguments only the first 64 kB are passed on."""

    async def rewrite(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        passed = 0
        async for frame in frames:
            arguments = b'"input_json_delta"' in frame
            passed += len(frame) if arguments else 0
            if not arguments or passed <= _MOST_ARGUMENT_BYTES:
                yield frame


@defect(
    "trims-argument-deltas",
    *"STREAM-04 STREAM-32 STREAM-33 STREAM-74 STREAM-38".split(),
)
class TrimsArgumentDeltas(_BentDelta):
    """Blanks at both ends of each delta of tool arguments are cut off."""

    def change_delta(self, delta: dict[str, Any]) -> None:
        if delta["type"] == "input_json_delta":
            delta["partial_json"] = delta["partial_json"].strip()


@defect("drops-open-escapes", "STREAM-04", "STREAM-33")
class DropsOpenEscapes(_BentDelta):
    """A backslash at the end of a delta is taken for a broken escape and cut off."""

    def change_delta(self, delta: dict[str, Any]) -> None:
        if delta["type"] == "input_json_delta":
            delta["partial_json"] = delta["partial_json"].rstrip("\\")


@defect("waits-for-arguments", "STREAM-34")
class WaitsForArguments(RewrittenStream):
    """A tool call is sent with its first arguments, and so never without any."""

    async def rewrite(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        waiting: list[bytes] = []
        async for frame in frames:
            if b'"content_block":{"type":"tool_use"' in frame:
                waiting = [frame]
            elif waiting and event_name(frame) == "content_block_stop":
                waiting = []
            elif waiting and not event_data(frame).get("delta", {}).get("partial_json"):
                waiting.append(frame)
            else:
                for kept in (*waiting, frame):
                    yield kept
                waiting = []


class _LostBlock(RewrittenStream):
    """Loses blocks of one type."""

    lost = ""

    async def rewrite(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The stream without them."""
        inside = False
        async for frame in frames:
            inside = inside or f'"content_block":{{"type":"{self.lost}"'.encode() in frame
            if not inside:
                yield frame
            inside = inside and event_name(frame) != "content_block_stop"


@defect("drops-redacted-thinking-in-streams", "STREAM-35")
class DropsRedactedThinking(_LostBlock):
    """Blocks of redacted thinking are dropped from streams."""

    lost = "redacted_thinking"


@defect("drops-search-results-in-streams", "STREAM-37")
class DropsSearchResults(_LostBlock):
    """Results of the provider's own web search are dropped from streams."""

    lost = "web_search_tool_result"


@defect("empties-block-starts", "STREAM-35", "STREAM-37", "STREAM-89")
class EmptiesBlockStarts(BentStream):
    """Of a block's start only the members that the gateway knows are kept."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        if event_name(frame) != "content_block_start":
            return [frame]
        data = event_data(frame)
        block = {k: v for k, v in data["content_block"].items() if k in _KNOWN_MEMBERS}
        return [event("content_block_start", {**data, "content_block": block})]


@defect("reuses-first-signature", "STREAM-36")
class ReusesFirstSignature(RewrittenStream):
    """The first signature of an answer stands for all of its thoughts."""

    async def rewrite(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        first = None
        async for frame in frames:
            if b'"signature_delta"' not in frame:
                yield frame
                continue
            first = first or event_data(frame)["delta"]
            yield event("content_block_delta", {**event_data(frame), "delta": first})


@defect("cuts-long-signatures", "STREAM-36")
class CutsLongSignatures(_BentDelta):
    """Signatures are kept to 4,096 characters."""

    def change_delta(self, delta: dict[str, Any]) -> None:
        if delta["type"] == "signature_delta":
            delta["signature"] = delta["signature"][:_MOST_SIGNATURE_CHARS]


class _BentUsage(BentStream):
    """Changes usage in message_start or in message_delta."""

    place = ""

    def change_usage(self, usage: dict[str, Any]) -> None:
        """Change the usage in place."""
        raise NotImplementedError

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        """The changed event."""
        if event_name(frame) != self.place:
            return [frame]
        data = event_data(frame)
        self.change_usage(data.get("message", data)["usage"])
        return [event(self.place, data)]


@defect("no-output-count-at-start", "STREAM-40")
class NoOutputCountAtStart(_BentUsage):
    """message_start comes without usage.output_tokens."""

    place = "message_start"

    def change_usage(self, usage: dict[str, Any]) -> None:
        del usage["output_tokens"]


@defect("starts-at-zero-tokens", "STREAM-06", "STREAM-40")
class StartsAtZeroTokens(_BentUsage):
    """message_start says 0 for every count; the true ones come at the end."""

    place = "message_start"

    def change_usage(self, usage: dict[str, Any]) -> None:
        usage.update(dict.fromkeys(usage, 0))


@defect("keeps-plain-usage-only", "STREAM-41")
class KeepsPlainUsageOnly(_BentUsage):
    """Of usage at the end only plain numbers are kept."""

    place = "message_delta"

    def change_usage(self, usage: dict[str, Any]) -> None:
        for name in [name for name, value in usage.items() if not isinstance(value, int)]:
            del usage[name]


class _BentEnd(BentStream):
    """Changes the delta of message_delta events."""

    def change_end(self, delta: dict[str, Any]) -> None:
        """Change the delta in place."""
        raise NotImplementedError

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        """The changed event."""
        if event_name(frame) != "message_delta":
            return [frame]
        data = event_data(frame)
        self.change_end(data["delta"])
        return [event("message_delta", data)]


@defect("knows-few-stop-reasons", "STREAM-42")
class KnowsFewStopReasons(_BentEnd):
    """Reasons to stop that are not in the gateway's list become end_turn."""

    def change_end(self, delta: dict[str, Any]) -> None:
        if delta["stop_reason"] in ("pause_turn", "refusal", "model_context_window_exceeded"):
            delta["stop_reason"] = "end_turn"


@defect("drops-stop-sequences", "STREAM-43")
class DropsStopSequences(_BentEnd):
    """Which sequence ended the answer is not told."""

    def change_end(self, delta: dict[str, Any]) -> None:
        delta["stop_sequence"] = None


@defect("keeps-last-message-delta", "STREAM-44")
class KeepsLastMessageDelta(RewrittenStream):
    """Of several message_delta events only the last one is sent."""

    async def rewrite(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        last = b""
        async for frame in frames:
            if event_name(frame) == "message_delta":
                last = frame
                continue
            if last:
                yield last
                last = b""
            yield frame
        if last:
            yield last


@defect("stops-at-unknown-events", "STREAM-45", "STREAM-46")
class StopsAtUnknownEvents(RewrittenStream):
    """An event or a delta of an unknown type ends the stream."""

    async def rewrite(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for frame in frames:
            if not _known(frame):
                return
            yield frame


@defect("drops-unknown-events", "STREAM-46")
class DropsUnknownEvents(BentStream):
    """Events and deltas of unknown types are dropped."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [frame] if _known(frame) else []


@defect("omits-nulls", "STREAM-47")
class OmitsNulls(BentStream):
    """Members of events that are null are left out."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [event(event_name(frame), _without_nulls(event_data(frame)))]


def _known(frame: bytes) -> bool:
    if event_name(frame) == "content_block_delta":
        return event_data(frame)["delta"]["type"] in _KNOWN_DELTAS
    return event_name(frame) in _KNOWN_EVENTS


def _without_nulls(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_nulls(value) for key, value in node.items() if value is not None}
    return [_without_nulls(value) for value in node] if isinstance(node, list) else node


@defect("signs-words-only", "STREAM-88")
class SignsWordsOnly(RewrittenStream):
    """The signature of a thought is passed on only if words of it were."""

    async def rewrite(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        words = False
        async for frame in frames:
            if event_name(frame) == "content_block_start":
                words = False
            words = words or b'"thinking_delta"' in frame
            if words or b'"signature_delta"' not in frame:
                yield frame


@defect("rebuilds-the-last-delta", "STREAM-89")
class RebuildsTheLastDelta(BentStream):
    """message_delta is written anew from its reason to stop and its usage."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        if event_name(frame) != "message_delta":
            return [frame]
        data = event_data(frame)
        delta = {k: v for k, v in data["delta"].items() if k in ("stop_reason", "stop_sequence")}
        kept = {k: v for k, v in data.items() if k in ("type", "usage")}
        return [event("message_delta", {**kept, "delta": delta})]
