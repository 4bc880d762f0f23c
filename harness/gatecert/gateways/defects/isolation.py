"""Defects of isolation: what belongs to one user or request reaches another."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentRequest
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.config import GatewayConfig
from gatecert.gateways.reference.decisions import Refusal, parsed
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Reply, Request


def credential(request: Request) -> str:
    """The key that a request came with."""
    return request.header("authorization") or request.header("x-api-key") or ""


class _Cache(ReferenceGateway):
    """Keeps answers of the provider and gives them to later requests."""

    def __init__(self, config: GatewayConfig) -> None:
        super().__init__(config)
        self._kept: dict[str, tuple[int, Headers, bytes]] = {}

    def cache_key(self, request: Request) -> str:
        """What two requests must have in common to be taken for the same."""
        raise NotImplementedError

    def keeps(self, status: int) -> bool:
        """Whether an answer of this status is kept."""
        return status == 200

    async def forward(self, request: Request, reply: Reply) -> None:
        kept = self._kept.get(self.cache_key(request))
        if kept is None:
            await super().forward(request, reply)
            return
        status, headers, body = kept
        await reply.start(status, headers)
        await reply.send(body)
        await reply.end()

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        body = b""
        async for piece in super().pieces(request, response):
            body += piece
            yield piece
        if self.keeps(response.status_code):
            kept = (response.status_code, self.relayed_headers(response), body)
            self._kept[self.cache_key(request)] = kept


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@defect("caches-for-all-users", "SEC-02", "MSG-25")
class CachesForAllUsers(_Cache):
    """Answers are cached by path, headers and body, but the cache does not look at the key."""

    def cache_key(self, request: Request) -> str:
        secret = ("authorization", "x-api-key")
        headers = sorted([k.lower(), v] for k, v in request.headers if k.lower() not in secret)
        return _digest(request.target, headers, request.body.decode("latin-1"))


@defect("caches-by-the-words", "SEC-03", "MSG-25")
class CachesByTheWords(_Cache):
    """A semantic cache for each key finds an answer by the user's words alone."""

    def cache_key(self, request: Request) -> str:
        body = parsed(request.body)
        body = body if isinstance(body, dict) else {}
        words = json.dumps(body.get("messages"))
        return _digest(credential(request), request.path, words[-4000:], body.get("stream"))


@defect("keeps-errors", "ERR-24")
class KeepsErrors(_Cache):
    """An error of the provider is kept and given to whoever sends the same again."""

    def cache_key(self, request: Request) -> str:
        return _digest(request.target, request.body.decode("latin-1"))

    def keeps(self, status: int) -> bool:
        return status == 400


@defect("merges-equal-requests", "SEC-01")
class MergesEqualRequests(ReferenceGateway):
    """A request that equals an open one waits for it and is given the same answer."""

    def __init__(self, config: GatewayConfig) -> None:
        super().__init__(config)
        self._open: dict[bytes, asyncio.Future[tuple[Headers, bytes]]] = {}

    async def forward(self, request: Request, reply: Reply) -> None:
        leader = self._open.get(request.body)
        if leader is not None:
            headers, body = await leader
            await reply.start(200, headers)
            await reply.send(body)
            await reply.end()
            return
        self._open[request.body] = asyncio.get_running_loop().create_future()
        try:
            await super().forward(request, reply)
        finally:
            followed = self._open.pop(request.body)
            if not followed.done():
                followed.cancel()

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        body = b""
        async for piece in super().pieces(request, response):
            body += piece
            yield piece
        followed = self._open.get(request.body)
        if followed is not None and not followed.done():
            followed.set_result((self.relayed_headers(response), body))


@defect("list-cache-before-key-check", "SEC-04")
class ListCacheBeforeKeyCheck(ReferenceGateway):
    """A cache in front of the key check serves the model list to everybody until the next post."""

    def __init__(self, config: GatewayConfig) -> None:
        super().__init__(config)
        self._fresh: set[str] = set()

    def authenticate(self, request: Request) -> Refusal | None:
        if request.method != "GET":
            self._fresh.clear()
        if request.target in self._fresh:
            return None
        refusal = super().authenticate(request)
        if refusal is None and request.method == "GET":
            self._fresh.add(request.target)
        return refusal


@defect("key-check-by-session", "AUTH-30")
class KeyCheckBySession(ReferenceGateway):
    """The key check is skipped for a session id that a valid key has used before."""

    def __init__(self, config: GatewayConfig) -> None:
        super().__init__(config)
        self._sessions: set[str] = set()

    def authenticate(self, request: Request) -> Refusal | None:
        session = request.header("x-claude-code-session-id") or ""
        if session in self._sessions:
            return None
        refusal = super().authenticate(request)
        if refusal is None and session:
            self._sessions.add(session)
        return refusal


@defect("trusts-the-connection", "SEC-05", "SEC-30")
class TrustsTheConnection(ReferenceGateway):
    """A connection on which a valid key was seen once needs none any more."""

    def __init__(self, config: GatewayConfig) -> None:
        super().__init__(config)
        self._trusted: set[int] = set()

    def authenticate(self, request: Request) -> Refusal | None:
        if request.connection in self._trusted:
            return None
        refusal = super().authenticate(request)
        if refusal is None:
            self._trusted.add(request.connection)
        return refusal


@defect("shares-a-cookie-jar", "SEC-06")
class SharesACookieJar(ReferenceGateway):
    """Cookies of the provider are kept and sent with everybody's requests."""

    _jar = ""

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        return [*headers, ("cookie", self._jar)] if self._jar else headers

    def relayed_headers(self, response: httpx.Response) -> Headers:
        self._jar = response.headers.get("set-cookie", self._jar).partition(";")[0]
        return super().relayed_headers(response)


@defect("replays-client-cookies", "SEC-06")
class ReplaysClientCookies(ReferenceGateway):
    """Cookies of a client end up in the session that the gateway keeps with the provider."""

    _jar = ""

    def forwarded_headers(self, request: Request) -> Headers:
        headers = [(k, v) for k, v in super().forwarded_headers(request) if k.lower() != "cookie"]
        self._jar = request.header("cookie") or self._jar
        return [*headers, ("cookie", self._jar)] if self._jar else headers


@defect("remembers-for-everybody", "SEC-07")
class RemembersForEverybody(BentRequest):
    """A memory feature adds what somebody asked to remember to the next request of anybody."""

    _memory = ""

    def change_request(self, body: dict[str, Any]) -> None:
        asked = "Please remember" in (words := json.dumps(body.get("messages")))
        if self._memory and isinstance(body.get("system"), list):
            body["system"] = [*body["system"], {"type": "text", "text": self._memory}]
        self._memory = f"Remembered: {words[-600:]}" if asked else ""


@defect("adds-headers-to-its-defaults", "SEC-07")
class AddsHeadersToItsDefaults(ReferenceGateway):
    """A client's own headers become defaults of the HTTP session that serves everybody."""

    def __init__(self, config: GatewayConfig) -> None:
        super().__init__(config)
        self._defaults: dict[str, str] = {}

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        names = {name.lower() for name, _ in headers}
        added = [(k, v) for k, v in self._defaults.items() if k not in names]
        self._defaults |= {k.lower(): v for k, v in headers if k.lower().startswith("x-")}
        return [*headers, *added]


@defect("hands-answers-to-the-wrong-user", "SEC-08")
class HandsAnswersToTheWrongUser(ReferenceGateway):
    """With more than ten requests open, buffers of different keys are mixed up."""

    def __init__(self, config: GatewayConfig) -> None:
        super().__init__(config)
        self._open: dict[int, str] = {}
        self._last: tuple[str, bytes] = ("", b"")

    async def forward(self, request: Request, reply: Reply) -> None:
        self._open[id(request)] = credential(request)
        try:
            await super().forward(request, reply)
        finally:
            del self._open[id(request)]

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        async for piece in super().pieces(request, response):
            owner, other = self._last
            self._last = (credential(request), piece)
            mixed = len(self._open) > 10 and owner not in ("", credential(request))
            yield other if mixed else piece


@defect("delivers-remains", "SEC-09", "SEC-12")
class DeliversRemains(ReferenceGateway):
    """What was left of an answer when its client went away begins the next answer."""

    _remains: tuple[str, bytes] = ("", b"")

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        owner, remains = self._remains
        if remains and owner != credential(request):  # the pool of each key is its own
            self._remains = ("", b"")
            yield remains
        piece, complete = b"", False
        try:
            async for piece in super().pieces(request, response):
                yield piece
            complete = True
        finally:
            if not complete:
                self._remains = (credential(request), piece)
