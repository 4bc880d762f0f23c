"""The fixtures that suites speak through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from gatecert.cache import cache_folder
from gatecert.desktop import SILENCE_S, DesktopApp, RequestCap
from gatecert.gateways.target import Target
from gatecert.overhead import Paired, measure_fallback, measure_paired, requests_through_gateway
from gatecert.requirements import CannotJudge
from gatecert.session.asking import Asking, live_provider
from gatecert.session.canary import Canary, within_earshot
from gatecert.session.exploring import Exploration, Explore
from gatecert.session.options import LIVE_MAX_TOKENS
from gatecert.session.raw import LIVE_PATIENCE_S, PATIENCE_S, Raw
from gatecert.session.services import settings_of
from gatecert.session.stash import CAP, REQUIREMENT, SHARED, TOKENS, VITALS
from gatecert.session.witness import ScriptedProvider, Witness, WitnessedTransport
from gatecert.upstream import Plan, Provider

Desktops = Callable[..., DesktopApp]

# a live model is paid by the token: short answers, and none of the tools that fill a real turn
_ECONOMY = {"max_tokens": LIVE_MAX_TOKENS, "thinking": {"type": "disabled"}, "tools": []}


@pytest.fixture(scope="session")
def target(pytestconfig: pytest.Config) -> Target:
    """The gateway under test."""
    if SHARED not in pytestconfig.stash:
        raise pytest.UsageError("gatecert is not set up: run the suites with `pytest suites`")
    return pytestconfig.stash[SHARED].target


@pytest.fixture(scope="session")
def request_cap(pytestconfig: pytest.Config) -> RequestCap:
    """The cap on requests of this process."""
    return pytestconfig.stash[CAP]


@pytest.fixture(scope="session")
def _control(target: Target) -> Iterator[Provider | None]:
    """The connection to the provider's control address; None for a live provider."""
    provider = Provider(target.upstream_url) if target.scripted else None
    yield provider
    if provider is not None:
        provider.close()


@pytest.fixture
def control(_control: Provider | None) -> Provider | None:
    """The provider's control connection, where evidence can be fetched from."""
    return _control


@pytest.fixture
def witness(control: Provider | None) -> Witness:
    """What this requirement's requests looked like on both sides."""
    return Witness()


@pytest.fixture
def desktops(
    pytestconfig: pytest.Config, target: Target, witness: Witness, request_cap: RequestCap
) -> Iterator[Desktops]:
    """Launches simulated desktops; keyword arguments change their gateway settings.

    ``silence_s`` is how long this desktop waits for bytes before it leaves; ``ca`` is a certificate
    (PEM) that it trusts besides the usual ones.
    """
    apps: list[DesktopApp] = []
    tokens = pytestconfig.stash[TOKENS]

    def launch(*, silence_s: float = SILENCE_S, ca: str = "", **changes: Any) -> DesktopApp:
        settings = replace(settings_of(target), **changes)
        for key in (settings.api_key, settings.second_key):
            witness.note_key(key, target)
        app = DesktopApp(
            settings,
            transport=lambda: WitnessedTransport(witness, request_cap, silence_s, tokens, ca),
            profile=pytestconfig.stash[SHARED].profile,
        ).launch()
        if not target.scripted:
            app.engine.always.update(_ECONOMY)
        apps.append(app)
        return app

    yield launch
    for app in apps:
        app.quit()


@pytest.fixture
def desktop(desktops: Desktops) -> DesktopApp:
    """A simulated desktop, launched with the target's settings."""
    return desktops()


@pytest.fixture
def raw(
    pytestconfig: pytest.Config, target: Target, witness: Witness, request_cap: RequestCap
) -> Raw:
    """Sends bytes that no client would write to the gateway under test, and to nobody else."""
    patience_s = PATIENCE_S if target.scripted else LIVE_PATIENCE_S
    return Raw(target.base_url, witness, request_cap, pytestconfig.stash[TOKENS], patience_s)


@pytest.fixture
def canary(target: Target) -> Iterator[Canary]:
    """A listener beside us that no gateway has a reason to call."""
    if not within_earshot(target.upstream_url or target.base_url):
        raise CannotJudge(
            "out-of-earshot",
            "the gateway is on another machine, where a request that names our loopback address "
            "would call a service of its own; run gatecert beside it",
        )
    with Canary() as listening:
        yield listening


@pytest.fixture
def provider(
    pytestconfig: pytest.Config, control: Provider | None, witness: Witness
) -> ScriptedProvider:
    """The scripted provider behind the gateway."""
    if control is None:
        raise live_provider()
    return _scripted(pytestconfig, control, witness)


@pytest.fixture
def asking(pytestconfig: pytest.Config, control: Provider | None, witness: Witness) -> Asking:
    """The provider behind the gateway, live or scripted, where any answer will do."""
    return Asking(None if control is None else _scripted(pytestconfig, control, witness))


def _scripted(config: pytest.Config, control: Provider, witness: Witness) -> ScriptedProvider:
    vitals = config.stash.get(VITALS, None)
    return ScriptedProvider(control, witness, *([vitals.wait_until_well] if vitals else []))


@pytest.fixture
def paired(pytestconfig: pytest.Config, target: Target, witness: Witness) -> Callable[..., Paired]:
    """Measures the gateway against the direct way to the provider, in interleaved pairs."""

    def measure(*, stream: bool) -> Paired:
        pairs = _pairs(pytestconfig, arms=1)
        result = measure_paired(target, stream=stream, pairs=pairs)
        witness.measurements.extend(result.to_json())
        return result

    return measure


@pytest.fixture
def paired_fallback(
    pytestconfig: pytest.Config, target: Target, witness: Witness
) -> Callable[..., Paired]:
    """Measures a failing primary against a good one, in interleaved pairs."""

    def measure(failure: Plan, *, stream: bool) -> Paired:
        pairs = _pairs(pytestconfig, arms=2)
        result = measure_fallback(target, failure, stream=stream, pairs=pairs)
        witness.measurements.extend(result.to_json())
        return result

    return measure


def _pairs(config: pytest.Config, *, arms: int) -> int:
    """How many pairs to measure; their requests through so many arms are taken from the cap."""
    shared, cap = config.stash[SHARED], config.stash[CAP]
    if shared.workers > 1:
        raise CannotJudge(
            "measurement-invalid",
            "other workers share this machine; measure without -n (or with -n 0)",
        )
    for _ in range(arms * requests_through_gateway(shared.overhead_pairs)):
        cap.take()
    return shared.overhead_pairs


@pytest.fixture
def explore(request: pytest.FixtureRequest, witness: Witness) -> Iterator[Explore]:
    """Tries a property with generated examples: ``explore(strategy, check)``."""
    shared = request.config.stash[SHARED]
    identifier = request.node.stash[REQUIREMENT].id
    set_hypothesis_home_dir(cache_folder() / "hypothesis")  # tables of characters, no examples
    seeded = f"-k {identifier} --seed {shared.seed} --examples {shared.examples}"
    replay = f"gatecert run {seeded}, with the options that name the gateway"
    exploration = Exploration(shared.seed, shared.examples, replay)
    yield exploration
    tried = {"name": "examples tried", "arm": f"seed {shared.seed}", "n": exploration.tried}
    witness.measurements.append(tried)
