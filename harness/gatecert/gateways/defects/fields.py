"""Defects of body fields: betas, thinking, effort, cache markers, defaults."""

from __future__ import annotations

from typing import Any

from gatecert.gateways.defects.bending import BentRequest
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.defects.walking import (
    blocks_of,
    keep_only,
    messages_of,
    request_blocks,
    tools_of,
)
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Request

_BLOCK_FIELDS = (
    "type text cache_control source title context citations id name input tool_use_id content "
    "is_error thinking signature data"
)
_MARKER = {"type": "ephemeral"}


@defect("keeps-four-stop-sequences", "MSG-06")
class KeepsFourStopSequences(BentRequest):
    """Of stop_sequences the first four are passed on, as many as another API admits."""

    def change_request(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("stop_sequences"), list):
            del body["stop_sequences"][4:]


@defect("rebuilds-blocks", "MSG-41")
class RebuildsBlocks(BentRequest):
    """Content blocks keep the fields that the gateway knows."""

    def change_request(self, body: dict[str, Any]) -> None:
        for block in request_blocks(body):
            keep_only(block, _BLOCK_FIELDS)


@defect("rebuilds-messages", "MSG-41")
class RebuildsMessages(BentRequest):
    """Messages keep role and content; an effort level of their own is lost."""

    def change_request(self, body: dict[str, Any]) -> None:
        for message in messages_of(body):
            keep_only(message, "role content")


@defect("rebuilds-metadata", "MSG-41")
class RebuildsMetadata(BentRequest):
    """metadata keeps user_id and nothing else."""

    def change_request(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("metadata"), dict):
            keep_only(body["metadata"], "user_id")


@defect("rebuilds-thinking", "MSG-46", "MSG-41", "MSG-70")
class RebuildsThinking(BentRequest):
    """thinking keeps its type and budget and loses how it is to be shown."""

    def change_request(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("thinking"), dict):
            keep_only(body["thinking"], "type budget_tokens")


@defect("drops-a-beta", "MSG-42", "PASS-07", "PASS-10")
class DropsABeta(ReferenceGateway):
    """One beta that the gateway thinks outdated is taken out, and its body field stays."""

    def forwarded_headers(self, request: Request) -> Headers:
        dropped = "context-management-2025-06-27"
        headers = super().forwarded_headers(request)
        return [
            (k, ",".join(b for b in v.split(",") if b != dropped))
            if k.lower() == "anthropic-beta"
            else (k, v)
            for k, v in headers
        ]


@defect("gives-thinking-a-budget", "MSG-04", "MSG-41", "MSG-46", "MSG-70")
class GivesThinkingABudget(BentRequest):
    """Adaptive thinking is written in the older form, with a budget."""

    def change_request(self, body: dict[str, Any]) -> None:
        thinking = body.get("thinking")
        if isinstance(thinking, dict) and thinking.get("type") == "adaptive":
            thinking.update({"type": "enabled", "budget_tokens": 1_024})


@defect("drops-disabled-thinking", "MSG-19", "MSG-30", "MSG-46")
class DropsDisabledThinking(BentRequest):
    """Thinking that is switched off is left out, and the model's default holds."""

    def change_request(self, body: dict[str, Any]) -> None:
        if body.get("thinking") == {"type": "disabled"}:
            del body["thinking"]


@defect("caps-effort", "MSG-47")
class CapsEffort(BentRequest):
    """The highest level of effort is lowered to one that the gateway knows."""

    def change_request(self, body: dict[str, Any]) -> None:
        config = body.get("output_config")
        if isinstance(config, dict) and config.get("effort") == "max":
            config["effort"] = "high"


@defect("adds-house-rules", "MSG-48")
class AddsHouseRules(BentRequest):
    """Requests without instructions get the company's."""

    def change_request(self, body: dict[str, Any]) -> None:
        if "messages" in body and "max_tokens" in body:
            body.setdefault("system", "Mind the company's rules.")


@defect("streams-by-default", "CONN-02", "CONN-10", "MSG-49")
class StreamsByDefault(BentRequest):
    """Where a request does not say, the answer is streamed."""

    def change_request(self, body: dict[str, Any]) -> None:
        if "max_tokens" in body:
            body.setdefault("stream", True)


@defect("marks-text-only", "MSG-43", "MSG-44")
class MarksTextOnly(BentRequest):
    """Cache markers pass on text blocks and are lost on calls, results and pictures."""

    def change_request(self, body: dict[str, Any]) -> None:
        for block in request_blocks(body):
            if block.get("type") != "text":
                block.pop("cache_control", None)


@defect("drops-tool-markers", "MSG-44")
class DropsToolMarkers(BentRequest):
    """Cache markers on tools are lost."""

    def change_request(self, body: dict[str, Any]) -> None:
        for tool in tools_of(body):
            tool.pop("cache_control", None)


@defect("forgets-cache-hours", "MSG-12", "MSG-44")
class ForgetsCacheHours(BentRequest):
    """Cache markers lose their ttl, so that an hour becomes five minutes."""

    def change_request(self, body: dict[str, Any]) -> None:
        system = body.get("system")
        blocks = system if isinstance(system, list) else []
        for holder in (body, *blocks, *tools_of(body), *request_blocks(body)):
            if isinstance(holder.get("cache_control"), dict):
                holder["cache_control"].pop("ttl", None)


@defect("drops-top-marker", "MSG-44")
class DropsTopMarker(BentRequest):
    """A cache marker at the top of the body is lost."""

    def change_request(self, body: dict[str, Any]) -> None:
        body.pop("cache_control", None)


@defect("caches-by-itself", "MSG-45", "MSG-30", "MSG-48", "MSG-61")
class CachesByItself(BentRequest):
    """The gateway marks the first message of every conversation for the cache."""

    def change_request(self, body: dict[str, Any]) -> None:
        for message in list(messages_of(body))[:1]:
            for block in list(blocks_of(message))[-1:]:
                block.setdefault("cache_control", _MARKER)
