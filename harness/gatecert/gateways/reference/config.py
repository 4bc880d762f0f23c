"""What the reference gateway is configured with, as plain data that passes between processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class KeyRecord:
    """What the gateway knows of one key. ``state`` is ``active``, ``expired`` or ``revoked``."""

    state: str = "active"
    workspace: str = "main"


@dataclass(frozen=True)
class MetadataPolicy:
    """What the metadata header must hold, and where a team's requests go.

    ``allowed`` lists the values that some keys may have. ``routes`` maps a value of ``route_key``
    to a provider route; every other value goes to ``default_route``. Without a ``header`` there is
    no policy, and all goes to ``default_route``.
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
    route_key: str = "team"
    routes: Mapping[str, str] = field(
        default_factory=lambda: {"engineering": "primary", "research": "other"}
    )
    default_route: str = "other"


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
