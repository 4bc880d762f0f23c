"""What the reference gateway is configured with, as plain data that passes between processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class KeyRecord:
    """What the gateway knows of one key. ``state`` is ``active`` or what ``key_refusals`` names."""

    state: str = "active"
    workspace: str = "main"


@dataclass(frozen=True)
class MetadataPolicy:
    """What the metadata header must hold, and where a team's requests go.

    ``allowed`` lists the values that some keys may have. ``routes`` maps a value of ``route_key``
    to a provider route; every other value goes to ``default_route``. Without a ``header`` there is
    no policy, and all goes to ``default_route``. With ``any_value``
    values may be of any kind and length. ``parsing`` is ``strict`` (one line, UTF-8, each
    key once) or ``web`` (what a Fetch API and ``JSON.parse`` make of it). A violation earns
    ``guardrail_status`` and ``guardrail_type``.
    """

    header: str = "x-portkey-metadata"
    required: Sequence[str] = ("tenant", "user", "team", "env")
    allowed: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {
            "team": ("engineering", "research"),
            "env": ("prod", "staging", "dev"),
        }
    )
    max_value_chars: int = 128
    any_value: bool = False
    route_key: str = "team"
    routes: Mapping[str, str] = field(
        default_factory=lambda: {"engineering": "primary", "research": "other"}
    )
    default_route: str = "other"
    parsing: str = "strict"
    guardrail_status: int = 400
    guardrail_type: str = "invalid_request_error"


# status, error type and message for each state of a key
_KEY_REFUSALS: Mapping[str, Sequence[Any]] = {
    "unknown": (401, "authentication_error", "the API key is not known to this gateway"),
    "expired": (401, "authentication_error", "the API key has expired; ask for a fresh one"),
    "revoked": (401, "authentication_error", "the API key was revoked; ask for a fresh one"),
    "foreign": (403, "permission_error", "the API key belongs to another workspace"),
    "spent": (402, "billing_error", "the budget of this API key is spent; ask for more"),
    "limited": (429, "rate_limit_error", "the rate limit of this API key is reached"),
    "forbidden": (403, "permission_error", "a policy does not let this API key use the model"),
}


@dataclass(frozen=True)
class GatewayConfig:
    """The whole configuration.

    ``providers`` maps a route to its base URL, ``provider_keys`` to the key it is called with;
    ``keys`` maps each known key to its record;
    ``unreachable_model`` is sent to a primary that refuses connections, and of ``impatient_model``
    the primary must begin its answer within ``after_ms`` ms.
    """

    providers: Mapping[str, str]
    provider_keys: Mapping[str, str]
    keys: Mapping[str, KeyRecord]
    refused_url: str
    unreachable_model: str = "claude-unreachable-primary"
    impatient_model: str = "claude-impatient-primary"
    after_ms: float = 300
    workspace: str = "main"
    models: Sequence[str] = (
        "claude-opus-4-6",
        "claude-sonnet-4-6",
        "claude-sonnet-4-5",
        "claude-haiku-4-5",
        "claude-haiku-4-5-20251001",
    )
    metadata: MetadataPolicy = field(default_factory=MetadataPolicy)
    fallback_statuses: Sequence[int] = (429, 500, 502, 503, 504, 529)
    log_key: str = ""
    enforces_keys: bool = True
    key_refusals: Mapping[str, Sequence[Any]] = field(default_factory=lambda: _KEY_REFUSALS)
    limit_lasts_s: int = 3600
    checks_models: bool = True
    broken_metadata: str = "refuse"
    refusal_body: str = ""
    provider_error_body: str = ""
    body_fields: Sequence[str] = ()
    forwarded_names: Sequence[str] = ()
    forwards_query: bool = True
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    ends_broken_streams: bool = False
    max_body_bytes: int = 32 * 1024 * 1024

    @property
    def provider_key(self) -> str:
        """The key of the first provider."""
        return self.provider_keys["primary"]

    @property
    def routed_models(self) -> Sequence[str]:
        """Every name that a request may ask for, listed or not."""
        return (*self.models, self.unreachable_model, self.impatient_model)

    def to_json(self) -> dict[str, Any]:
        """The configuration as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> GatewayConfig:
        """The configuration as :meth:`to_json` wrote it."""
        values = dict(raw)
        values["keys"] = {key: KeyRecord(**record) for key, record in raw["keys"].items()}
        values["metadata"] = MetadataPolicy(**raw["metadata"])
        return cls(**values)
