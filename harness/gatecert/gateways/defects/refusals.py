"""Defects of how a key is refused, and of what a refusal leaves behind."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections import Counter
from typing import Any

import httpx

from gatecert.gateways.defects.bending import wants_stream
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.config import KeyRecord
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Reply, Request

_LARGE = 1_000_000


class _RefusesAnotherWay(ReferenceGateway):
    """Gives some refusals of a key in another way than the reference does."""

    def concerns(self, request: Request) -> bool:
        raise NotImplementedError

    async def refuse_so(self, request: Request, reply: Reply) -> None:
        raise NotImplementedError

    async def serve(self, request: Request, reply: Reply) -> None:
        if self.concerns(request) and self.authenticate(request):
            await self.refuse_so(request, reply)
            return
        await super().serve(request, reply)


@defect("refuses-streams-by-event", "AUTH-31", "AUTH-41", "AUTH-42", "AUTH-43")
class RefusesStreamsByEvent(_RefusesAnotherWay):
    """A streamed turn with a wrong key is answered 200, with an error event."""

    def concerns(self, request: Request) -> bool:
        return wants_stream(request)

    async def refuse_so(self, request: Request, reply: Reply) -> None:
        error = {"type": "authentication_error", "message": "invalid API key"}
        data = json.dumps({"type": "error", "error": error})
        body = f"event: error\ndata: {data}\n\n".encode()
        await reply.answer(200, [("content-type", "text/event-stream")], body)


@defect("compares-masked-keys", "AUTH-33")
class ComparesMaskedKeys(ReferenceGateway):
    """Keys are found by their length, their first twelve and their last four characters."""

    def key_record(self, key: str) -> KeyRecord | None:
        def masked(text: str) -> tuple[int, str, str]:
            return len(text), text[:12], text[-4:]

        known = {masked(one): record for one, record in self.config.keys.items()}
        return known.get(masked(key))


@defect("locks-out-after-wrong-keys", "AUTH-34")
class LocksOutAfterWrongKeys(ReferenceGateway):
    """Ten wrong keys lock a user out, with the right key too."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._wrong: Counter[int] = Counter()

    def authenticate(self, request: Request) -> Refusal | None:
        refusal = super().authenticate(request)
        self._wrong[request.connection] += refusal is not None
        if self._wrong[request.connection] > 10:
            return self.key_refusal("too many failed attempts; try again in an hour")
        return refusal


@defect("resets-large-refused", "AUTH-35")
class ResetsLargeRefused(_RefusesAnotherWay):
    """A large request is refused while its body comes, and the connection reset over the answer."""

    def concerns(self, request: Request) -> bool:
        return len(request.body) > _LARGE

    async def refuse_so(self, request: Request, reply: Reply) -> None:
        reply.abort(reset=True)


@defect("fails-on-three-words", "AUTH-36")
class FailsOnThreeWords(ReferenceGateway):
    """An Authorization header that is not made of two words ends in a server error."""

    def authenticate(self, request: Request) -> Refusal | None:
        value = (request.header("authorization") or "").strip()
        if value not in ("", "Bearer") and len(value.split(" ")) != 2 and "  " not in value:
            return Refusal(500, "api_error", "Internal server error")
        return super().authenticate(request)


@defect("believes-any-token", "AUTH-38")
class BelievesAnyToken(ReferenceGateway):
    """Identity tokens are decoded and believed; signature and issuer are not checked."""

    def key_record(self, key: str) -> KeyRecord | None:
        try:
            claims = json.loads(urlsafe_b64decode(key.split(".")[1] + "=="))
        except (IndexError, ValueError):
            return super().key_record(key)
        return KeyRecord() if "sub" in claims else None


@defect("names-consumer-by-key", "AUTH-37")
class NamesConsumerByKey(ReferenceGateway):
    """Answers carry the consumer's name in a header, and the name is the key."""

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        self._consumer = (self.credentials(request) or [""])[0]
        await super().relay(request, response, reply)

    _consumer = ""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        return [*super().relayed_headers(response), ("x-consumer-username", self._consumer)]


@defect("preflight-echoes-headers", "AUTH-37")
class PreflightEchoesHeaders(ReferenceGateway):
    """OPTIONS is answered with whatever headers came, as debugging aids for browsers do."""

    async def serve(self, request: Request, reply: Reply) -> None:
        if request.method != "OPTIONS":
            await super().serve(request, reply)
            return
        body = json.dumps(dict(request.headers)).encode()
        await reply.answer(200, [("content-type", "application/json")], body)
