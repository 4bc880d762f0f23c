"""Defects of bodies and headers on their way, and of whole answers."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentRequest, wants_stream
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal, parsed
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Reply, Request

_KNOWN_FIELDS = (
    "model messages system tools metadata max_tokens thinking stream temperature stop_sequences "
    "tool_choice top_k top_p"
).split()


class _HeaderDefect(ReferenceGateway):
    """Changes the values of headers towards the provider; None drops one."""

    def changed(self, name: str, value: str) -> str | None:
        """The value that goes out for a header."""
        raise NotImplementedError

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        changed = [(name, self.changed(name.lower(), value)) for name, value in headers]
        return [(name, value) for name, value in changed if value is not None]


@defect("drops-reminders", "MSG-01", "ERR-39")
class DropsReminders(BentRequest):
    """A filter removes user text that looks like mark-up."""

    def change_request(self, body: dict[str, Any]) -> None:
        for message in body.get("messages", []):
            content = message.get("content")
            if isinstance(content, list):
                kept = [b for b in content if not str(b.get("text", "")).startswith("<system")]
                message["content"] = kept


@defect("joins-system-blocks", *"MSG-02 MSG-27 MSG-28 MSG-41 MSG-44 MSG-61 MSG-71".split())
class JoinsSystemBlocks(BentRequest):
    """The system array is joined into one string."""

    def change_request(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("system"), list):
            body["system"] = "\n".join(block["text"] for block in body["system"])


@defect("drops-attribution", "MSG-71")
class DropsAttribution(BentRequest):
    """The system block that says which client asks is lost."""

    def change_request(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("system"), list):
            told = [b for b in body["system"] if "x-anthropic-billing" not in b.get("text", "")]
            body["system"] = told


@defect("drops-cache-markers", "MSG-02", "MSG-27", "MSG-28", "MSG-44")
class DropsCacheMarkers(BentRequest):
    """Cache markers are lost, so that every turn is paid in full."""

    def change_request(self, body: dict[str, Any]) -> None:
        for block in body.get("system", []):
            block.pop("cache_control", None)


@defect("simplifies-tool-schemas", "MSG-03", "MSG-69")
class SimplifiesToolSchemas(BentRequest):
    """Tool schemas lose what the gateway does not know."""

    def change_request(self, body: dict[str, Any]) -> None:
        for tool in body.get("tools", []):
            tool.get("input_schema", {}).pop("additionalProperties", None)


@defect(
    "drops-thinking",
    *"MSG-04 MSG-19 MSG-30 MSG-41 MSG-46 MSG-61 MSG-70".split(),
)
class DropsThinking(BentRequest):
    """The thinking field is removed."""

    def change_request(self, body: dict[str, Any]) -> None:
        body.pop("thinking", None)


@defect("body-allow-list", "MSG-05", "MSG-06", "MSG-41", "MSG-44", "MSG-47", "PASS-10")
class BodyAllowList(BentRequest):
    """Only fields on a list pass; output_config is not on it."""

    def change_request(self, body: dict[str, Any]) -> None:
        for name in [name for name in body if name not in _KNOWN_FIELDS]:
            del body[name]


@defect("refuses-unknown-fields", "MSG-42", "MSG-06", "MSG-44")
class RefusesUnknownFields(ReferenceGateway):
    """Body fields that are not in the gateway's schema earn a 400."""

    def check_body(self, request: Request) -> Refusal | None:
        body = parsed(request.body)
        fields = body if isinstance(body, dict) else {}
        extra = [f for f in fields if f not in (*_KNOWN_FIELDS, "output_config")]
        if extra:
            text = f"{extra[0]}: Extra inputs are not permitted"
            return Refusal(400, "invalid_request_error", text)
        return super().check_body(request)


@defect("replaces-user-id", "MSG-07", "MSG-41")
class ReplacesUserId(BentRequest):
    """metadata.user_id is replaced by the gateway's own user."""

    def change_request(self, body: dict[str, Any]) -> None:
        if "metadata" in body:
            body["metadata"] = {"user_id": "gateway-user-1"}


# the unreachable model's name is one the client does not know, and such models get that message
@defect("refuses-system-role", "MSG-08", "MSG-41", "ERR-39", "FALL-05", "FALL-06")
class RefusesSystemRole(ReferenceGateway):
    """A system-role message inside messages earns a 400."""

    def check_body(self, request: Request) -> Refusal | None:
        body = parsed(request.body)
        messages = body.get("messages", []) if isinstance(body, dict) else []
        if any(m.get("role") == "system" for m in messages):
            text = "messages.1.role: Input should be 'user' or 'assistant'"
            return Refusal(400, "invalid_request_error", text)
        return super().check_body(request)


@defect("beta-allow-list", "MSG-09", "MSG-24", "PASS-07")
class BetaAllowList(_HeaderDefect):
    """Beta values that the gateway does not know are dropped."""

    def changed(self, name: str, value: str) -> str | None:
        if name != "anthropic-beta":
            return value
        return ",".join(b for b in value.split(",") if "future" not in b)


@defect("pins-version", "MSG-10")
class PinsVersion(_HeaderDefect):
    """anthropic-version is always the gateway's own."""

    def changed(self, name: str, value: str) -> str | None:
        return "2023-06-01" if name == "anthropic-version" else value


@defect(
    "header-allow-list",
    *"META-02 META-11 MSG-11 PASS-01 PASS-02 PASS-03 PASS-11 PASS-12 META-28".split(),
)
class HeaderAllowList(_HeaderDefect):
    """Only headers on a list reach the provider."""

    def changed(self, name: str, value: str) -> str | None:
        kept = name in ("content-type", "x-api-key", "accept-encoding")
        return value if kept or name.startswith("anthropic-") else None


@defect("strips-signatures", "MSG-12", "ERR-39", "MSG-70", "FALL-20")
class StripsSignatures(BentRequest):
    """Thinking signatures are removed from the history."""

    def change_request(self, body: dict[str, Any]) -> None:
        for message in body.get("messages", []):
            for block in message.get("content", []):
                if isinstance(block, dict):
                    block.pop("signature", None)


@defect("sends-twice", "MSG-14", "MSG-25", "ERR-23", "SEC-03")
class SendsTwice(ReferenceGateway):
    """Requests without stream are mirrored to the provider a second time."""

    async def forward(self, request: Request, reply: Reply) -> None:
        if not wants_stream(request):
            with contextlib.suppress(httpx.HTTPError):
                async with self.open(request, self.routes(request)[0]) as response:
                    await response.aread()
        await super().forward(request, reply)


@defect("replaces-non-ascii", "MSG-15", "MSG-36", "MSG-50")
class ReplacesNonAscii(ReferenceGateway):
    """Text outside ASCII is replaced by question marks."""

    def forwarded_body(self, request: Request) -> bytes:
        return request.body.decode("utf-8", "replace").encode("ascii", "replace")


@defect("compresses-unasked", "MSG-23", "PASS-22")
class CompressesUnasked(_HeaderDefect):
    """The provider is asked for gzip whatever the client understands."""

    def changed(self, name: str, value: str) -> str | None:
        return "gzip" if name == "accept-encoding" else value


@defect("caps-max-tokens", "MSG-16", "ERR-39")
class CapsMaxTokens(BentRequest):
    """max_tokens is capped to an old model's limit."""

    def change_request(self, body: dict[str, Any]) -> None:
        body["max_tokens"] = min(body.get("max_tokens", 4096), 4096)


@defect("adds-temperature", "MSG-17", "MSG-48")
class AddsTemperature(BentRequest):
    """A default temperature is added to every request."""

    def change_request(self, body: dict[str, Any]) -> None:
        body.setdefault("temperature", 0.7)


@defect(
    "appends-a-message",
    *"""
        MSG-01 MSG-08 MSG-12 MSG-15 MSG-18 MSG-19 MSG-27 MSG-28 MSG-30 MSG-31 MSG-32 MSG-33
        MSG-35 MSG-36 MSG-37 MSG-41 MSG-43 MSG-44 MSG-48 MSG-50 MSG-52 MSG-53 MSG-54 MSG-55
        MSG-56 MSG-61 ERR-39 MSG-65 MSG-66 MSG-67 MSG-68 MSG-70 FALL-20
    """.split(),
)
class AppendsAMessage(BentRequest):
    """A reminder of the company's rules is appended to every conversation."""

    def change_request(self, body: dict[str, Any]) -> None:
        if "messages" in body:
            body["messages"].append({"role": "user", "content": "Mind the company's rules."})


@defect("drops-message-cache-markers", "MSG-01", "MSG-12", "MSG-43", "MSG-44", "ERR-39")
class DropsMessageCacheMarkers(BentRequest):
    """Cache markers inside messages are lost."""

    def change_request(self, body: dict[str, Any]) -> None:
        for message in body.get("messages", []):
            for block in message["content"] if isinstance(message["content"], list) else []:
                block.pop("cache_control", None)


@defect("sorts-betas", "MSG-24")
class SortsBetas(_HeaderDefect):
    """The values of anthropic-beta arrive in alphabetical order."""

    def changed(self, name: str, value: str) -> str | None:
        return ",".join(sorted(value.split(","))) if name == "anthropic-beta" else value


@defect("one-megabyte-limit", "MSG-18", "MSG-38", "MSG-39")
class OneMegabyteLimit(ReferenceGateway):
    """Bodies above 1 MB are refused, as proxies do by default."""

    def check_body(self, request: Request) -> Refusal | None:
        if len(request.body) > 1_000_000:
            return Refusal(413, "request_too_large", "Request Entity Too Large")
        return super().check_body(request)


@defect("drops-pictures", "MSG-36", "MSG-18", "MSG-37", "MSG-38", "MSG-39", "MSG-43", "ERR-39")
class DropsPictures(BentRequest):
    """Pictures are replaced by a line of text."""

    def change_request(self, body: dict[str, Any]) -> None:
        for message in body.get("messages", []):
            for block in message["content"] if isinstance(message["content"], list) else []:
                if block.get("type") == "image":
                    block.clear()
                    block.update({"type": "text", "text": "[picture]"})


@defect("empty-lists-become-objects", "MSG-19")
class EmptyListsBecomeObjects(BentRequest):
    """An empty list of tools is written as {}, as some script languages do."""

    def change_request(self, body: dict[str, Any]) -> None:
        if body.get("tools") == []:
            body["tools"] = {}


@defect("integers-become-floats", "MSG-16")
class IntegersBecomeFloats(BentRequest):
    """Whole numbers travel as floating-point ones: 32000 becomes 32000.0."""

    def change_request(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("max_tokens"), int):
            body["max_tokens"] = float(body["max_tokens"])


@defect(
    "drops-fields-without-stream",
    *"""
        MSG-02 MSG-03 MSG-04 MSG-05 MSG-07 MSG-27 MSG-28 MSG-29 MSG-34 MSG-35 MSG-41 MSG-44
        MSG-46 MSG-47 MSG-53 MSG-54 PASS-10 MSG-65 MSG-69 MSG-70 MSG-71
    """.split(),
)
class DropsFieldsWithoutStream(BentRequest):
    """Requests without stream take an older path that knows fewer fields."""

    def change_request(self, body: dict[str, Any]) -> None:
        if body.get("stream") is False:
            for name in ("system", "tools", "thinking", "metadata", "output_config"):
                body.pop(name, None)


@defect("mirrors-later", "MSG-14", "FALL-30")
class MirrorsLater(ReferenceGateway):
    """Each request is sent to the provider a second time, a moment after it was answered."""

    async def forward(self, request: Request, reply: Reply) -> None:
        await super().forward(request, reply)
        self._later = asyncio.ensure_future(self._mirror(request))

    async def _mirror(self, request: Request) -> None:
        await asyncio.sleep(0.1)
        with contextlib.suppress(httpx.HTTPError):
            async with self.open(request, self.routes(request)[0]) as response:
                await response.aread()
