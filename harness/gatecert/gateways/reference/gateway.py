"""The reference gateway, stage by stage.

A request passes: route → authenticate → check metadata → read body → pick provider routes → send →
relay. Each stage is a method with one job, so that a seeded defect overrides exactly one of them
and nothing here has to know of defects. What is decided without I/O is in :mod:`.decisions`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import ssl
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import httpx

from gatecert.gateways.reference.bodies import filled_in, only_fields, told_anew
from gatecert.gateways.reference.config import GatewayConfig
from gatecert.gateways.reference.decisions import Decisions, Refusal, parsed
from gatecert.gateways.reference.log import LOG_PATH, Noted, RequestLog
from gatecert.gateways.reference.tls import Certificates, issued, server_context
from gatecert.wire import ClientGone, Headers, Reply, Request, Server

# httpcore imports sniffio over and over; where it is missing, that searches all folders each time
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]

_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_NOT_FORWARDED = {*_HOP_BY_HOP, "host", "content-length", "authorization", "x-api-key"}
_JSON = ("content-type", "application/json")


@dataclass(frozen=True)
class Route:
    """One provider to try."""

    name: str
    base_url: str


class ReferenceGateway(Decisions):
    """One gateway. Nothing is shared between requests but configuration and connections."""

    def __init__(self, config: GatewayConfig) -> None:
        super().__init__(config)
        self.log = RequestLog(config.log_key)
        self._client = httpx.AsyncClient(
            trust_env=False,
            verify=False,  # noqa: S501 - the provider is on loopback, over plain http
            follow_redirects=False,
            # longer than the client waits for a byte (300 s): who gives up first is the client
            timeout=httpx.Timeout(360, connect=5),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=100),
        )

    async def listen(self, host: str, port: int) -> tuple[str, int]:
        """Start to serve. Raises OSError if the address cannot be had."""
        server = Server(self.serve, max_body_bytes=self.config.max_body_bytes)
        return await server.listen(host, port)

    async def listen_tls(self, host: str) -> tuple[str, bytes]:
        """Serve https as well, on a free port; returns the base URL and the root to trust (PEM).

        Raises NoCertificates and OSError.
        """
        shown = self.certificates()
        server = Server(self.serve, max_body_bytes=self.config.max_body_bytes)
        _, port = await server.listen(host, 0, self.tls_context(shown))
        return f"https://{host}:{port}", shown.root

    def certificates(self) -> Certificates:
        """What the https address shows. Raises NoCertificates."""
        return issued()

    def tls_context(self, shown: Certificates) -> ssl.SSLContext:
        """How the https address speaks TLS."""
        return server_context(shown)

    async def serve(self, request: Request, reply: Reply) -> None:
        """Answer one request, and keep an entry of it in the log."""
        if request.path == LOG_PATH:
            await self.answer_log(request, reply)
            return
        entry = self.log.begin(request, self.logged_metadata(request))
        try:
            await self._work(request, reply)
        finally:
            self.log.end(entry)

    async def _work(self, request: Request, reply: Reply) -> None:
        work = asyncio.ensure_future(self._serve(request, reply))
        gone = asyncio.ensure_future(reply.client_gone.wait())
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not work.done() and self.stops_when_client_leaves():
            work.cancel()
        with contextlib.suppress(ClientGone, asyncio.CancelledError):
            await work

    async def _serve(self, request: Request, reply: Reply) -> None:
        if request.method == "HEAD":
            await self.answer_probe(request, reply)
            return
        endpoint = self.endpoint(request)
        if isinstance(endpoint, Refusal):
            await self.refuse(reply, endpoint)
            return
        refusal = self.authenticate(request) or self.check_metadata(request)
        if refusal is None and endpoint == "models":
            await self.answer_models(request, reply)
            return
        refusal = refusal or self.check_body(request)
        if refusal is not None:
            await self.refuse(reply, refusal)
            return
        await self.forward(request, reply)

    # --- answers of its own -------------------------------------------------------------------

    async def answer_log(self, request: Request, reply: Reply) -> None:
        """The log, for whoever has its key."""
        if not self.log.opens_to(request):
            await self.refuse(reply, self.key_refusal("the log has a key of its own"))
            return
        await reply.answer(200, [_JSON], self.log.written())

    def logged_metadata(self, request: Request) -> Any:
        """The metadata under which a request is filed."""
        return self.metadata(request)

    async def answer_probe(self, request: Request, reply: Reply) -> None:
        """The client's start-up probe needs any answer, and no credential."""
        await reply.answer(200, [], b"")

    async def answer_models(self, request: Request, reply: Reply) -> None:
        """The model list, all on one page."""
        body, request_id = json.dumps(self.model_list()).encode(), new_request_id()
        self.log.note(request_id=request_id)
        await reply.answer(200, [_JSON, ("request-id", request_id)], body)

    def model_list(self) -> dict[str, Any]:
        """The body of the model list."""
        names = list(self.config.models)
        return {
            "data": [{"type": "model", "id": n, "display_name": n.title()} for n in names],
            "has_more": False,
            "first_id": names[0],
            "last_id": names[-1],
        }

    async def refuse(self, reply: Reply, refusal: Refusal) -> None:
        """Say no in the Messages API's envelope."""
        request_id = new_request_id()
        self.log.note(status=refusal.status, request_id=request_id)
        headers = [_JSON, ("request-id", request_id), *refusal.headers]
        await reply.answer(refusal.status, headers, self.refusal_body(refusal, request_id))

    def refusal_body(self, refusal: Refusal, request_id: str) -> bytes:
        """The error envelope of a refusal."""
        if self.config.refusal_body:
            return filled_in(
                self.config.refusal_body, refusal.status, refusal.kind, refusal.message
            )
        error = {"type": refusal.kind, "message": refusal.message}
        body = {"type": "error", "error": error, "request_id": request_id}
        return json.dumps(body).encode()

    # --- towards the provider -----------------------------------------------------------------

    async def forward(self, request: Request, reply: Reply) -> None:
        """Try the routes in order; the last answer counts, good or bad."""
        routes = self.routes(request)
        for number, route in enumerate(routes):
            last = number == len(routes) - 1
            try:
                async with self.open(request, route) as response:
                    if not last and self.falls_back_on(response.status_code):
                        continue
                    self.log.note(**self.logged_answer(request, route, response))
                    await self.relay(request, response, reply)
                    return
            except httpx.HTTPError as exc:
                if reply.started:
                    await self.broken_off(request, reply)
                    return
                if last:
                    await self.refuse(reply, self.provider_failure(exc))

    def logged_answer(self, request: Request, route: Route, response: httpx.Response) -> Noted:
        """What the log says of an answer."""
        facts = {"provider": route.name, "model": asked_model(request)}
        request_id = response.headers.get("request-id", "")
        return {**facts, "status": response.status_code, "request_id": request_id}

    def routes(self, request: Request) -> list[Route]:
        """The providers to try, chosen by the metadata's team and by the model."""
        policy = self.config.metadata
        metadata = self.metadata(request)
        team = metadata.get(policy.route_key) if isinstance(metadata, dict) else None
        name = policy.routes.get(str(team), policy.default_route)
        if name != "primary":
            return [Route(name, self.config.providers[name])]
        unreachable = asked_model(request) == self.config.unreachable_model
        first = self.config.refused_url if unreachable else self.config.providers["primary"]
        return [Route("primary", first), Route("backup", self.config.providers["backup"])]

    def falls_back_on(self, status: int) -> bool:
        """Whether an answer of this status sends the request to the next route."""
        return status in self.config.fallback_statuses

    @contextlib.asynccontextmanager
    async def open(self, request: Request, route: Route) -> AsyncIterator[httpx.Response]:
        """Send the request to a provider and wait for the head of its answer."""
        outgoing = httpx.Request(
            request.method,
            route.base_url + self.forwarded_target(request),
            headers=[
                (k.encode("latin-1"), v.encode("latin-1"))
                for k, v in self.outgoing_headers(request, route)
            ],
            content=self.forwarded_body(request),
        )
        patience_ms = self.patience_ms(request, route)
        try:
            async with asyncio.timeout(patience_ms / 1000 if patience_ms else None):
                response = await self._client.send(outgoing, stream=True)
        except TimeoutError:
            raise httpx.ReadTimeout(f"no answer within {patience_ms:g} ms") from None
        try:
            yield response
        finally:
            await response.aclose()

    def patience_ms(self, request: Request, route: Route) -> float | None:
        """How long a provider's answer may take to begin, in ms; None for no limit of our own."""
        impatient = asked_model(request) == self.config.impatient_model
        return self.config.after_ms if impatient and route.name == "primary" else None

    def forwarded_target(self, request: Request) -> str:
        """Path and query towards the provider."""
        return request.target if self.config.forwards_query else request.path

    def forwarded_headers(self, request: Request) -> Headers:
        """Everything end-to-end passes, but for the client's key."""
        left_out = _NOT_FORWARDED | named_in_connection(request.headers)
        kept = [(k, v) for k, v in request.headers if k.lower() not in left_out]
        names = self.config.forwarded_names
        return [(k, v) for k, v in kept if not names or k.lower() in names]

    def outgoing_headers(self, request: Request, route: Route) -> Headers:
        """What a provider gets: what passes, and its own key."""
        return [*self.forwarded_headers(request), self.credential(route)]

    def credential(self, route: Route) -> tuple[str, str]:
        """The key of the provider that is called; of one without a name the first one's."""
        keys = self.config.provider_keys
        return "x-api-key", keys.get(route.name, keys["primary"])

    def forwarded_body(self, request: Request) -> bytes:
        """The body, byte for byte, unless the configuration lists the fields that pass."""
        fields = self.config.body_fields
        return only_fields(request.body, fields) if fields else request.body

    # --- back to the client -------------------------------------------------------------------

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        """Pass status, headers and body on as they come."""
        status = self.relayed_status(response.status_code)
        await reply.start(status, self.relayed_headers(response), response.reason_phrase)
        async for piece in self.pieces(request, response):
            await reply.send(piece)
        await reply.end()

    def relayed_status(self, status: int) -> int:
        """The provider's status."""
        return status

    def relayed_headers(self, response: httpx.Response) -> Headers:
        """The provider's headers but for hop-by-hop ones; the length stays, bytes stay too."""
        pairs = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in response.headers.raw]
        left_out = _HOP_BY_HOP | named_in_connection(pairs)
        if self.config.provider_error_body and response.status_code >= 400:
            left_out = left_out | {"content-length"}
        kept = [(k, v) for k, v in pairs if k.lower() not in left_out]
        return [*kept, *self.own_headers(response)]

    def own_headers(self, response: httpx.Response) -> Headers:
        """What the configuration adds to each answer of a provider."""
        if not self.config.answer_headers:
            return []
        place = {"/backup": "1", "/other": "2"}.get(response.url.path.partition("/v1")[0], "0")
        trace = response.request.headers.get("x-portkey-trace-id", "")
        added = self.config.answer_headers.items()
        return [(k, v.replace("{place}", place).replace("{trace}", trace)) for k, v in added]

    async def pieces(self, request: Request, response: httpx.Response) -> AsyncIterator[bytes]:
        """The body as it arrives, still encoded; an error that quotes the provider's key masked."""
        if response.status_code < 400:
            async for piece in response.aiter_raw():
                yield piece
            return
        body = b"".join([piece async for piece in response.aiter_raw()])
        if self.config.provider_error_body and request.path == "/v1/messages":
            body = told_anew(self.config.provider_error_body, response.status_code, body)
        yield self.without_key(body)

    def without_key(self, body: bytes) -> bytes:
        """A body in which the providers' keys are masked; its length stays."""
        for key in self.config.provider_keys.values():
            body = body.replace(key.encode(), b"*" * len(key))
        return body

    async def broken_off(self, request: Request, reply: Reply) -> None:
        """The provider broke off in the middle: so must we, or it would look complete."""
        if self.config.ends_broken_streams and reply.chunked:
            await reply.end()
            return
        reply.abort()

    def provider_failure(self, exc: httpx.HTTPError) -> Refusal:
        """What the client hears when no provider answered: no internal address, no trace."""
        if isinstance(exc, httpx.TimeoutException):
            return Refusal(504, "timeout_error", "The provider did not answer in time")
        return Refusal(502, "api_error", "The provider could not be reached")

    def stops_when_client_leaves(self) -> bool:
        """Whether a client that leaves ends the request at the provider too."""
        return True


def asked_model(request: Request) -> Any:
    """The model that a request asks for, None if it names none."""
    body = parsed(request.body)
    return body.get("model") if isinstance(body, dict) else None


def named_in_connection(headers: Headers) -> set[str]:
    """The names, in lower case, that a Connection header declares to be for one hop only."""
    values = [value for name, value in headers if name.lower() == "connection"]
    return {word.strip().lower() for word in ",".join(values).split(",")} - {""}


def new_request_id() -> str:
    """A request id of the gateway's own."""
    return "req_gw_" + secrets.token_hex(10)
