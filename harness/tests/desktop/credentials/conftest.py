"""An identity provider, and a gateway that trusts it, for the tests of sign-ins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from identity_provider import CLIENT, IdentityProvider, StoppedClock, VerifyingGateway, serving


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()
    with serving(provider):
        yield provider


@pytest.fixture
def clock(provider: IdentityProvider) -> StoppedClock:
    return StoppedClock(provider)


@pytest.fixture
def gateway(provider: IdentityProvider, clock: StoppedClock) -> Iterator[VerifyingGateway]:
    gateway = VerifyingGateway(provider, CLIENT)
    with serving(gateway):
        yield gateway
