"""Starts the embedded gateway and describes it as a target."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from gatecert import __version__
from gatecert.errors import RunError
from gatecert.gateways.modes import STRICT, modes
from gatecert.gateways.promises import Attribution, FallbackPromise, Policy, Promises
from gatecert.gateways.reference.config import GatewayConfig, KeyRecord
from gatecert.gateways.reference.log import LOG_PATH
from gatecert.gateways.running import ProviderAddresses
from gatecert.gateways.target import Models, SampleKeys, Target, TlsAddress
from gatecert.gateways.targetfile import with_secrets
from gatecert.wire import Child, ChildError

# generous: CI checks that the measurement works, not that this machine is fast
_BUDGET_MS = 60.0
_METADATA = {"tenant": "acme", "user": "u1", "team": "engineering", "env": "prod"}


@dataclass(frozen=True)
class EmbeddedGateway:
    """The embedded gateway in its own process."""

    target: Target
    child: Child

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.child.alive

    def stop(self) -> None:
        """Stop the process."""
        self.child.stop()


def start_embedded(
    addresses: ProviderAddresses,
    *,
    defect: str = "",
    variant: str = "",
    mode: str = STRICT,
    log: Path | None = None,
) -> EmbeddedGateway:
    """Start the embedded gateway with fresh keys, in one of its modes. Raises RunError."""
    api_key, second, expired, revoked, foreign, spent, limited, forbidden, *rest = (
        f"gk-{word}-{secrets.token_urlsafe(24)}"
        # no words that stand in many bodies: each would have to be looked at as part of a key
        for word in (
            *("user", "peer", "old", "gone", "far", "spent", "fast", "barred"),
            *("up", "spare", "aside", "log"),
        )
    )
    primary, backup, other, log_key = rest
    config = GatewayConfig(
        providers={
            "primary": addresses.url,
            "backup": addresses.url + "/backup",
            "other": addresses.url + "/other",
        },
        provider_keys={"primary": primary, "backup": backup, "other": other},
        keys={
            api_key: KeyRecord(),
            second: KeyRecord(),
            expired: KeyRecord(state="expired"),
            revoked: KeyRecord(state="revoked"),
            foreign: KeyRecord(workspace="elsewhere"),
            spent: KeyRecord(state="spent"),
            limited: KeyRecord(state="limited"),
            forbidden: KeyRecord(state="forbidden"),
        },
        refused_url=addresses.refused_url,
        log_key=log_key,
    )
    config = modes()[mode].configured(config)
    flags = ["--defect", defect] if defect else ["--variant", variant] if variant else []
    try:
        child = Child.python(
            "the embedded gateway",
            "gatecert.gateways.reference",
            flags,
            config=config.to_json(),
            log=log,
        )
    except ChildError as exc:
        raise RunError(str(exc)) from None
    bent = defect or variant
    target = Target(
        name=f"embedded-{bent}" if bent else "embedded",
        kind="embedded",
        version=__version__,
        base_url=child.facts["url"],
        api_key=api_key,
        headers={config.metadata.header: json.dumps(_METADATA, separators=(",", ":"))},
        # a model for which the client sends an effort level
        models=Models(chat="claude-sonnet-4-6", unreachable_primary=config.unreachable_model),
        promises=Promises(
            enforces_keys=True,
            holds_provider_key=True,
            accepts_x_api_key=True,
            serves_models=True,
            serves_count_tokens=True,
            validates_metadata=True,
            forwards_metadata=True,
            routes_on_metadata=True,
            required_metadata_keys=tuple(config.metadata.required),
            fallback=True,
            overhead_p50_ms=_BUDGET_MS,
            overhead_first_event_p50_ms=_BUDGET_MS,
        ),
        fallback=FallbackPromise(
            statuses=config.fallback_statuses,
            after_ms=config.after_ms,
            impatient_model=config.impatient_model,
            p50_ms=_BUDGET_MS,
        ),
        policy=Policy(
            rules="strict",
            allowed=config.metadata.allowed,
            refusal_status=400,
            refusal_type="invalid_request_error",
            routes={config.metadata.route_key: config.metadata.routes},
        ),
        attribution=Attribution(
            reader="log-endpoint",
            url=child.facts["url"] + LOG_PATH,
            key=log_key,
            metadata="metadata",
            model="model",
            provider="provider",
            session="session",
            trace="trace",
        ),
        keys=SampleKeys(second, expired, revoked, foreign, spent, limited, forbidden),
        upstream_url=addresses.url,
        tls=TlsAddress(child.facts["tls_url"], child.facts["tls_root"]),
        secrets=[("provider-key", primary), ("backup-key", backup), ("other-key", other)],
    )
    return EmbeddedGateway(with_secrets(modes()[mode].promised(target)), child)
