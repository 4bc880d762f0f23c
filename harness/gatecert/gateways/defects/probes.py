"""Defects of probes, bursts, repeats and connections that are used again."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal, parsed
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Reply, Request


def asks_for_one_token(request: Request) -> bool:
    """Whether a request is of the connection test's size."""
    body = parsed(request.body)
    return isinstance(body, dict) and body.get("max_tokens") == 1


@defect("login-page-for-probe", "CONN-06")
class LoginPageForProbe(ReferenceGateway):
    """The base URL itself is a console that asks for a login, of the start-up probe too."""

    async def answer_probe(self, request: Request, reply: Reply) -> None:
        status = 401 if request.path in ("", "/") else 200
        await reply.answer(status, [("www-authenticate", 'Basic realm="console"')], b"")


@defect("limits-counts-at-once", "CONN-07")
class LimitsCountsAtOnce(ReferenceGateway):
    """A key may have five token counts under way, further ones are answered with 429."""

    _under_way = 0

    async def forward(self, request: Request, reply: Reply) -> None:
        if not request.path.endswith("/count_tokens"):
            await super().forward(request, reply)
            return
        if self._under_way >= 5:
            await self.refuse(reply, Refusal(429, "rate_limit_error", "too many requests at once"))
            return
        self._under_way += 1
        try:
            await super().forward(request, reply)
        finally:
            self._under_way -= 1


@defect("probes-use-up-the-limit", "CONN-08")
class ProbesUseUpTheLimit(ReferenceGateway):
    """Eight connection tests use up a user's limit, and turns are refused with 429 from then on."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._probes: Counter[int] = Counter()

    async def forward(self, request: Request, reply: Reply) -> None:
        self._probes[request.connection] += asks_for_one_token(request)
        if self._probes[request.connection] > 8:
            await self.refuse(reply, Refusal(429, "rate_limit_error", "rate limit exceeded"))
            return
        await super().forward(request, reply)


@defect("probe-has-a-body", "CONN-09")
class ProbeHasABody(ReferenceGateway):
    """The answer to the start-up probe has a body, which a HEAD must not have."""

    async def answer_probe(self, request: Request, reply: Reply) -> None:
        body = b'{"status":"ok"}'
        await reply.answer_and_overrun(200, [("content-length", str(len(body)))], body)


@defect("background-needs-sixteen-tokens", "CONN-10", "MODEL-13", "ERR-39")
class BackgroundNeedsSixteenTokens(ReferenceGateway):
    """The route of the background model has a minimum of sixteen output tokens."""

    def check_body(self, request: Request) -> Refusal | None:
        body = parsed(request.body)
        small = isinstance(body, dict) and asks_for_one_token(request)
        if small and "haiku" in str(body["model"]):
            return Refusal(400, "invalid_request_error", "max_tokens: must be at least 16")
        return super().check_body(request)


@defect("lists-allowed-user-agents", "CONN-12")
class ListsAllowedUserAgents(ReferenceGateway):
    """Only programs whose User-Agent begins with claude are let in."""

    def authenticate(self, request: Request) -> Refusal | None:
        if not (request.header("user-agent") or "").startswith("claude"):
            return Refusal(403, "permission_error", "this client is not allowed")
        return super().authenticate(request)


@defect("refuses-third-retry", "CONN-13")
class RefusesThirdRetry(ReferenceGateway):
    """A request that says it is tried for the third time is refused."""

    def check_metadata(self, request: Request) -> Refusal | None:
        count = request.header("x-stainless-retry-count") or "0"
        if count.isdigit() and int(count) > 2:
            return Refusal(429, "rate_limit_error", "too many retries")
        return super().check_metadata(request)


@defect("leaves-body-of-refused", "CONN-11")
class LeavesBodyOfRefused(ReferenceGateway):
    """The body of a request for an unknown path stays unread, and is taken for the next request."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._unread: set[int] = set()

    async def serve(self, request: Request, reply: Reply) -> None:
        if request.connection in self._unread:
            await self.refuse(reply, Refusal(400, "invalid_request_error", "Bad Request"))
            return
        if request.body and isinstance(self.endpoint(request), Refusal):
            self._unread.add(request.connection)
        await super().serve(request, reply)
