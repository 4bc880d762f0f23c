"""Defects of what stands inside messages: forms of content, attachments, history."""

from __future__ import annotations

from typing import Any

from gatecert.gateways.defects.bending import BentRequest
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.defects.walking import (
    blocks_of,
    keep_blocks,
    keep_only,
    messages_of,
    request_blocks,
    results_of,
)
from gatecert.gateways.reference.decisions import Refusal, parsed
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Request

_KNOWN_BLOCKS = (
    "text image document thinking redacted_thinking tool_use tool_result server_tool_use "
    "web_search_tool_result"
).split()


@defect("refuses-text-system", "MSG-27", "MSG-28", "MSG-63")
class RefusesTextSystem(ReferenceGateway):
    """Instructions as a plain text earn a 400: the gateway's schema knows a list only."""

    def check_body(self, request: Request) -> Refusal | None:
        body = parsed(request.body)
        if isinstance(body, dict) and isinstance(body.get("system"), str):
            return Refusal(400, "invalid_request_error", "system: Input should be a valid list")
        return super().check_body(request)


@defect("writes-texts-as-blocks", "MSG-28")
class WritesTextsAsBlocks(BentRequest):
    """Every content that is a plain text is written as a list with one block."""

    def change_request(self, body: dict[str, Any]) -> None:
        for message in messages_of(body):
            if isinstance(message.get("content"), str):
                message["content"] = [{"type": "text", "text": message["content"]}]


@defect("joins-answer-texts", "MSG-27", "MSG-28")
class JoinsAnswerTexts(BentRequest):
    """The texts of an earlier answer are joined into one."""

    def change_request(self, body: dict[str, Any]) -> None:
        for message in messages_of(body):
            texts = [block.get("text") for block in blocks_of(message)]
            if message.get("role") == "assistant" and len(texts) > 1 and None not in texts:
                message["content"] = "".join(map(str, texts))


@defect("drops-pictures-in-results", "MSG-33")
class DropsPicturesInResults(BentRequest):
    """Pictures that a tool gave back do not reach the model."""

    def change_request(self, body: dict[str, Any]) -> None:
        for result in results_of(body):
            keep_blocks(result, lambda block: block.get("type") != "image")


@defect("fills-empty-results", "MSG-33")
class FillsEmptyResults(BentRequest):
    """A tool result without content gets an empty text block, which providers refuse."""

    def change_request(self, body: dict[str, Any]) -> None:
        for result in results_of(body):
            result["content"] = result.get("content") or [{"type": "text", "text": ""}]


@defect("rebuilds-documents", "MSG-36")
class RebuildsDocuments(BentRequest):
    """Documents keep their source and lose title, context and citations."""

    def change_request(self, body: dict[str, Any]) -> None:
        for block in request_blocks(body):
            if block.get("type") == "document":
                keep_only(block, "type source cache_control")


@defect("refuses-addresses", "MSG-37")
class RefusesAddresses(ReferenceGateway):
    """Pictures and documents that are named by address earn a 400."""

    def check_body(self, request: Request) -> Refusal | None:
        body = parsed(request.body)
        for block in request_blocks(body if isinstance(body, dict) else {}):
            source = block.get("source")
            if isinstance(source, dict) and source.get("type") == "url":
                return Refusal(400, "invalid_request_error", "source.type: expected 'base64'")
        return super().check_body(request)


@defect("drops-search-history", "MSG-55")
class DropsSearchHistory(BentRequest):
    """What the provider has searched and found is removed from the history."""

    def change_request(self, body: dict[str, Any]) -> None:
        for message in messages_of(body):
            keep_blocks(
                message,
                lambda b: b.get("type") not in ("server_tool_use", "web_search_tool_result"),
            )


@defect("drops-redacted-thinking", "MSG-12", "MSG-55")
class DropsRedactedThinking(BentRequest):
    """Redacted thinking, which looks like nothing, is removed from the history."""

    def change_request(self, body: dict[str, Any]) -> None:
        for message in messages_of(body):
            keep_blocks(message, lambda block: block.get("type") != "redacted_thinking")


@defect("drops-unknown-blocks", "MSG-56")
class DropsUnknownBlocks(BentRequest):
    """Content blocks of types that the gateway does not know are dropped without a word."""

    def change_request(self, body: dict[str, Any]) -> None:
        for message in messages_of(body):
            keep_blocks(message, lambda block: block.get("type") in _KNOWN_BLOCKS)


@defect("drops-wordless-thoughts", "MSG-70")
class DropsWordlessThoughts(BentRequest):
    """Thinking blocks without text are taken for empty ones and dropped from the history."""

    def change_request(self, body: dict[str, Any]) -> None:
        for message in messages_of(body):
            keep_blocks(message, lambda block: block.get("thinking", "-") != "")
