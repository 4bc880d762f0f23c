"""An inference request before it is written out: what a recovery may change between attempts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

MESSAGES = "/v1/messages?beta=true"


@dataclass(frozen=True)
class Draft:
    """What the engine means to send.

    ``body`` is the JSON body, ``betas`` the values of ``anthropic-beta`` in order, ``timeout_s``
    what the engine announces in seconds (None announces nothing). ``headers`` replace the engine's
    own; None removes one. ``agent_id`` names the subagent that asks, if one does.
    """

    purpose: str
    body: Mapping[str, Any]
    betas: tuple[str, ...]
    timeout_s: int | None
    path: str = MESSAGES
    headers: Mapping[str, str | None] = field(default_factory=dict)
    agent_id: str = ""

    @property
    def stream(self) -> bool:
        """Whether the answer shall be a stream."""
        return self.body.get("stream") is True

    def with_fields(self, **fields: Any) -> Draft:
        """The same with these top-level body fields; new ones come last."""
        return replace(self, body={**self.body, **fields})

    def without_fields(self, *names: str) -> Draft:
        """The same without these top-level body fields."""
        kept = {name: value for name, value in self.body.items() if name not in names}
        return replace(self, body=kept)

    def without_betas(self, *names: str) -> Draft:
        """The same without these betas."""
        return replace(self, betas=tuple(beta for beta in self.betas if beta not in names))
