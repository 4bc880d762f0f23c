"""Defects of budgets, limits and policies on keys that are good."""

from __future__ import annotations

import contextlib

import httpx

from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway, Route
from gatecert.wire import Reply, Request


class _OtherRefusal(ReferenceGateway):
    """Refuses keys of one state in another way."""

    state = ""

    def refused_key(self, state: str) -> Refusal:
        usual = super().refused_key(state)
        return self.instead(usual) if state == self.state else usual

    def instead(self, usual: Refusal) -> Refusal:
        """The other refusal."""
        raise NotImplementedError


@defect("spent-key-is-429", "AUTH-41")
class SpentBudgetIs429(_OtherRefusal):
    """A spent budget is told as a rate limit, which the client repeats for minutes."""

    state = "spent"

    def instead(self, usual: Refusal) -> Refusal:
        return Refusal(429, "rate_limit_error", usual.message)


@defect("spent-key-is-500", "AUTH-41")
class SpentBudgetIs500(_OtherRefusal):
    """A spent budget is an exception in the gateway."""

    state = "spent"

    def instead(self, usual: Refusal) -> Refusal:
        return Refusal(500, "api_error", "BudgetExceeded")


@defect("spent-key-without-words", "AUTH-41")
class SpentBudgetWithoutWords(_OtherRefusal):
    """A spent budget is refused without a message."""

    state = "spent"

    def instead(self, usual: Refusal) -> Refusal:
        return Refusal(402, "billing_error", "", usual.headers)


@defect("limit-without-retry-after", "AUTH-42")
class LimitWithoutRetryAfter(_OtherRefusal):
    """A rate limit does not say when to come back."""

    state = "limited"

    def instead(self, usual: Refusal) -> Refusal:
        return Refusal(429, usual.kind, usual.message)


@defect("limit-asks-to-come-back-at-once", "AUTH-42")
class LimitAsksToComeBackAtOnce(_OtherRefusal):
    """A rate limit says retry-after: 0."""

    state = "limited"

    def instead(self, usual: Refusal) -> Refusal:
        return Refusal(429, usual.kind, usual.message, (("retry-after", "0"),))


@defect("policy-refusal-is-401", "AUTH-43")
class PolicyRefusalIs401(_OtherRefusal):
    """What a policy forbids is told as a wrong key."""

    state = "forbidden"

    def instead(self, usual: Refusal) -> Refusal:
        return Refusal(401, "authentication_error", usual.message)


@defect("asks-before-the-policy", "AUTH-43")
class AsksBeforeThePolicy(ReferenceGateway):
    """What a policy forbids is known only when the provider has answered."""

    _asks: Request | None = None

    def authenticate(self, request: Request) -> Refusal | None:
        refusal = super().authenticate(request)
        forbidden = refusal is not None and "policy" in refusal.message
        self._asks = request if forbidden and request.method == "POST" else None
        return refusal

    async def refuse(self, reply: Reply, refusal: Refusal) -> None:
        asked, self._asks = self._asks, None
        if asked is not None:
            route = Route("primary", self.config.providers["primary"])
            with contextlib.suppress(httpx.HTTPError):
                async with self.open(asked, route) as response:
                    await response.aread()
        await super().refuse(reply, refusal)


@defect("counts-for-spent-keys", "AUTH-41")
class CountsForSpentKeys(_OtherRefusal):
    """Budgets are looked at for turns alone; tokens are counted for whoever has a key."""

    def authenticate(self, request: Request) -> Refusal | None:
        refusal = super().authenticate(request)
        spent = refusal is not None and refusal.status == 402
        return None if spent and request.path.endswith("/count_tokens") else refusal


@defect("spent-key-may-try-again", "AUTH-41")
class SpentKeyMayTryAgain(_OtherRefusal):
    """A spent budget is refused with x-should-retry: true, as everything of that middleware is."""

    state = "spent"

    def instead(self, usual: Refusal) -> Refusal:
        return Refusal(402, usual.kind, usual.message, (("x-should-retry", "true"),))


@defect("limit-ends-on-a-date", "AUTH-42")
class LimitEndsOnADate(_OtherRefusal):
    """A rate limit says by a date of the past when to come back."""

    state = "limited"

    def instead(self, usual: Refusal) -> Refusal:
        date = (("retry-after", "Tue, 01 Jan 2019 00:00:00 GMT"),)
        return Refusal(429, usual.kind, usual.message, date)


@defect("limits-streams-alone", "AUTH-42")
class LimitsStreamsAlone(_OtherRefusal):
    """The rate limit is told to streamed turns as it should be, and to others as a page."""

    async def refuse(self, reply: Reply, refusal: Refusal) -> None:
        if refusal.status == 429 and self._whole:
            await reply.answer(429, [("content-type", "text/html")], b"<h1>Slow down</h1>")
            return
        await super().refuse(reply, refusal)

    _whole = False

    def authenticate(self, request: Request) -> Refusal | None:
        self._whole = b'"stream":true' not in request.body
        return super().authenticate(request)
