"""Defects of model names: what is listed, and what is made of a name on each route."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentRequest, edited
from gatecert.gateways.defects.probes import asks_for_one_token
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal, parsed
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Reply, Request

_WIDE = "[1m]"


def _model(request: Request) -> str:
    body = parsed(request.body)
    return str(body.get("model")) if isinstance(body, dict) else ""


@defect("slow-discovery", "MODEL-09")
class SlowDiscovery(ReferenceGateway):
    """The model list is asked for at every provider while the client waits, which takes 3.5 s."""

    async def answer_models(self, request: Request, reply: Reply) -> None:
        await asyncio.sleep(3.5)
        await super().answer_models(request, reply)


@defect("no-undated-background-model", "MODEL-10", "MODEL-13")
class NoUndatedBackgroundModel(ReferenceGateway):
    """Of the background model only the dated name is routed."""

    def check_body(self, request: Request) -> Refusal | None:
        if _model(request) == "claude-haiku-4-5":
            return Refusal(404, "not_found_error", "model: claude-haiku-4-5")
        return super().check_body(request)


@defect("wide-name-falls-to-default", "MODEL-11")
class WideNameFallsToDefault(ReferenceGateway):
    """A name with [1m] is served by the default model, in silence."""

    async def serve(self, request: Request, reply: Reply) -> None:
        if _model(request).endswith(_WIDE):
            body = edited(request.body, lambda data: data.update(model="claude-haiku-4-5"))
            request = replace(request, body=body)
        await super().serve(request, reply)


@defect("wide-name-is-500", "MODEL-11")
class WideNameIs500(ReferenceGateway):
    """The brackets of a name with [1m] end in a server error."""

    def check_body(self, request: Request) -> Refusal | None:
        if "[" in _model(request):
            return Refusal(500, "api_error", "invalid pattern")
        return super().check_body(request)


@defect("answers-probes-itself", "MODEL-12", "ERR-39", "PASS-08")
class AnswersProbesItself(ReferenceGateway):
    """Connection tests are answered by the gateway, so that they cost nothing: with any model."""

    def check_body(self, request: Request) -> Refusal | None:
        return None if asks_for_one_token(request) else super().check_body(request)

    async def forward(self, request: Request, reply: Reply) -> None:
        if not asks_for_one_token(request):
            await super().forward(request, reply)
            return
        message = {
            "id": "msg_probe",
            "type": "message",
            "role": "assistant",
            "model": _model(request),
            "content": [{"type": "text", "text": "."}],
            "stop_reason": "max_tokens",
            "stop_sequence": None,
            "usage": {"input_tokens": 8, "output_tokens": 1},
        }
        kind = ("content-type", "application/json")
        await reply.answer(200, [kind], json.dumps(message).encode())


@defect("lists-unrouted-models", "MODEL-13")
class ListsUnroutedModels(ReferenceGateway):
    """The list is that of a catalogue, not of the routes."""

    def model_list(self) -> dict[str, Any]:
        found = super().model_list()
        found["data"].append({"type": "model", "id": "claude-2.1", "display_name": "Claude 2.1"})
        return found


@defect("lists-each-deployment", "MODEL-14")
class ListsEachDeployment(ReferenceGateway):
    """A model is listed once for each of its deployments."""

    def model_list(self) -> dict[str, Any]:
        found = super().model_list()
        found["data"] += found["data"][:2]
        return found


@defect("lists-nameless-entries", "MODEL-14")
class ListsNamelessEntries(ReferenceGateway):
    """Some entries have a name in place of an id."""

    def model_list(self) -> dict[str, Any]:
        found = super().model_list()
        found["data"].append({"name": "claude-opus-4-6-eu", "object": "model"})
        return found


@defect("hides-failing-models", "MODEL-15")
class HidesFailingModels(ReferenceGateway):
    """The first list after its provider has failed lacks a model."""

    _failed_model = ""

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        if response.status_code >= 500:
            self._failed_model = _model(request)
        await super().relay(request, response, reply)

    def model_list(self) -> dict[str, Any]:
        found = super().model_list()
        found["data"] = [e for e in found["data"] if e["id"] != self._failed_model]
        self._failed_model = ""
        return found


@defect("counts-by-another-model", "MODEL-16")
class CountsByAnotherModel(BentRequest):
    """Tokens are counted with one model for all."""

    def forwarded_body(self, request: Request) -> bytes:
        counts = request.path.endswith("/count_tokens")
        return super().forwarded_body(request) if counts else request.body

    def change_request(self, body: dict[str, Any]) -> None:
        body["model"] = "claude-haiku-4-5"


@defect("drops-long-context", "PASS-07", "MODEL-18")
class DropsLongContext(ReferenceGateway):
    """The beta of the long context is taken out, since it costs more."""

    def forwarded_headers(self, request: Request) -> Headers:
        wide = "context-1m-2025-08-07"
        return [
            (k, ",".join(v for v in value.split(",") if v.strip() != wide))
            if k.lower() == "anthropic-beta"
            else (k, value)
            for k, value in super().forwarded_headers(request)
        ]


@defect("lists-by-version", "MODEL-20")
class ListsByVersion(ReferenceGateway):
    """Under a version that the gateway does not know, the list comes in the gateway's own form."""

    async def answer_models(self, request: Request, reply: Reply) -> None:
        if (request.header("anthropic-version") or "2023-06-01") == "2023-06-01":
            await super().answer_models(request, reply)
            return
        body = json.dumps({"models": list(self.config.models)}).encode()
        await reply.answer(200, [("content-type", "application/json")], body)


@defect("lists-when-idle", "MODEL-19")
class ListsWhenIdle(ReferenceGateway):
    """The model list is served by the worker that is at a turn, when that is done."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._turns: set[asyncio.Task[Any]] = set()

    async def forward(self, request: Request, reply: Reply) -> None:
        turn = asyncio.ensure_future(super().forward(request, reply))
        self._turns.add(turn)
        turn.add_done_callback(self._turns.discard)
        await turn

    async def answer_models(self, request: Request, reply: Reply) -> None:
        await asyncio.gather(*self._turns, return_exceptions=True)
        await super().answer_models(request, reply)


@defect("lists-behind-route-names", "MODEL-02", "MODEL-17")
class ListsBehindRouteNames(ReferenceGateway):
    """Names are listed with the route in front, which only the desktop takes."""

    def model_list(self) -> dict[str, Any]:
        found = super().model_list()
        for entry in found["data"]:
            entry["id"] = "@bedrock-eu/" + entry["id"]
        return found

    def check_body(self, request: Request) -> Refusal | None:
        bare = edited(request.body, _without_route)
        return super().check_body(replace(request, body=bare))

    def forwarded_body(self, request: Request) -> bytes:
        routed = _model(request).startswith("@bedrock-eu/")
        return edited(request.body, _without_route) if routed else request.body


def _without_route(body: dict[str, Any]) -> None:
    body["model"] = str(body.get("model")).removeprefix("@bedrock-eu/")
