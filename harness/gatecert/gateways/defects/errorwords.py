"""Defects of what the provider refuses: its status, its words, and how often it is asked."""

from __future__ import annotations

import contextlib
import html
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import httpx

from gatecert.gateways.defects.bending import BentAnswer, BentStatus
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.gateway import ReferenceGateway, Route
from gatecert.wire import Headers, Reply, Request

_KNOWN_TYPES = (400, 401, 403, 404, 413, 429, 500)
_REFUSED = (400, 401, 403, 404, 413)


class _BentMessage(BentAnswer):
    """Changes the provider's error messages."""

    def change_message(self, message: str) -> str:
        """What the client reads instead."""
        raise NotImplementedError

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        error = body.get("error")
        if isinstance(error, dict) and isinstance(error.get("message"), str):
            error["message"] = self.change_message(error["message"])


@defect("spent-budget-is-429", "ERR-17")
class SpentBudgetIs429(BentStatus):
    """A 402 becomes a 429, which the client repeats for three minutes."""

    statuses: ClassVar[dict[int, int]] = {402: 429}


@defect("missing-model-is-500", "ERR-18")
class MissingModelIs500(BentStatus):
    """A 404 of the provider becomes a 500."""

    statuses: ClassVar[dict[int, int]] = {404: 500}


@defect("rare-refusals-are-400", "ERR-29", "ERR-19")
class RareRefusalsAre400(BentStatus):
    """Refusals that the gateway has no name for become a 400."""

    statuses: ClassVar[dict[int, int]] = {402: 402, 408: 400, 409: 400, 412: 400, 422: 400}


@defect("bad-gateway-is-500", "ERR-13", "ERR-20")
class BadGatewayIs500(BentStatus):
    """502, 503 and 504 of the provider are folded into a 500."""

    statuses: ClassVar[dict[int, int]] = {502: 500, 503: 500, 504: 500}


@defect("types-from-a-table", "ERR-21")
class TypesFromATable(BentAnswer):
    """error.type is api_error for every status that is not in the gateway's table."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        error = body.get("error")
        if isinstance(error, dict) and response.status_code not in _KNOWN_TYPES:
            error["type"] = "api_error"


@defect("provider-401-blames-the-user", "ERR-22")
class Provider401BlamesTheUser(BentAnswer):
    """When the provider refuses the gateway's key, the user reads that his own is wrong."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        if response.status_code == 401:
            error = {"type": "authentication_error", "message": "Invalid API key"}
            body.update({"type": "error", "error": error})


@defect("asks-refusals-twice", "ERR-23")
class AsksRefusalsTwice(ReferenceGateway):
    """What the provider refuses is sent to it once more before the client hears of it."""

    @contextlib.asynccontextmanager
    async def open(self, request: Request, route: Route) -> AsyncIterator[httpx.Response]:
        async with super().open(request, route) as response:
            if response.status_code not in _REFUSED:
                yield response
                return
        async with super().open(request, route) as response:
            yield response


@defect("remembers-refusals", "ERR-24")
class RemembersRefusals(ReferenceGateway):
    """A refusal is kept, and given again to the same request."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._kept: dict[bytes, tuple[int, Headers, bytes]] = {}

    async def forward(self, request: Request, reply: Reply) -> None:
        if kept := self._kept.get(request.body):
            await reply.answer(*kept)
            return
        await super().forward(request, reply)

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        if response.status_code not in _REFUSED:
            await super().relay(request, response, reply)
            return
        body = self.without_key(await response.aread())
        gone = ("content-length", "content-encoding")
        headers = [(k, v) for k, v in self.relayed_headers(response) if k.lower() not in gone]
        self._kept[request.body] = (response.status_code, headers, body)
        await reply.answer(response.status_code, headers, body)


@defect("renames-unknown-fields", "ERR-07", "ERR-25", "ERR-26")
class RenamesUnknownFields(_BentMessage):
    """The provider's words for a field it does not know become the gateway's own."""

    def change_message(self, message: str) -> str:
        return message.replace("Extra inputs are not permitted", "unsupported parameter")


@defect("rewords-effort", "ERR-25")
class RewordsEffort(_BentMessage):
    """The one message about the effort level is reworded."""

    def change_message(self, message: str) -> str:
        told = "effort parameter" in message
        return "reasoning_effort is not supported for this deployment" if told else message


@defect("rewords-thinking-errors", "ERR-26")
class RewordsThinkingErrors(_BentMessage):
    """What the provider says of thinking blocks becomes a sentence about the history."""

    def change_message(self, message: str) -> str:
        return "The message history is invalid" if "`thinking`" in message else message


@defect("errors-in-ascii", "ERR-27", "PASS-23")
class ErrorsInAscii(_BentMessage):
    """Letters beyond ASCII become question marks in error messages."""

    def change_message(self, message: str) -> str:
        return message.encode("ascii", "replace").decode()


@defect("escapes-errors-as-html", "ERR-01", "ERR-25", "ERR-26", "ERR-27", "ERR-31")
class EscapesErrorsAsHtml(_BentMessage):
    """Error messages are escaped as for a web page."""

    def change_message(self, message: str) -> str:
        return html.escape(message, quote=False)
