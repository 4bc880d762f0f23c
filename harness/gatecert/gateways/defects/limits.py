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
