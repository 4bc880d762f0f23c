"""Model lists and model names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gatecert.gateways.defects.bending import (
    BentRequest,
)
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.variants.registry import variant
from gatecert.wire import Request


@variant("openai-model-list")
class OpenAiModelList(ReferenceGateway):
    """The model list comes in the other list style, with further fields."""

    def model_list(self) -> dict[str, Any]:
        names = self.config.models
        entries = [{"id": n, "object": "model", "created": 0, "owned_by": "acme"} for n in names]
        return {"object": "list", "data": entries}


@variant("mixed-model-list")
class MixedModelList(ReferenceGateway):
    """The list names other vendors' models too, has further fields, and no paging."""

    def model_list(self) -> dict[str, Any]:
        names = [*self.config.models, "gpt-5.2", "text-embedding-3-large"]
        capacity = {"max_input_tokens": 1_000_000, "supports_1m": True}
        return {"data": [{"id": n, "display_name": None, **capacity} for n in names]}


@variant("serves-wide-names")
class ServesWideNames(BentRequest):
    """A [1m] at the end of a name is taken off, and the model served."""

    def check_body(self, request: Request) -> Refusal | None:
        bare = replace(request, body=self.forwarded_body(request))
        return super().check_body(bare)

    def change_request(self, body: dict[str, Any]) -> None:
        body["model"] = str(body.get("model")).removesuffix("[1m]")
