"""Defects of what JSON can hold: characters, numbers, depths, sizes."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentAnswer, BentRequest, BentStream, event_data
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.defects.walking import mapped, request_blocks, rewrite
from gatecert.gateways.reference.decisions import Refusal, parsed
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Reply, Request

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL | re.IGNORECASE)
_ADDRESS = re.compile(r"(?<!\S)[\w.+-]{1,64}@[\w.-]{3,64}")
_WHOLE_NUMBER = re.compile(r"-?\d{1,15}")
_DEEPEST = 32
_WINDOW = 50
_HTML = [("content-type", "text/html")]


def _cleaned(body: dict[str, Any], change: Any) -> None:
    """Change every text of the messages."""
    if "messages" in body:
        body["messages"] = mapped(
            body["messages"], lambda value: change(value) if isinstance(value, str) else value
        )


@defect("strips-control-characters", "MSG-50", "MSG-63")
class StripsControlCharacters(BentRequest):
    """Control characters, as terminals use them for colours, are cleaned away."""

    def change_request(self, body: dict[str, Any]) -> None:
        _cleaned(body, lambda text: _CONTROL.sub("", text))


@defect("normalises-unicode", "MSG-15", "MSG-50")
class NormalisesUnicode(BentRequest):
    """Text is brought into a normal form of Unicode."""

    def change_request(self, body: dict[str, Any]) -> None:
        _cleaned(body, lambda text: unicodedata.normalize("NFC", text))


@defect("trims-text", "MSG-12", "MSG-27", "MSG-28", "MSG-50", "MSG-63")
class TrimsText(BentRequest):
    """Blanks at both ends of texts are cut off."""

    def change_request(self, body: dict[str, Any]) -> None:
        for block in request_blocks(body):
            if isinstance(block.get("text"), str):
                block["text"] = block["text"].strip()


@defect("breaks-lines-anywhere", "STREAM-72", "MSG-50")
class BreaksLinesAnywhere(BentStream):
    """Streams are read by lines, and every character that ends a line somewhere ends one here."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return ["\n".join(frame.decode("utf-8", "replace").splitlines()).encode()]


@defect("fails-on-half-emoji", "MSG-51")
class FailsOnHalfEmoji(ReferenceGateway):
    """Text that cannot be written as UTF-8 makes the gateway fail."""

    def check_body(self, request: Request) -> Refusal | None:
        try:
            json.dumps(parsed(request.body), ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return Refusal(500, "api_error", "Internal Server Error")
        return super().check_body(request)


class _Firewall(ReferenceGateway):
    """Answers with a page of its own where a body looks like an attack."""

    sign = b""

    async def serve(self, request: Request, reply: Reply) -> None:
        if self.sign in request.body:
            await reply.answer(403, _HTML, b"<html><body>Request blocked.</body></html>")
            return
        await super().serve(request, reply)


@defect("firewall-blocks-markup", "MSG-52")
class FirewallBlocksMarkup(_Firewall):
    """A web application firewall blocks bodies with script tags."""

    sign = b"<script"


@defect("firewall-blocks-sql", "MSG-52")
class FirewallBlocksSql(_Firewall):
    """A web application firewall blocks bodies with statements of a database."""

    sign = b"DROP TABLE"


@defect("removes-scripts", "MSG-52")
class RemovesScripts(BentRequest):
    """A filter takes script tags out of text, and the model sees another text."""

    def change_request(self, body: dict[str, Any]) -> None:
        _cleaned(body, lambda text: _SCRIPT.sub("", text))


@defect("unescapes-entities", "MSG-52")
class UnescapesEntities(BentRequest):
    """A filter decodes the entities of HTML in text, so that the model sees markup for words."""

    def change_request(self, body: dict[str, Any]) -> None:
        _cleaned(body, html.unescape)


def _fourteen_digits(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    written: int | float = json.loads(f"{value:.14g}")
    return written


@defect("writes-fourteen-digits", "MSG-53", "MSG-63")
class WritesFourteenDigits(BentRequest):
    """Numbers are written with fourteen digits, as a plug-in language does by default."""

    def change_request(self, body: dict[str, Any]) -> None:
        rewrite(body, _fourteen_digits)


@defect("answers-in-fourteen-digits", "MSG-53", "MSG-64")
class AnswersInFourteenDigits(BentAnswer):
    """Numbers of answers are written with fourteen digits."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        rewrite(body, _fourteen_digits)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: entry for name, entry in value.items() if entry is not None}
    return value


@defect("drops-nulls", "MSG-54")
class DropsNulls(BentRequest):
    """Members that are null are left out."""

    def change_request(self, body: dict[str, Any]) -> None:
        rewrite(body, _without_nulls)


@defect("answers-without-nulls", "MSG-21", "MSG-54", "ERR-28")
class AnswersWithoutNulls(BentAnswer):
    """Members of answers that are null are left out, those of a tool's input as well."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        rewrite(body, _without_nulls)


@defect("empty-objects-become-lists", "MSG-12", "MSG-06", "MSG-32", "MSG-54", "MSG-63")
class EmptyObjectsBecomeLists(BentRequest):
    """An empty object is written as [], as some script languages do."""

    def change_request(self, body: dict[str, Any]) -> None:
        rewrite(body, lambda value: [] if value == {} else value)


@defect("ignores-case-of-keys", "MSG-54")
class IgnoresCaseOfKeys(BentRequest):
    """Of two keys that differ in case one is lost."""

    def change_request(self, body: dict[str, Any]) -> None:
        def merged(value: Any) -> Any:
            if not isinstance(value, dict):
                return value
            last = {name.lower(): name for name in value}
            return {name: entry for name, entry in value.items() if last[name.lower()] == name}

        rewrite(body, merged)


@defect("refuses-depth", "MSG-54")
class RefusesDepth(ReferenceGateway):
    """Bodies that are nested deeper than the gateway's JSON library takes earn a 400."""

    def check_body(self, request: Request) -> Refusal | None:
        if _depth(parsed(request.body)) > _DEEPEST:
            return Refusal(400, "invalid_request_error", "The maximum depth has been exceeded")
        return super().check_body(request)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(entry) for entry in inner), default=0)


class _Limit(ReferenceGateway):
    """Refuses bodies above a limit of its own."""

    limit_bytes = 0

    def check_body(self, request: Request) -> Refusal | None:
        if len(request.body) > self.limit_bytes:
            return Refusal(413, "request_too_large", "Request Entity Too Large")
        return super().check_body(request)


@defect("four-megabyte-limit", "MSG-38", "MSG-39")
class FourMegabyteLimit(_Limit):
    """Bodies above 4 MB are refused, as platforms for functions do."""

    limit_bytes = 4_000_000


@defect("ten-megabyte-limit", "MSG-39")
class TenMegabyteLimit(_Limit):
    """Bodies above 10 MB are refused, as managed gateways do."""

    limit_bytes = 10_000_000


@defect("hangs-up-on-large-bodies", "MSG-40")
class HangsUpOnLargeBodies(ReferenceGateway):
    """The connection of a body that is too large is closed without an answer."""

    async def serve(self, request: Request, reply: Reply) -> None:
        if request.too_large:
            reply.abort()
            return
        await super().serve(request, reply)


@defect("masks-addresses", "MSG-68")
class MasksAddresses(BentRequest):
    """Mail addresses in texts are replaced by a placeholder, to protect personal data."""

    def change_request(self, body: dict[str, Any]) -> None:
        _cleaned(body, lambda text: _ADDRESS.sub("[EMAIL]", text))


@defect("strings-become-numbers", "MSG-67")
class StringsBecomeNumbers(BentRequest):
    """Strings of digits are written as numbers, as PHP does with JSON_NUMERIC_CHECK."""

    def change_request(self, body: dict[str, Any]) -> None:
        _cleaned(body, lambda text: int(text) if _WHOLE_NUMBER.fullmatch(text) else text)


@defect("keeps-fifty-messages", "MSG-66")
class KeepsFiftyMessages(BentRequest):
    """Of a long conversation only the last messages go to the provider, to save tokens."""

    def change_request(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("messages"), list):
            first, *others = body["messages"] or [None]
            body["messages"] = [first, *others[-_WINDOW:]] if others else body["messages"]


@defect("drops-repeated-messages", "MSG-66")
class DropsRepeatedMessages(BentRequest):
    """A message that was in the conversation before is left out."""

    def change_request(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("messages"), list):
            kept: list[Any] = []
            for message in body["messages"]:
                if message not in kept:
                    kept.append(message)
            body["messages"] = kept


@defect("skips-blank-deltas", "STREAM-38", "STREAM-72")
class SkipsBlankDeltas(BentStream):
    """A delta of text in which nothing can be seen is taken for empty and skipped."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        delta = event_data(frame).get("delta") or {}
        return [] if delta.get("type") == "text_delta" and not delta["text"].strip() else [frame]
