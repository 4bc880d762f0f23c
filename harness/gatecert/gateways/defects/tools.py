"""Defects of tools: how they are offered, chosen, called and answered."""

from __future__ import annotations

from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentAnswer, BentRequest
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.defects.walking import (
    blocks_of,
    calls_of,
    keep_blocks,
    keep_only,
    messages_of,
    results_of,
    tools_of,
)
from gatecert.gateways.reference.decisions import Refusal, parsed
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Request

_SHORTEST_LIMIT = 40  # what another maker's API takes
_REFUSED_KEYWORDS = {"$schema", "format", "uniqueItems", "exclusiveMaximum"}
_LONGEST_NAME, _MOST_TOOLS = 64, 128  # the same maker's


@defect("translates-tool-choice", "MSG-29", "MSG-30")
class TranslatesToolChoice(BentRequest):
    """A forced tool is named in another API's words."""

    def change_request(self, body: dict[str, Any]) -> None:
        choice = body.get("tool_choice")
        if isinstance(choice, dict) and choice.get("type") == "tool":
            body["tool_choice"] = {"type": "function", "function": {"name": choice.get("name")}}


@defect("drops-tools-under-choice", "MSG-29", "MSG-30")
class DropsToolsUnderChoice(BentRequest):
    """With a forced tool the list of tools is lost."""

    def change_request(self, body: dict[str, Any]) -> None:
        choice = body.get("tool_choice")
        if isinstance(choice, dict) and choice.get("type") == "tool":
            body.pop("tools", None)


@defect("forgets-one-tool-at-a-time", "MSG-29", "MSG-06")
class ForgetsOneToolAtATime(BentRequest):
    """tool_choice keeps its type and name and loses disable_parallel_tool_use."""

    def change_request(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("tool_choice"), dict):
            keep_only(body["tool_choice"], "type name")


@defect("wants-input-schemas", "MSG-30", "MSG-34")
class WantsInputSchemas(ReferenceGateway):
    """A tool without input_schema, as those of the provider are, earns a 400."""

    def check_body(self, request: Request) -> Refusal | None:
        body = parsed(request.body)
        for number, tool in enumerate(tools_of(body if isinstance(body, dict) else {})):
            if "input_schema" not in tool:
                text = f"tools.{number}.input_schema: Field required"
                return Refusal(400, "invalid_request_error", text)
        return super().check_body(request)


@defect("drops-server-tools", "MSG-30", "MSG-34")
class DropsServerTools(BentRequest):
    """Tools of the provider's own are removed from the request."""

    def change_request(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("tools"), list):
            body["tools"] = [tool for tool in body["tools"] if "input_schema" in tool]


@defect("prefixes-tool-ids", "MSG-31")
class PrefixesToolIds(BentAnswer):
    """Ids of tool calls that look foreign are given the usual beginning."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        for block in blocks_of(body):
            if "id" in block and not str(block["id"]).startswith(("toolu_", "srvtoolu_", "x_")):
                block["id"] = f"toolu_{block['id']}"


@defect("shortens-tool-ids", "MSG-31")
class ShortensToolIds(BentRequest):
    """Ids of tool calls are cut to the length that another API takes."""

    def change_request(self, body: dict[str, Any]) -> None:
        for call in calls_of(body):
            call["id"] = call["id"][:_SHORTEST_LIMIT]
        for result in results_of(body):
            result["tool_use_id"] = result["tool_use_id"][:_SHORTEST_LIMIT]


@defect("keeps-first-call", "MSG-31", "MSG-32", "MSG-64")
class KeepsFirstCall(BentAnswer):
    """Of several tool calls in one answer only the first one is passed on."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        calls = [block for block in blocks_of(body) if block.get("type") == "tool_use"]
        keep_blocks(body, lambda block: block not in calls[1:])


@defect("sorts-tools", *"MSG-03 MSG-34 MSG-44 MSG-53 MSG-54 MSG-61 MSG-65".split())
class SortsTools(BentRequest):
    """Tools are put into the order of their names, so that more of them hit a shared cache."""

    def change_request(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("tools"), list):
            body["tools"].sort(key=lambda tool: str(tool.get("name")))


@defect("sorts-results", "MSG-32")
class SortsResults(BentRequest):
    """Tool results are put into the order of their calls."""

    def change_request(self, body: dict[str, Any]) -> None:
        order = {call.get("id"): number for number, call in enumerate(calls_of(body))}
        for message in messages_of(body):
            results = [block for block in blocks_of(message) if block.get("type") == "tool_result"]
            if results:
                ordered = iter(sorted(results, key=lambda r: order.get(r.get("tool_use_id"), 0)))
                message["content"] = [
                    next(ordered) if block in results else block for block in message["content"]
                ]


@defect("one-message-a-result", "MSG-12", "MSG-31", "MSG-32", "MSG-33")
class OneMessageAResult(BentRequest):
    """Each tool result becomes a message of its own, as in another API."""

    def change_request(self, body: dict[str, Any]) -> None:
        split: list[dict[str, Any]] = []
        for message in messages_of(body):
            blocks = list(blocks_of(message))
            if sum(block.get("type") == "tool_result" for block in blocks) > 1:
                split += [{**message, "content": [block]} for block in blocks]
            else:
                split.append(message)
        if split:
            body["messages"] = split


@defect("tool-field-allow-list", "MSG-34", "MSG-35", "MSG-41")
class ToolFieldAllowList(BentRequest):
    """Tools keep the fields that the gateway knows."""

    def change_request(self, body: dict[str, Any]) -> None:
        for tool in tools_of(body):
            keep_only(tool, "name description input_schema type max_uses cache_control")


@defect("drops-tool-references", "MSG-35")
class DropsToolReferences(BentRequest):
    """Tool results keep texts, pictures and documents, and lose references to found tools."""

    def change_request(self, body: dict[str, Any]) -> None:
        for result in results_of(body):
            keep_blocks(result, lambda block: block.get("type") in ("text", "image", "document"))


@defect("drops-deferred-tools", "MSG-35")
class DropsDeferredTools(BentRequest):
    """Tools that are to be loaded later are not offered at all."""

    def change_request(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("tools"), list):
            body["tools"] = [tool for tool in body["tools"] if not tool.get("defer_loading")]


@defect("cuts-tool-names", "MSG-65")
class CutsToolNames(BentRequest):
    """Names of tools are cut to the length that another API takes."""

    def change_request(self, body: dict[str, Any]) -> None:
        for named in (*tools_of(body), *calls_of(body)):
            named["name"] = named["name"][:_LONGEST_NAME]


@defect("drops-tools-beyond-128", "MSG-65")
class DropsToolsBeyond128(BentRequest):
    """Of many tools only as many as another API takes are passed on."""

    def change_request(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("tools"), list):
            body["tools"] = body["tools"][:_MOST_TOOLS]


@defect("renames-tools-with-hyphens", "MSG-65")
class RenamesToolsWithHyphens(BentRequest):
    """Names of tools are made identifiers: hyphens become underscores."""

    def change_request(self, body: dict[str, Any]) -> None:
        for named in (*tools_of(body), *calls_of(body)):
            named["name"] = named["name"].replace("-", "_")


@defect("cleans-schemas", "MSG-69")
class CleansSchemas(BentRequest):
    """Keywords that another maker's API refuses are taken out of the schemas of tools."""

    def change_request(self, body: dict[str, Any]) -> None:
        for tool in tools_of(body):
            if isinstance(tool.get("input_schema"), dict):
                tool["input_schema"] = _cleaned(tool["input_schema"])


def _cleaned(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_cleaned(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {k: _cleaned(v) for k, v in schema.items() if k not in _REFUSED_KEYWORDS}
