from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gatecert.desktop import DesktopApp, GatewaySettings
from gatecert.errors import RunError, UsageError
from gatecert.gateways.managed import MANAGED, ManagedRunning, find_managed, npm, portkey
from gatecert.gateways.managed.listening import listening_addresses
from gatecert.gateways.running import ProviderAddresses
from gatecert.upstream import Directive, Plan, Provider, embed, new_token
from gatecert.wire import Child

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gatecert.desktop import Turn
    from gatecert.gateways.target import Target
    from gatecert.upstream import Receipt

ADDRESSES = ProviderAddresses("http://127.0.0.1:7001", "http://127.0.0.1:7002")
CODES = [429, 500, 502, 503, 504, 529]

real = pytest.mark.skipif(
    not (shutil.which("node") and shutil.which("npm")),
    reason="Portkey needs node and npm, and one of them is not on the PATH",
)


def test_portkey_is_found_by_name_and_by_version() -> None:
    assert find_managed("portkey") is MANAGED["portkey"]
    assert find_managed("portkey@1.15.2") is MANAGED["portkey"]


@pytest.mark.parametrize("name", ["embedded", "portkeys", "portkey.toml", "x@1", ""])
def test_other_names_are_not_managed(name: str) -> None:
    assert find_managed(name) is None


@pytest.mark.parametrize("name", ["portkey@9.9", "portkey@"])
def test_an_unknown_version_is_refused_by_naming_the_known_one(name: str) -> None:
    with pytest.raises(UsageError, match=r"portkey@1\.15\.2"):
        find_managed(name)


@pytest.fixture
def lock() -> dict[str, Any]:
    packages: dict[str, Any] = json.loads(lock_text())["packages"]
    return packages


def lock_text() -> str:
    return (portkey.SOURCE / "package-lock.json").read_text(encoding="utf-8")


def test_the_lock_file_names_no_host(lock: dict[str, Any]) -> None:
    assert "resolved" not in lock_text()
    assert "://" not in lock_text()
    assert all("integrity" in package for name, package in lock.items() if name)


def test_the_lock_file_holds_what_we_say_we_start(lock: dict[str, Any]) -> None:
    assert lock["node_modules/@portkey-ai/gateway"]["version"] == MANAGED["portkey"].version
    # with a newer node-server every streamed answer of Portkey is a 500
    assert lock["node_modules/@hono/node-server"]["version"] == "1.13.5"
    assert lock["node_modules/hono"]["version"] == "4.9.7"


@pytest.fixture
def target() -> Target:
    return portkey.portkey_target("http://127.0.0.1:7003", "1.15.2", ADDRESSES)


def config_of(target: Target) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(target.headers["x-portkey-config"])
    return config


def hosts(route: Mapping[str, Any]) -> list[str]:
    return [target["custom_host"] for target in route["targets"]]


def test_the_target_promises_what_this_gateway_promises(target: Target) -> None:
    assert (target.kind, target.name, target.version) == ("managed", "portkey", "1.15.2")
    assert target.upstream_url == ADDRESSES.url
    assert target.models.unreachable_primary == "claude-unreachable-primary"
    promises = target.promises
    assert promises.routes_on_metadata
    assert promises.fallback
    assert not promises.enforces_keys
    assert not promises.validates_metadata
    assert not promises.forwards_metadata


def test_the_keys_are_secret_and_new_each_time(target: Target) -> None:
    named = dict(target.secrets)
    providers = {f"{route}-provider-key" for route in ("primary", "backup", "other")}
    assert set(named) == {"api-key", *providers}
    assert named["api-key"] == target.api_key
    assert all(named[name] in target.headers["x-portkey-config"] for name in providers)
    again = portkey.portkey_target(target.base_url, "1.15.2", ADDRESSES)
    assert not set(named.values()) & {value for _, value in again.secrets}


def test_the_headers_are_ones_the_client_accepts(target: Target) -> None:
    GatewaySettings(base_url=target.base_url, custom_headers=target.headers)
    assert json.loads(target.headers["x-portkey-metadata"])["team"] == "engineering"


def test_requests_are_routed_by_model_then_by_team_else_to_quarantine(target: Target) -> None:
    config = config_of(target)
    strategy = config["strategy"]
    assert strategy["mode"] == "conditional"
    assert [(c["query"], c["then"]) for c in strategy["conditions"]] == [
        ({"params.model": {"$eq": "claude-unreachable-primary"}}, "dead-primary"),
        ({"params.model": {"$eq": "claude-impatient-primary"}}, "impatient"),
        ({"metadata.team": {"$eq": "engineering"}}, "known-team"),
        ({"metadata.team": {"$eq": "research"}}, "other-team"),
    ]
    assert strategy["default"] == "quarantine"
    routes = {route["name"]: route for route in config["targets"]}
    assert hosts(routes["dead-primary"]) == [
        "http://127.0.0.1:7002/v1",
        "http://127.0.0.1:7001/backup/v1",
    ]
    assert hosts(routes["known-team"]) == [
        "http://127.0.0.1:7001/v1",
        "http://127.0.0.1:7001/backup/v1",
    ]
    assert routes["quarantine"]["custom_host"] == "http://127.0.0.1:7001/other/v1"


def test_a_mistake_of_the_client_is_not_replayed(target: Target) -> None:
    routes = config_of(target)["targets"]
    strategies = [route["strategy"] for route in routes if "strategy" in route]
    usual = {"mode": "fallback", "on_status_codes": CODES}
    # 408 is what Portkey makes of a primary that is over the limit of its target
    hurried = {"mode": "fallback", "on_status_codes": [*CODES, 408]}
    assert strategies == [usual, hurried, usual]


def test_each_place_of_a_target_has_its_provider(target: Target) -> None:
    routes = config_of(target)["targets"]
    for place, provider in target.attribution.values.items():
        first, _, second = place.removeprefix("config.targets[").partition("].targets[")
        route = routes[int(first.rstrip("]"))]
        found = route["targets"][int(second.rstrip("]"))] if second else route
        host = found["custom_host"].removesuffix("/v1")
        assert host.rpartition("7001")[2].strip("/") == {"primary": ""}.get(provider, provider)


def test_a_damaged_installation_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npm, "install", lambda *_: tmp_path)
    with pytest.raises(RunError, match="damaged") as caught:
        portkey.start_portkey(ADDRESSES, tmp_path, print)
    assert "delete that folder" in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_gateway_on_every_interface_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere = [("127.0.0.1", 1), ("::", 8787)]
    monkeypatch.setattr(portkey, "listening_addresses", lambda _: everywhere)
    with pytest.raises(RunError, match=r"listens on :: port 8787.*refused"):
        portkey._check_loopback_only(1)


@dataclass
class Bench:
    """A real Portkey between a client and the scripted provider."""

    running: ManagedRunning
    app: DesktopApp
    provider: Provider
    said: list[str]

    def turn(
        self,
        plans: Mapping[str, Sequence[Plan]] | None = None,
        *,
        model: str | None = None,
        stream: bool = True,
        headers: Mapping[str, str | None] | None = None,
    ) -> tuple[Turn, list[Receipt]]:
        token = new_token()
        text = embed(Directive(token, plans or {}))
        turn = self.app.engine.turn(text, model=model, stream=stream, headers=headers)
        return turn, self.provider.receipts(token)


@pytest.fixture(scope="module")
def addresses() -> Iterator[ProviderAddresses]:
    child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
    yield ProviderAddresses(child.facts["url"], child.facts["refused_url"])
    child.stop()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if "GATECERT_CACHE" not in os.environ:
            patch.setenv("GATECERT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def bench(
    cache: None, addresses: ProviderAddresses, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    said: list[str] = []
    running = portkey.start_portkey(addresses, tmp_path_factory.mktemp("run"), said.append)
    target = running.target
    settings = GatewaySettings(target.base_url, target.api_key, custom_headers=target.headers)
    bench = Bench(running, DesktopApp(settings).launch(), Provider(addresses.url), said)
    yield bench
    bench.app.quit()
    bench.provider.close()
    running.stop()
    assert not running.alive
    log = running.process.log.read_text()
    assert not [name for name, value in target.secrets if value in log]


@real
@pytest.mark.portkey
class TestRealPortkey:
    def test_it_says_what_it_runs_and_listens_on_loopback_only(self, bench: Bench) -> None:
        assert bench.running.alive
        assert bench.running.target.version == "1.15.2"
        assert all("installing Portkey 1.15.2 from npm into " in line for line in bench.said)
        port = int(bench.running.target.base_url.rpartition(":")[2])
        assert listening_addresses(bench.running.process.pid) in (None, [("127.0.0.1", port)])

    def test_a_turn_reaches_the_primary_with_the_providers_key(self, bench: Bench) -> None:
        turn, receipts = bench.turn()
        assert turn.exchange.status == 200
        assert turn.assembled.problems == []
        assert [r.provider for r in receipts] == ["primary"]
        assert (
            receipts[0].header("x-api-key")
            == dict(bench.running.target.secrets)["primary-provider-key"]
        )

    def test_the_clients_betas_survive_nested_targets(self, bench: Bench) -> None:
        _, receipts = bench.turn(
            {"primary": (Plan(status=529),)}, headers={"anthropic-version": "2023-01-01"}
        )
        betas = ",".join(bench.app.engine.profile.betas("claude-sonnet-4-5"))
        assert [r.header("anthropic-beta") for r in receipts] == [betas, betas]
        assert {r.header("anthropic-version") for r in receipts} == {"2023-01-01"}

    @pytest.mark.parametrize("status", [429, 503, 529])
    def test_a_failing_primary_is_replaced_by_the_backup(self, bench: Bench, status: int) -> None:
        turn, receipts = bench.turn({"primary": (Plan(status=status),)})
        assert turn.exchange.status == 200
        assert [r.provider for r in receipts] == ["primary", "backup"]

    def test_a_mistake_of_the_client_is_not_replayed(self, bench: Bench) -> None:
        turn, receipts = bench.turn({"primary": (Plan(status=400),)})
        assert turn.exchange.status == 400
        assert [r.provider for r in receipts] == ["primary"]

    @pytest.mark.parametrize("stream", [True, False])
    def test_a_primary_that_refuses_connections_is_replaced(
        self, bench: Bench, stream: bool
    ) -> None:
        model = bench.running.target.models.unreachable_primary
        turn, receipts = bench.turn(model=model, stream=stream)
        assert turn.exchange.status == 200
        assert [r.provider for r in receipts] == ["backup"]

    @pytest.mark.parametrize(
        "metadata", ['{"team":"engineering",}', "{'team':'engineering'}", None]
    )
    def test_broken_metadata_goes_to_quarantine_and_nobody_is_told(
        self, bench: Bench, metadata: str | None
    ) -> None:
        turn, receipts = bench.turn(headers={"x-portkey-metadata": metadata})
        assert turn.exchange.status == 200
        assert [r.provider for r in receipts] == ["other"]

    def test_requests_without_a_model_are_routed_by_team(self, bench: Bench) -> None:
        since = bench.provider.hello()
        models = bench.app.discover_models()
        tokens = bench.app.engine.count_tokens("How long is this?")
        assert models.json()["data"]
        assert tokens.json() == {"input_tokens": 2095}
        seen = [(r.provider, r.target) for r in bench.provider.receipts_since(since)]
        assert seen == [
            ("primary", "/v1/models?limit=1000"),
            ("primary", "/v1/messages/count_tokens"),
        ]


@real
@pytest.mark.portkey
class TestRealProcess:
    def test_a_port_that_was_taken_is_left_alone(
        self,
        cache: None,
        addresses: ProviderAddresses,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        free = portkey._free_port()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            ports = iter([taken.getsockname()[1], free])
            monkeypatch.setattr(portkey, "_free_port", lambda: next(ports))
            running = portkey.start_portkey(addresses, tmp_path, print)
        running.stop()
        assert running.target.base_url == f"http://127.0.0.1:{free}"

    def test_a_script_that_fails_is_quoted(
        self, cache: None, addresses: ProviderAddresses, tmp_path: Path
    ) -> None:
        package = tmp_path / "package"
        (package / "build").mkdir(parents=True)
        (package / "build" / "start-server.js").write_text("null.x")
        with pytest.raises(RunError, match=r"Portkey 1\.15\.2 ended with 1: TypeError: Cannot"):
            portkey._start_process(package, tmp_path / "gateway.log")

    def test_it_does_not_outlive_a_parent_that_was_killed(
        self, cache: None, addresses: ProviderAddresses, tmp_path: Path
    ) -> None:
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT, addresses.url, addresses.refused_url, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert parent.stdout is not None
        with parent.stdout:
            pid = int(parent.stdout.readline())
        assert runs(pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        deadline = time.monotonic() + 5
        while runs(pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not runs(pid)


PARENT = """
import pathlib, sys, time
from gatecert.gateways.managed import find_managed
from gatecert.gateways.running import ProviderAddresses
url, refused_url, folder = sys.argv[1:]
say = lambda text: print(text, file=sys.stderr)
portkey = find_managed("portkey")
running = portkey.start(ProviderAddresses(url, refused_url), pathlib.Path(folder), say)
print(running.process.pid, flush=True)
time.sleep(60)
"""


def runs(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        os.kill(pid, 0)
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
