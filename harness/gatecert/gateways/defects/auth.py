"""Defects of the key check."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import httpx

from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.config import KeyRecord
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway, Route
from gatecert.wire import Headers, Reply, Request


@defect(
    "accepts-any-key",
    *"""
        AUTH-03 AUTH-05 AUTH-06 AUTH-07 AUTH-08 AUTH-09 AUTH-10 AUTH-11 AUTH-15 AUTH-17
        AUTH-18 AUTH-20 AUTH-30 AUTH-31 AUTH-33 AUTH-34 AUTH-35 AUTH-38 SEC-05 AUTH-41
        AUTH-42 AUTH-43
    """.split(),
)
class AcceptsAnyKey(ReferenceGateway):
    """Any key opens the gateway."""

    def judge_key(self, key: str) -> Refusal | None:
        return None


@defect("needs-no-key", "AUTH-04", "AUTH-19", "AUTH-24", "AUTH-25")
class NeedsNoKey(ReferenceGateway):
    """A request without a key is let in."""

    def authenticate(self, request: Request) -> Refusal | None:
        return super().authenticate(request) if self.credentials(request) else None


@defect("expired-keys-work", "AUTH-05")
class ExpiredKeysWork(ReferenceGateway):
    """The expiry of a key is not looked at."""

    def key_record(self, key: str) -> KeyRecord | None:
        record = super().key_record(key)
        return replace(record, state="active") if record and record.state == "expired" else record


@defect("revoked-keys-work", "AUTH-17")
class RevokedKeysWork(ReferenceGateway):
    """A revoked key lives on in the gateway's cache."""

    def key_record(self, key: str) -> KeyRecord | None:
        record = super().key_record(key)
        return replace(record, state="active") if record and record.state == "revoked" else record


@defect("ignores-workspace", "AUTH-06")
class IgnoresWorkspace(ReferenceGateway):
    """A key of any workspace opens every workspace."""

    def key_record(self, key: str) -> KeyRecord | None:
        record = super().key_record(key)
        return KeyRecord(state=record.state) if record else None


@defect("compares-key-prefix", "AUTH-07")
class ComparesKeyPrefix(ReferenceGateway):
    """A key is accepted by its first twenty characters."""

    def key_record(self, key: str) -> KeyRecord | None:
        for known, record in self.config.keys.items():
            if known[:20] == key[:20]:
                return record
        return None


@defect("compares-keys-without-case", "AUTH-07")
class ComparesKeysWithoutCase(ReferenceGateway):
    """Keys are compared without regard to case, as some databases do."""

    def key_record(self, key: str) -> KeyRecord | None:
        by_lower = {known.lower(): record for known, record in self.config.keys.items()}
        return by_lower.get(key.lower())


@defect("bearer-only", "AUTH-02", "AUTH-27", "AUTH-28")
class BearerOnly(ReferenceGateway):
    """The x-api-key header is not read."""

    def credentials(self, request: Request) -> list[str]:
        bearer = request.header("authorization")
        return super().credentials(request) if bearer else []


@defect("plain-text-401", "AUTH-08")
class PlainText401(ReferenceGateway):
    """A wrong key is refused with a line of text instead of JSON."""

    def refusal_body(self, refusal: Refusal, request_id: str) -> bytes:
        if refusal.status == 401:
            return b"Unauthorized\n"
        return super().refusal_body(refusal, request_id)


@defect("bare-401", "AUTH-09")
class Bare401(ReferenceGateway):
    """A wrong key is refused in a way that the client retries for three minutes."""

    def key_refusal(self, message: str) -> Refusal:
        return Refusal(401, "authentication_error", message)


@defect("echoes-key", "AUTH-10", "AUTH-41", "AUTH-42", "AUTH-43")
class EchoesKey(ReferenceGateway):
    """The refusal quotes the offending key."""

    def judge_key(self, key: str) -> Refusal | None:
        refusal = super().judge_key(key)
        return refusal and self.key_refusal(f"invalid API key {key!r}")


@defect("checks-key-late", "AUTH-11", "SEC-30")
class ChecksKeyLate(ReferenceGateway):
    """The provider is called before the key is checked."""

    async def refuse(self, reply: Reply, refusal: Refusal) -> None:
        if refusal.status == 401 and self._refused is not None:
            route = Route("primary", self.config.providers["primary"])
            with contextlib.suppress(httpx.HTTPError):
                async with self.open(self._refused, route) as response:
                    await response.aread()
        await super().refuse(reply, refusal)

    _refused: Request | None = None

    def authenticate(self, request: Request) -> Refusal | None:
        refusal = super().authenticate(request)
        self._refused = request if refusal and request.method == "POST" else None
        return refusal


@defect("passes-client-key", "AUTH-12", "FALL-12", "SEC-54", "FALL-29")
class PassesClientKey(ReferenceGateway):
    """The client's Authorization goes on to the provider beside the provider's key."""

    def forwarded_headers(self, request: Request) -> Headers:
        credential = request.header("authorization")
        extra = [("Authorization", credential)] if credential else []
        return [*super().forwarded_headers(request), *extra]


@defect("refuses-both-headers", "AUTH-13", "AUTH-21", "AUTH-22", "AUTH-27")
class RefusesBothHeaders(ReferenceGateway):
    """A request with both credential headers is refused."""

    def authenticate(self, request: Request) -> Refusal | None:
        if len(self.credentials(request)) > 1:
            return self.key_refusal("use either Authorization or x-api-key")
        return super().authenticate(request)


@defect("case-sensitive-scheme", "AUTH-14")
class CaseSensitiveScheme(ReferenceGateway):
    """Only Bearer with a capital letter is understood."""

    def credentials(self, request: Request) -> list[str]:
        if (request.header("authorization") or "Bearer ").startswith("Bearer "):
            return super().credentials(request)
        return []


@defect("open-discovery", "AUTH-15")
class OpenDiscovery(ReferenceGateway):
    """The model list is served to whoever asks."""

    def authenticate(self, request: Request) -> Refusal | None:
        return None if request.method == "GET" else super().authenticate(request)


@defect("proxies-discovery", "AUTH-16")
class ProxiesDiscovery(ReferenceGateway):
    """The model list is fetched from the provider with the client's own headers."""

    async def answer_models(self, request: Request, reply: Reply) -> None:
        credential = request.header("authorization") or request.header("x-api-key") or ""
        headers = [*request.headers, ("x-client-key", credential)]
        route = Route("primary", self.config.providers["primary"])
        async with self.open(replace(request, headers=headers), route) as response:
            await self.relay(request, response, reply)


@defect("trusts-x-api-key", "AUTH-07", "AUTH-18")
class TrustsXApiKey(ReferenceGateway):
    """Whatever stands in x-api-key opens the gateway; only the bearer key is looked up."""

    def authenticate(self, request: Request) -> Refusal | None:
        trusted = request.header("x-api-key") and not request.header("authorization")
        return None if trusted else super().authenticate(request)


@defect("empty-bearer-opens", "AUTH-19")
class EmptyBearerOpens(ReferenceGateway):
    """An Authorization header without a token counts as a key."""

    def authenticate(self, request: Request) -> Refusal | None:
        empty = (request.header("authorization") or "").strip() == "Bearer"
        return None if empty else super().authenticate(request)


@defect("open-count-tokens", "AUTH-20")
class OpenCountTokens(ReferenceGateway):
    """count_tokens is served to whoever asks."""

    def authenticate(self, request: Request) -> Refusal | None:
        return None if "count_tokens" in request.path else super().authenticate(request)


@defect("passes-x-api-key-on", "AUTH-12", "AUTH-23")
class PassesXApiKeyOn(ReferenceGateway):
    """A key that came in x-api-key goes on to the provider under another name."""

    def forwarded_headers(self, request: Request) -> Headers:
        key = request.header("x-api-key")
        return [*super().forwarded_headers(request), *([("x-client-key", key)] if key else [])]


@defect("counts-with-client-key", "AUTH-12")
class CountsWithClientKey(ReferenceGateway):
    """Token counts are asked for with the client's own credential."""

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        credential = request.header("authorization")
        if credential and "count_tokens" in request.path:
            headers.append(("Authorization", credential))
        return headers


@defect("echoes-key-tail", "AUTH-10", "AUTH-41", "AUTH-42", "AUTH-43")
class EchoesKeyTail(ReferenceGateway):
    """The refusal quotes the offending key but for its first eight characters."""

    def judge_key(self, key: str) -> Refusal | None:
        refusal = super().judge_key(key)
        return refusal and self.key_refusal(f"invalid API key ********{key[8:]}")


@defect(
    "calls-provider-after-refusal",
    *"AUTH-11 SEC-30 AUTH-41 AUTH-42 AUTH-43".split(),
)
class CallsProviderAfterRefusal(ReferenceGateway):
    """The request is refused, and sent to the provider all the same, a moment later."""

    def authenticate(self, request: Request) -> Refusal | None:
        refusal = super().authenticate(request)
        if refusal and request.method == "POST":
            self._later = asyncio.ensure_future(self._send_later(request))
        return refusal

    async def _send_later(self, request: Request) -> None:
        await asyncio.sleep(0.05)
        route = Route("primary", self.config.providers["primary"])
        with contextlib.suppress(httpx.HTTPError):
            async with self.open(request, route) as response:
                await response.aread()
