"""Defects of model discovery and routing by model."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentAnswer, BentRequest, BentStream, edited
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal, parsed
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Reply, Request


@defect("lists-other-vendors", "MODEL-01", "MODEL-02")
class ListsOtherVendors(ReferenceGateway):
    """The list names routes by another vendor's words, which the client hides."""

    def model_list(self) -> dict[str, Any]:
        found = super().model_list()
        for entry in found["data"]:
            entry["id"] = entry["id"].replace("claude", "gpt")
        return found


@defect("bare-model-array", "MODEL-01", "MODEL-02")
class BareModelArray(ReferenceGateway):
    """The list is wrapped under another name than data."""

    def model_list(self) -> dict[str, Any]:
        return {"models": super().model_list()["data"]}


@defect("hides-configured-model", "MODEL-02")
class HidesConfiguredModel(ReferenceGateway):
    """The list leaves the model out that the settings name."""

    def model_list(self) -> dict[str, Any]:
        found = super().model_list()
        found["data"] = [e for e in found["data"] if e["id"] != "claude-sonnet-4-6"]
        return found


@defect("pages-models", "MODEL-03")
class PagesModels(ReferenceGateway):
    """The list comes in pages."""

    def model_list(self) -> dict[str, Any]:
        return {**super().model_list(), "has_more": True}


@defect("swaps-model", "MODEL-04", "MODEL-07", "MODEL-08", "MODEL-16", "MODEL-18")
class SwapsModel(BentRequest):
    """Another model than the one that was asked for is called."""

    def change_request(self, body: dict[str, Any]) -> None:
        body["model"] = "claude-opus-4-6"


@defect(
    "no-dated-model",
    *"MODEL-05 CONN-10 MODEL-08 MODEL-13 META-26 META-28".split(),
)
class NoDatedModel(ReferenceGateway):
    """The dated name that background calls use is not routed."""

    def check_body(self, request: Request) -> Refusal | None:
        body = parsed(request.body)
        model = str(body.get("model")) if isinstance(body, dict) else ""
        if model.endswith("-20251001"):
            return Refusal(404, "not_found_error", f"model: {model}")
        return super().check_body(request)


@defect("defaults-unknown-model", "MODEL-06", "MODEL-11", "MODEL-12")
class DefaultsUnknownModel(ReferenceGateway):
    """An unknown model is served by a default one, in silence."""

    async def serve(self, request: Request, reply: Reply) -> None:
        body = parsed(request.body)
        known = {*self.config.models, self.config.unreachable_model}
        if isinstance(body, dict) and body.get("model") not in known:
            changed = edited(request.body, lambda data: data.update(model="claude-sonnet-4-5"))
            request = replace(request, body=changed)
        await super().serve(request, reply)


@defect("unknown-model-is-500", "MODEL-06", "MODEL-11", "MODEL-12", "ERR-39")
class UnknownModelIs500(ReferenceGateway):
    """An unknown model ends in a server error."""

    def check_body(self, request: Request) -> Refusal | None:
        refusal = super().check_body(request)
        if refusal and refusal.message.startswith("model:"):
            return Refusal(500, "api_error", "no healthy deployment")
        return refusal


@defect("names-its-own-model", "FALL-25", "MODEL-07", "FALL-31")
class NamesItsOwnModel(BentStream, BentAnswer):
    """Answers carry the gateway's route name in place of the model."""

    def change_event(self, frame: bytes, number: int) -> list[bytes]:
        return [re.sub(rb'"model":"claude-[^"]*"', b'"model":"route/7"', frame)]

    def change_answer(self, body: dict[str, Any], response: httpx.Response) -> None:
        body["model"] = "route/7"


@defect("swaps-background-model", "MODEL-08")
class SwapsBackgroundModel(BentRequest):
    """Background calls are sent to an older, cheaper model."""

    def change_request(self, body: dict[str, Any]) -> None:
        if "haiku" in str(body.get("model")):
            body["model"] = "claude-3-haiku-20240307"
