"""The scripted provider and the embedded gateway, for real clients."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from gatecert.errors import RunError
from gatecert.gateways.reference.config import GatewayConfig, KeyRecord, MetadataPolicy
from gatecert.wire import Child, ChildError

# fake on purpose: there is nothing behind them that they could open
TOKEN = "gk-fake-token"  # noqa: S105
KEY = "gk-fake-key"
HELPER = "gk-fake-helper"


@dataclass(frozen=True)
class Bench:
    """Where the provider and the gateway listen."""

    provider_url: str
    gateway_url: str

    @property
    def gateway_port(self) -> int:
        """The port of the gateway."""
        return urlsplit(self.gateway_url).port or 80


@contextlib.contextmanager
def bench(models: Sequence[str]) -> Iterator[Bench]:
    """Start both, and stop exactly these two at the end. Raises RunError."""
    with contextlib.ExitStack() as stack:
        try:
            provider = Child.python("the provider", "gatecert.upstream", ["127.0.0.1:0"])
            stack.callback(provider.stop)
            config = gateway_config(provider.facts["url"], provider.facts["refused_url"], models)
            gateway = Child.python(
                "the embedded gateway", "gatecert.gateways.reference", config=config.to_json()
            )
            stack.callback(gateway.stop)
        except ChildError as exc:
            raise RunError(str(exc)) from None
        yield Bench(provider.facts["url"], gateway.facts["url"])


def gateway_config(url: str, refused_url: str, models: Sequence[str]) -> GatewayConfig:
    """The embedded gateway without a metadata policy: recorded clients send none.

    One provider and no fallback, so that every attempt seen is the client's own.
    """
    return GatewayConfig(
        providers=dict.fromkeys(("primary", "backup", "other"), url),
        provider_keys=dict.fromkeys(("primary", "backup", "other"), "gk-fake-provider"),
        keys={key: KeyRecord() for key in (TOKEN, KEY, HELPER)},
        refused_url=refused_url,
        models=tuple(models),
        # a route without a second provider behind it
        metadata=MetadataPolicy(header="", routes={}, default_route="other"),
        fallback_statuses=(),
    )
