"""Defects of whole answers on their way back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentAnswer, BentRequest, wants_stream
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Reply, Request


@defect("guesses-token-count", "MSG-13", "MSG-61", "FALL-19")
class GuessesTokenCount(BentAnswer):
    """count_tokens is answered with a guess from the body's length."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        if set(body) == {"input_tokens"}:
            body["input_tokens"] = 400


@defect(
    "normalises-stop-reason",
    *"""
        MSG-20 MSG-21 MSG-32 MSG-50 MSG-53 MSG-54 MSG-57 MSG-59 MSG-60 MSG-65 MSG-67
    """.split(),
)
class NormalisesStopReason(BentAnswer):
    """Whole answers are squeezed into another schema: stop reasons and tool inputs change."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        if "stop_reason" in body:
            body["stop_reason"] = "stop"
        for block in body.get("content", []):
            if "input" in block:
                block["input"] = json.dumps(block["input"])


@defect("obeys-accept", "MSG-22")
class ObeysAccept(BentRequest):
    """An Accept header for events makes a stream of every answer."""

    def forwarded_body(self, request: Request) -> bytes:
        if "event-stream" not in (request.header("accept") or ""):
            return request.body
        return super().forwarded_body(request)

    def change_request(self, body: dict[str, Any]) -> None:
        body["stream"] = True


@defect("forgets-content-encoding", "MSG-23", "STREAM-53", "ERR-31", "PASS-21")
class ForgetsContentEncoding(ReferenceGateway):
    """Compressed answers lose the header that says so."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        return [(k, v) for k, v in super().relayed_headers(response) if k != "content-encoding"]


@defect("caches-answers", "SEC-02", "MSG-25", "SEC-03")
class CachesAnswers(ReferenceGateway):
    """The same body is answered from a cache."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._kept: dict[bytes, tuple[int, Headers, bytes]] = {}

    async def forward(self, request: Request, reply: Reply) -> None:
        kept = self._kept.get(request.path.encode() + request.body)
        if kept is not None:
            status, headers, body = kept
            headers = [
                (k, v) for k, v in headers if k not in ("content-length", "transfer-encoding")
            ]
            await reply.answer(status, headers, body)
            return
        await super().forward(request, reply)

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        self._whole: list[bytes] = []
        await super().relay(request, response, reply)
        if response.status_code == 200 and not response.headers.get("content-encoding"):
            key = request.path.encode() + request.body
            self._kept[key] = (200, self.relayed_headers(response), b"".join(self._whole))

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        whole = self._whole
        async for piece in super().pieces(request, response):
            whole.append(piece)
            yield piece


@defect("loses-cache-counts", "MSG-20", "MSG-58")
class LosesCacheCounts(BentAnswer):
    """The counts of cached tokens are missing in whole answers."""

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        if isinstance(body.get("usage"), dict):
            body["usage"] = {k: v for k, v in body["usage"].items() if "cache" not in k}


@defect("completes-cut-answers", "MSG-26")
class CompletesCutAnswers(ReferenceGateway):
    """What came of a whole answer before the provider broke off is passed on as if it were all."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        if response.headers.get("content-type") != "application/json":
            return headers
        return [(k, v) for k, v in headers if k != "content-length"]

    async def broken_off(self, request: Request, reply: Reply) -> None:
        if wants_stream(request):
            await super().broken_off(request, reply)
            return
        await reply.end()
