"""The provider's server: routes, directives obeyed, receipts kept.

``/v1/...`` is provider ``primary``; ``/backup/v1/...`` and ``/other/v1/...`` are two more behind
the same address. ``/_gatecert/...`` is for the harness: receipts, releases and a greeting.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any
from urllib.parse import parse_qs

from gatecert.upstream import messages_api as api
from gatecert.upstream.compression import encoded, offered
from gatecert.upstream.directives import (
    PROVIDERS,
    Directive,
    DirectiveError,
    Plan,
    find,
    find_token,
)
from gatecert.upstream.framing import frames
from gatecert.upstream.holding import BEFORE_THE_BODY, BEFORE_THE_HEAD, Holding
from gatecert.upstream.receipts import Ledger, Receipt, packed
from gatecert.upstream.streaming import Streaming
from gatecert.wire import ClientGone, Headers, Reply, Request, Server

CONTROL_PREFIX = "/_gatecert"
_JSON = ("content-type", "application/json")
_RECEIPTS = ("content-type", "application/octet-stream")
_MAX_WAIT_MS = 20_000.0
_OWN = {
    *("request-id", "anthropic-organization-id", "cache-control"),
    *("content-type", "content-encoding", "content-length"),
}


class Upstream:
    """The scripted provider. It serves many requests at once and shares nothing between them.

    ``standalone`` says that it belongs to no run, so that several runs may share it.
    """

    def __init__(self, *, standalone: bool = False) -> None:
        self._ledger = Ledger()
        self._standalone = standalone

    async def listen(self, host: str, port: int) -> tuple[str, int]:
        """Start to serve. Raises OSError if the address cannot be had."""
        return await Server(self._serve).listen(host, port)

    async def _serve(self, request: Request, reply: Reply) -> None:
        if request.path.startswith(CONTROL_PREFIX):
            await self._control(request, reply)
            return
        provider, target = _split(request.target)
        body = _parsed(request.body)
        directive, complaint = _directive(body)
        token = directive.token if directive else find_token(request.body) or ""
        receipt = self._ledger.open(
            token,
            provider,
            request.method,
            target,
            request.headers,
            request.body,
            request.http_version,
            request.connection,
        )
        receipt.refused = complaint
        await self._ledger.wake()
        try:
            outcome = await self._provide(request, receipt, directive, body, reply)
        except ClientGone:
            outcome = "client-left"
        await self._ledger.close(receipt, outcome)

    async def _provide(
        self,
        request: Request,
        receipt: Receipt,
        directive: Directive | None,
        body: Any,
        reply: Reply,
    ) -> str:
        answer = _Answer(receipt, reply, self._ledger)
        route = (request.method, receipt.path)
        plan = (
            directive.plan(receipt.provider, self._ledger.attempt(receipt)) if directive else None
        )
        if receipt.refused:
            return await answer.error(400, receipt.refused)
        if request.method == "HEAD":
            return await answer.whole(200, [], b"")
        if not _credential(request):
            return await answer.error(401, "x-api-key header is required")
        if route == ("GET", "/v1/models"):
            return await answer.json(200, api.model_list())
        if route not in {("POST", "/v1/messages"), ("POST", "/v1/messages/count_tokens")}:
            return await answer.error(404, f"Not found: {request.method} {receipt.path}")
        if not request.header("anthropic-version"):
            return await answer.error(400, "anthropic-version: header is required")
        if receipt.path.endswith("/count_tokens"):
            return await answer.count_tokens(plan or Plan())
        wrong = api.complaint(body)
        if len(request.body) > api.MAX_REQUEST_BYTES:
            wrong = 413, "Request exceeds the maximum size"
        if wrong and not (plan and (plan.status != 200 or plan.body is not None)):
            return await answer.error(*wrong)
        return await answer.obey(plan or Plan(), body)

    async def _control(self, request: Request, reply: Reply) -> None:
        path = request.path.removeprefix(CONTROL_PREFIX)
        query = {key: values[-1] for key, values in parse_qs(request.query).items()}
        status, kind, data = 200, _JSON, b"{}"
        if path == "/hello":
            greeting = {"gatecert": "upstream", "standalone": self._standalone}
            counted = {"seq": self._ledger.last_seq, "received": self._ledger.received}
            data = json.dumps({**greeting, **counted}).encode()
        elif path == "/receipts":
            found = self._ledger.matching(since=int(query.get("since", "0")))
            kind, data = _RECEIPTS, packed(found)
        elif path.startswith("/receipts/"):
            wait_ms = min(float(query.get("wait_ms", "0")), _MAX_WAIT_MS)
            token, count = path.rsplit("/", 1)[1], int(query.get("count", "0"))
            if count:
                found = await self._ledger.arrived(token, count, wait_ms)
            else:
                found = await self._ledger.settled(token, wait_ms)
            kind, data = _RECEIPTS, packed(found)
        elif path.startswith("/release/") and request.method == "POST":
            await self._ledger.release(path.rsplit("/", 1)[1])
        else:
            status, data = 404, json.dumps({"error": f"no control route {path}"}).encode()
        await reply.answer(status, [kind], data)


class _Answer:
    """One answer being given: every method returns the receipt's outcome."""

    def __init__(self, receipt: Receipt, reply: Reply, ledger: Ledger) -> None:
        self._receipt = receipt
        self._reply = reply
        self._ledger = ledger
        self._request_id = api.new_request_id()
        self._held: Holding | None = None

    async def count_tokens(self, plan: Plan) -> str:
        failed = await self._fail(plan)
        return failed or await self.json(200, {"input_tokens": plan.input_tokens})

    async def obey(self, plan: Plan, body: Any) -> str:
        failed = await self._fail(plan)
        if failed:
            return failed
        extra = _extra(plan)
        model = str(body.get("model", ""))
        if body.get("stream") is True:
            return await self._stream(plan, model, extra)
        if plan.error_event is not None:  # a provider that knows better than to stream answers so
            envelope = {"type": "error", "error": dict(plan.error_event)}
            return await self.json(529, envelope, extra)
        data = api.written(api.message(plan, self._receipt.token, model))
        return await self.coded(plan, [_JSON, *extra], data)

    async def _fail(self, plan: Plan) -> str:
        """Wait, then fail or answer in place of the API as the plan says; ``""`` if it does not."""
        if plan.delay_ms:
            await asyncio.sleep(plan.delay_ms / 1000)
        if plan.work_ms:
            await _work(plan.work_ms)
        await self._holding(plan).pause(BEFORE_THE_HEAD)
        if plan.drop:
            self._reply.abort(reset=plan.reset)
            return "dropped"
        if plan.echo:
            return await self.json(200, self._received())
        body = _scripted_body(plan)
        if body is not None:
            return await self.coded(plan, [_JSON, *_extra(plan)], body)
        if plan.status >= 400:
            wanted = plan.error or {}
            text = wanted.get("message", "The provider was told to fail")
            text += f": {self._receipt.header(plan.quote)}" if plan.quote else ""
            envelope = api.error(plan.status, text, self._request_id, wanted.get("type"))
            return await self.coded(plan, [_JSON, *_extra(plan)], api.written(envelope))
        return ""

    async def coded(self, plan: Plan, headers: Headers, data: bytes) -> str:
        """A whole answer in the plan's coding, if the request offers that."""
        coding = self._coding(plan)
        named = [("content-encoding", coding)] if coding else []
        data = encoded(data, coding)
        return await self.whole(plan.status, [*headers, *named], data, plan)

    def _coding(self, plan: Plan) -> str:
        accepted = self._receipt.header("accept-encoding") or ""
        return plan.coding if plan.compress and offered(plan.coding, accepted) else ""

    async def json(self, status: int, answer: Any, headers: Headers | None = None) -> str:
        return await self.whole(status, [_JSON, *(headers or [])], api.written(answer))

    async def error(self, status: int, text: str) -> str:
        return await self.json(status, api.error(status, text, self._request_id))

    async def whole(
        self, status: int, headers: Headers, data: bytes, plan: Plan | None = None
    ) -> str:
        self._receipt.status = status
        self._receipt.first_write_ns = time.monotonic_ns()
        length = ("content-length", str(len(data)))
        await self._reply.start(status, _each_once([*self._head(), *headers, length]))
        if plan is not None:
            await self._holding(plan).pause(BEFORE_THE_BODY)
        cut_bytes = plan.cut_bytes if plan is not None else None
        if cut_bytes is not None and cut_bytes < len(data):
            await self._reply.send(data[:cut_bytes])
            self._reply.abort()
            return "cut"
        await self._reply.send(data)
        await self._reply.end()
        return "answered"

    async def _stream(self, plan: Plan, model: str, extra: Headers) -> str:
        self._receipt.status = plan.status
        kind = ("content-type", "text/event-stream; charset=utf-8")
        head = [*self._head(), kind, ("cache-control", "no-cache"), *extra]
        coding = self._coding(plan)
        head += [("content-encoding", coding)] if coding else []
        streaming = Streaming(plan, self._receipt, self._reply, self._holding(plan), coding)
        return await streaming.send(frames(plan, self._receipt.token, model), _each_once(head))

    def _holding(self, plan: Plan) -> Holding:
        if self._held is None:
            self._held = Holding(plan, self._receipt, self._reply, self._ledger)
        return self._held

    def _head(self) -> Headers:
        return [
            ("request-id", self._request_id),
            ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000"),
        ]

    def _received(self) -> dict[str, Any]:
        return {
            "type": "gatecert_echo",
            "provider": self._receipt.provider,
            "method": self._receipt.method,
            "target": self._receipt.target,
            "header_names": [name for name, _ in self._receipt.headers],
            "body": self._receipt.body.decode("utf-8", "backslashreplace"),
            "body_bytes": len(self._receipt.body),
        }


def _extra(plan: Plan) -> Headers:
    return [
        (name.lower(), line)
        for name, value in plan.headers.items()
        for line in ([value] if isinstance(value, str) else value)
    ]


def _scripted_body(plan: Plan) -> bytes | None:
    if plan.body_base64 is not None:
        return base64.b64decode(plan.body_base64) * plan.body_times
    return None if plan.body is None else plan.body.encode() * plan.body_times


def _each_once(headers: Headers) -> Headers:
    """A header that the plan sets takes the place of the provider's own; others may repeat."""
    own = {name: value for name, value in headers if name in _OWN}
    return [
        (name, own.pop(name, value)) for name, value in headers if name not in _OWN or name in own
    ]


async def _work(work_ms: float) -> None:
    """Take exactly so long: sleep first, then spin, since timers are late by fractions of a ms."""
    deadline = time.perf_counter() + work_ms / 1000
    await asyncio.sleep(max(0.0, work_ms / 1000 - 0.002))
    while time.perf_counter() < deadline:
        pass


def _split(target: str) -> tuple[str, str]:
    """Provider and the target that remains: ``/backup/v1/messages`` → backup, ``/v1/messages``."""
    first, slash, rest = target.removeprefix("/").partition("/")
    if first in PROVIDERS and first != "primary" and slash:
        return first, "/" + rest
    return "primary", target


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _directive(body: Any) -> tuple[Directive | None, str]:
    try:
        return find(body), ""
    except (DirectiveError, TypeError) as exc:
        return None, f"gatecert directive: {exc}"


def _credential(request: Request) -> bool:
    return bool(
        (request.header("x-api-key") or "").strip()
        or (request.header("authorization") or "").removeprefix("Bearer").strip()
    )
