"""The embedded gateway with the scripted provider behind it, for a real client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from gatecert.gateways.embedded import start_embedded
from gatecert.gateways.running import ProviderAddresses
from gatecert.gateways.target import Target
from gatecert.upstream import Directive, Plan, Provider, Receipt, embed, new_token
from gatecert.wire import Child


@dataclass(frozen=True)
class Script:
    """A prompt that steers the provider, and the token under which its receipts are kept."""

    token: str
    prompt: str


def script(*plans: Plan, backup: tuple[Plan, ...] = ()) -> Script:
    """What the provider does with each attempt at ``primary``, and at ``backup`` if given."""
    token = new_token()
    named = {"primary": plans} | ({"backup": backup} if backup else {})
    return Script(token, embed(Directive(token, named)))


@dataclass(frozen=True)
class Bench:
    """A gateway as a target, and the harness's side of the provider."""

    target: Target
    provider: Provider

    def receipts(self, wanted: Script) -> list[Receipt]:
        return self.provider.receipts(wanted.token)

    def receipt(self, wanted: Script) -> Receipt:
        (receipt,) = self.receipts(wanted)
        return receipt


@pytest.fixture(scope="package")
def bench() -> Iterator[Bench]:
    child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
    addresses = ProviderAddresses(child.facts["url"], child.facts["refused_url"])
    gateway = start_embedded(addresses)
    provider = Provider(addresses.url)
    yield Bench(gateway.target, provider)
    provider.close()
    gateway.stop()
    child.stop()
