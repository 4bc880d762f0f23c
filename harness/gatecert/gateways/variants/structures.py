"""Variants that read bodies into structures and write them again, and of fronts before them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentAnswer, BentRequest, BentStream, event, event_data
from gatecert.gateways.defects.walking import results_of
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.variants.registry import variant
from gatecert.wire import Reply, Request

_WRITTEN_BY_OTHERS = ("input", "gatecert_future")
_HTML = [("content-type", "text/html")]


@variant("fills-structures")
class FillsStructures(BentRequest, BentAnswer):
    """Fields that say nothing are left out (empty lists, null), results have all of theirs."""

    def change_request(self, body: dict[str, Any]) -> None:
        for name in ("tools", "stop_sequences"):
            if body.get(name) == []:
                del body[name]
        for result in results_of(body):
            result.setdefault("content", "")
            result.setdefault("is_error", False)

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        kept = _without_nulls(body)
        body.clear()
        body.update(kept)


def _without_nulls(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_nulls(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    return {
        name: value if name in _WRITTEN_BY_OTHERS else _without_nulls(value)
        for name, value in node.items()
        if value is not None
    }


@variant("starts-without-output")
class StartsWithoutOutput(BentStream):
    """message_start counts no output yet."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        if not frame.startswith(b"event: message_start"):
            return [frame]
        data = event_data(frame)
        usage = data.get("message", {}).get("usage")
        if usage:
            usage["output_tokens"] = 0
        return [event("message_start", data)]


@variant("forbids-other-methods")
class ForbidsOtherMethods(ReferenceGateway):
    """Methods that an endpoint does not have are forbidden, as some servers say it."""

    async def refuse(self, reply: Reply, refusal: Refusal) -> None:
        status = 403 if refusal.status == 405 else refusal.status
        await super().refuse(reply, replace(refusal, status=status))


@variant("large-body-page")
class LargeBodyPage(ReferenceGateway):
    """A body that is too large is refused by a page; the client shows words of its own."""

    async def serve(self, request: Request, reply: Reply) -> None:
        if request.too_large:
            await reply.answer(413, _HTML, b"<h1>413 Request Entity Too Large</h1>")
            return
        await super().serve(request, reply)
