"""Defects that show while a provider fails: what the fallback matrix must notice."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentForBackup, edited, wants_stream
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway, Route, asked_model
from gatecert.wire import Headers, Reply, Request

_COOL_DOWN_S = 1.0
_HEDGE_S = 0.15


@defect("no-fallback-on-429", "FALL-16", "FALL-19", "FALL-20")
class NoFallbackOn429(ReferenceGateway):
    """A rate limit of the primary does not trigger the fallback."""

    def falls_back_on(self, status: int) -> bool:
        return status != 429 and super().falls_back_on(status)


@defect("waits-for-the-primary-for-ever", "FALL-17", "FALL-19", "FALL-20")
class WaitsForThePrimary(ReferenceGateway):
    """The limit for the first byte of the primary's answer is not kept."""

    def patience_ms(self, request: Request, route: Route) -> float | None:
        return None


@defect("no-fallback-when-reset", "FALL-18", "FALL-19", "FALL-20")
class NoFallbackWhenReset(ReferenceGateway):
    """A primary that resets the connection ends the request."""

    @contextlib.asynccontextmanager
    async def open(self, request: Request, route: Route) -> AsyncIterator[httpx.Response]:
        try:
            async with super().open(request, route) as response:
                yield response
        except httpx.ReadError as exc:
            if route.name != "primary" or self._begun:
                raise
            raise _Reset from exc

    _begun = False

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        self._begun = True
        try:
            await super().relay(request, response, reply)
        finally:
            self._begun = False

    async def forward(self, request: Request, reply: Reply) -> None:
        try:
            await super().forward(request, reply)
        except _Reset:
            await self.refuse(reply, Refusal(502, "api_error", "The provider reset the connection"))


class _Reset(Exception):
    """The primary reset the connection."""


@defect("no-fallback-for-counts", "FALL-19")
class NoFallbackForCounts(ReferenceGateway):
    """Token counts have no fallback."""

    def routes(self, request: Request) -> list[Route]:
        routes = super().routes(request)
        return routes[:1] if request.path.endswith("/count_tokens") else routes


class _OtherHistory(BentForBackup):
    """Sends the backup another history than the primary."""

    def instead(self, request: Request) -> Request:
        return replace(request, body=edited(request.body, self._change))

    def _change(self, body: dict[str, Any]) -> None:
        for message in body.get("messages", []):
            if isinstance(message.get("content"), list):
                message["content"] = self.blocks(message["content"])

    def blocks(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What becomes of the blocks of one message."""
        raise NotImplementedError


@defect("backup-forgets-thoughts", "FALL-20")
class BackupForgetsThoughts(_OtherHistory):
    """The fallback route removes thinking from the history, which its provider did not write."""

    def blocks(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [block for block in blocks if block.get("type") != "thinking"]


@defect("backup-gets-texts-only", "FALL-20")
class BackupGetsTextsOnly(_OtherHistory):
    """The fallback route speaks another dialect, in which tools of the history become text."""

    def blocks(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [_as_text(block) for block in blocks]


def _as_text(block: dict[str, Any]) -> dict[str, Any]:
    return block if block.get("type") == "text" else {"type": "text", "text": json.dumps(block)}


@defect("answers-with-whatever-came", "FALL-21", "ERR-43")
class AnswersWithWhateverCame(ReferenceGateway):
    """What is no JSON in a 200 becomes the text of an answer, so that clients need not fail."""

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        kind = response.headers.get("content-type", "")
        if response.status_code != 200 or "html" not in kind or wants_stream(request):
            await super().relay(request, response, reply)
            return
        text = (await response.aread()).decode("utf-8", "replace")
        content = [{"type": "text", "text": text}]
        answer = {"type": "message", "role": "assistant", "content": content, "usage": {}}
        body = json.dumps({**answer, "stop_reason": "end_turn"}).encode()
        await reply.answer(200, [("content-type", "application/json")], body)


@defect("goes-on-after-an-error-event", "FALL-22")
class GoesOnAfterAnErrorEvent(ReferenceGateway):
    """An error event is replaced by the backup's whole stream, behind what has been sent."""

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        primary = not response.url.path.startswith("/backup")
        async for piece in super().pieces(request, response):
            if primary and b"event: error" in piece and response.status_code == 200:
                yield piece.partition(b"event: error")[0]
                route = Route("backup", self.config.providers["backup"])
                async with self.open(request, route) as second:
                    async for further in second.aiter_raw():
                        yield further
                return
            yield piece


@defect("asks-each-provider-three-times", "FALL-23", "FALL-30", "FALL-31")
class AsksEachProviderThreeTimes(ReferenceGateway):
    """Each provider gets three tries before the next one."""

    def routes(self, request: Request) -> list[Route]:
        return [route for route in super().routes(request) for _ in range(3)]


@defect("replays-what-is-too-large", "FALL-24")
class ReplaysWhatIsTooLarge(ReferenceGateway):
    """A 413 is replayed at the backup, whose limit may be another."""

    def falls_back_on(self, status: int) -> bool:
        return status == 413 or super().falls_back_on(status)


@defect("names-the-backup-itself", "FALL-25", "FALL-31")
class NamesTheBackupItself(ReferenceGateway):
    """Answers of the backup name the route instead of the model."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        kept = super().relayed_headers(response)
        return [(k, v) for k, v in kept if k.lower() != "content-length"]

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        asked = json.dumps(asked_model(request)).encode()
        async for piece in super().pieces(request, response):
            backup = response.url.path.startswith("/backup") and response.status_code == 200
            yield piece.replace(asked, b'"backup-route"') if backup else piece


@defect("both-failing-is-a-page", "FALL-26", "ERR-15")
class BothFailingIsAPage(ReferenceGateway):
    """When no provider can be reached, the gateway shows a page for browsers."""

    async def refuse(self, reply: Reply, refusal: Refusal) -> None:
        if refusal.status == 502:
            page = b"<html><body><h1>Bad Gateway</h1></body></html>"
            await reply.answer(502, [("content-type", "text/html")], page)
            return
        await super().refuse(reply, refusal)


@defect("hedges-slow-requests", "FALL-27")
class HedgesSlowRequests(ReferenceGateway):
    """A primary that takes its time is given up for the backup, as if it were dead."""

    def patience_ms(self, request: Request, route: Route) -> float | None:
        usual = super().patience_ms(request, route)
        count = request.path.endswith("/count_tokens")
        return _HEDGE_S * 1000 if usual is None and count and route.name == "primary" else usual


@defect("no-patience-with-the-backup", "FALL-27", "FALL-19")
class NoPatienceWithTheBackup(ReferenceGateway):
    """The backup has a shorter limit than the primary."""

    def patience_ms(self, request: Request, route: Route) -> float | None:
        short = route.name == "backup" and not wants_stream(request)
        return _HEDGE_S * 1000 if short else super().patience_ms(request, route)


@defect("cool-down-refuses-everybody", "FALL-28", "ERR-16")
class CoolDownRefusesEverybody(ReferenceGateway):
    """After both providers have refused a turn, nothing is served for a second."""

    _until = 0.0

    def check_body(self, request: Request) -> Refusal | None:
        if time.monotonic() < self._until:
            return Refusal(429, "rate_limit_error", "No provider is available; try again later")
        return super().check_body(request)

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        if response.url.path.startswith("/backup") and response.status_code == 529:
            self._until = time.monotonic() + _COOL_DOWN_S
        await super().relay(request, response, reply)


@defect("shows-the-backup-both-keys", "FALL-29")
class ShowsTheBackupBothKeys(ReferenceGateway):
    """The header list of the first provider, with its key, is kept for the backup."""

    @contextlib.asynccontextmanager
    async def open(self, request: Request, route: Route) -> AsyncIterator[httpx.Response]:
        if route.name == "backup":
            bearer = ("Authorization", f"Bearer {self.config.provider_keys['primary']}")
            self._further = [bearer]
        async with super().open(request, route) as response:
            yield response

    _further: Headers | None = None

    def forwarded_headers(self, request: Request) -> Headers:
        further, self._further = self._further or [], None
        return [*super().forwarded_headers(request), *further]


@defect("retries-with-the-client", "FALL-30")
class RetriesWithTheClient(ReferenceGateway):
    """The oftener a client repeats a request, the oftener each provider is asked."""

    _times = 0
    _body = b""

    def routes(self, request: Request) -> list[Route]:
        self._times = self._times + 1 if request.body == self._body else 1
        self._body = request.body
        return [route for route in super().routes(request) for _ in range(min(self._times, 5))]


@defect("believes-the-primary-dead", "FALL-31")
class BelievesThePrimaryDead(ReferenceGateway):
    """After a failure of the primary the next two turns go to the backup, and to nobody else."""

    _left = 0

    def routes(self, request: Request) -> list[Route]:
        routes = super().routes(request)
        if self._left and len(routes) > 1:
            self._left -= 1
            return routes[1:]
        return routes

    def falls_back_on(self, status: int) -> bool:
        falls = super().falls_back_on(status)
        self._left = 2 if falls else self._left
        return falls
