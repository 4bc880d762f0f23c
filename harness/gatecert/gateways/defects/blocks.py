"""Defects of answers on their way back: blocks, reasons to stop, counts; and of counting tokens."""

from __future__ import annotations

from typing import Any

import httpx

from gatecert.gateways.defects.bending import (
    BentAnswer,
    BentRequest,
    BentStream,
    event_data,
    event_name,
)
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.defects.walking import blocks_of, keep_blocks, keep_only
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Reply, Request

_KNOWN_REASONS = ("end_turn", "max_tokens", "tool_use", "stop_sequence", None)
_KNOWN_USAGE = "input_tokens output_tokens cache_creation_input_tokens cache_read_input_tokens"
_BLOCKS = (
    "text thinking redacted_thinking tool_use server_tool_use web_search_tool_result"
).split()
_COUNT = "/v1/messages/count_tokens"


@defect("knows-four-stop-reasons", "MSG-57")
class KnowsFourStopReasons(BentAnswer):
    """Reasons to stop that the gateway does not know become end_turn."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        if body.get("stop_reason") not in _KNOWN_REASONS:
            body["stop_reason"] = "end_turn"


@defect("loses-stop-sequence", "MSG-57")
class LosesStopSequence(BentAnswer):
    """The text that stopped an answer is not passed on."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        if "stop_sequence" in body:
            body["stop_sequence"] = None


@defect("fills-empty-answers", "MSG-57")
class FillsEmptyAnswers(BentAnswer):
    """An answer without content, as a refusal may be, gets an empty text."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        if body.get("content") == []:
            body["content"] = [{"type": "text", "text": ""}]


@defect("rebuilds-usage", "MSG-58")
class RebuildsUsage(BentAnswer):
    """usage keeps its four well-known counts."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        if isinstance(body.get("usage"), dict):
            keep_only(body["usage"], _KNOWN_USAGE)


@defect("drops-search-results", "MSG-59")
class DropsSearchResults(BentAnswer):
    """What the provider has found is missing in whole answers."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        keep_blocks(body, lambda block: block.get("type") != "web_search_tool_result")


@defect("drops-citations", "MSG-59")
class DropsCitations(BentAnswer):
    """Texts of whole answers lose what they cite."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        for block in blocks_of(body):
            block.pop("citations", None)


@defect("streams-empty-results", "STREAM-37")
class StreamsEmptyResults(BentStream):
    """In a stream the blocks of server tools begin without their results."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        if event_name(frame) != "content_block_start":
            return [frame]
        found = event_data(frame)["content_block"]
        lost = found.get("type") == "web_search_tool_result" and isinstance(found["content"], list)
        return [frame.partition(b'"content":[')[0] + b'"content":[]}}'] if lost else [frame]


@defect("drops-unknown-answer-blocks", "MSG-60")
class DropsUnknownAnswerBlocks(BentAnswer):
    """Blocks of answers whose type the gateway does not know are dropped."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        keep_blocks(body, lambda block: block.get("type") in _BLOCKS)


@defect("rebuilds-answers", "MSG-60")
class RebuildsAnswers(BentAnswer):
    """A Message keeps the fields that the gateway knows."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        if body.get("type") == "message":
            keep_only(body, "id type role model content stop_reason stop_sequence usage")


@defect("counts-text-only", "MSG-61")
class CountsTextOnly(BentRequest):
    """Tokens are counted without instructions and tools."""

    def forwarded_body(self, request: Request) -> bytes:
        return super().forwarded_body(request) if request.path == _COUNT else request.body

    def change_request(self, body: dict[str, Any]) -> None:
        keep_only(body, "model messages")


@defect("counts-without-betas", "MSG-61")
class CountsWithoutBetas(ReferenceGateway):
    """anthropic-beta is not passed on where tokens are counted."""

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        counting = request.path == _COUNT
        return [(k, v) for k, v in headers if not (counting and k.lower() == "anthropic-beta")]


class _OwnCount(ReferenceGateway):
    """Answers where tokens are to be counted, without asking anybody."""

    body = b""

    async def forward(self, request: Request, reply: Reply) -> None:
        if request.path != _COUNT:
            await super().forward(request, reply)
            return
        await reply.answer(200, [("content-type", "application/json")], self.body)


@defect(
    "stubs-token-count",
    *"MSG-13 MSG-61 MSG-62 FALL-19 FALL-21 FALL-24 FALL-26".split(),
)
class StubsTokenCount(_OwnCount):
    """count_tokens is a stub that answers 0."""

    body = b'{"input_tokens": 0}'


@defect(
    "count-error-with-200",
    *"MSG-13 CONN-07 MSG-61 MSG-62 FALL-19 FALL-24 FALL-26".split(),
)
class CountErrorWith200(_OwnCount):
    """count_tokens answers 200 with an error in its body."""

    body = b'{"error": "Unexpected endpoint or method"}'


@defect("answers-without-wordless-thoughts", "MSG-70")
class AnswersWithoutWordlessThoughts(BentAnswer):
    """Thinking blocks without text are taken for empty ones and dropped from whole answers."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        keep_blocks(body, lambda block: block.get("thinking", "-") != "")
