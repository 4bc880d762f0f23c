"""Portkey's open source gateway, as an administrator would set it up for Claude Desktop.

It authenticates nobody and keeps no configurations: routing comes with each request, in the header
``x-portkey-config``.

``portkey_npm`` holds the pinned packages. To renew its lock file, run there ``npm install
--package-lock-only --ignore-scripts --omit-lockfile-registry-resolved`` and drop every ``funding``:
the file names packages and their hashes, and no host.
"""

from __future__ import annotations

import json
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from gatecert.errors import RunError
from gatecert.gateways.managed import npm
from gatecert.gateways.managed.base import ManagedGateway, ManagedRunning
from gatecert.gateways.managed.listening import listening_addresses
from gatecert.gateways.managed.process import ServerProcess
from gatecert.gateways.promises import Attribution, FallbackPromise, Policy, Promises
from gatecert.gateways.target import Models, Target
from gatecert.gateways.targetfile import with_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gatecert.gateways.running import ProviderAddresses, Say

VERSION = "1.15.2"
TITLE = f"Portkey {VERSION}"
SOURCE = Path(__file__).with_name("portkey_npm")
UNREACHABLE_MODEL = "claude-unreachable-primary"
IMPATIENT_MODEL = "claude-impatient-primary"
OTHER_TEAM = "research"
METADATA = {"tenant": "acme", "user": "u1", "team": "engineering", "env": "prod"}

_LOOPBACK = "127.0.0.1"
# a client's mistake (400) is not worth a second provider
_FALLBACK_ON = (429, 500, 502, 503, 504, 529)
# the place of a target in the configuration, and which provider stands there
_OPTIONS = {
    "config.targets[2].targets[0]": "primary",
    "config.targets[2].targets[1]": "backup",
    "config.targets[3]": "other",
    "config.targets[4]": "other",
}
# what Portkey makes of a primary that is over its request_timeout
_TIMED_OUT = 408
_AFTER_MS = 500
# Portkey's page on Claude Code: releases before 2.22 lose the client's beta flags without it. The
# version goes along because the Messages API wants both unchanged.
_FORWARDED = ("anthropic-beta", "anthropic-version")


def start_portkey(addresses: ProviderAddresses, folder: Path, say: Say) -> ManagedRunning:
    """Install Portkey if need be, start it, and describe it as a target. Raises RunError."""
    package = npm.install(SOURCE, TITLE, say) / "node_modules" / "@portkey-ai" / "gateway"
    version = _installed_version(package)
    process, port = _start_process(package, folder / "gateway.log")
    target = portkey_target(f"http://{_LOOPBACK}:{port}", version, addresses)
    return ManagedRunning(target, process)


def portkey_target(base_url: str, version: str, addresses: ProviderAddresses) -> Target:
    """The target that a Portkey at ``base_url`` is, with fresh keys."""
    provider_keys = {
        route: f"gk-{route}-{secrets.token_urlsafe(24)}" for route in ("primary", "backup", "other")
    }
    config = routing_config(addresses, provider_keys)
    target = Target(
        name="portkey",
        kind="managed",
        version=version,
        base_url=base_url,
        api_key=f"gk-user-{secrets.token_urlsafe(24)}",
        headers={"x-portkey-metadata": _json(METADATA), "x-portkey-config": _json(config)},
        # a model for which the client sends an effort level
        models=Models(chat="claude-sonnet-4-6", unreachable_primary=UNREACHABLE_MODEL),
        promises=Promises(
            holds_provider_key=True,
            accepts_x_api_key=True,
            serves_models=True,
            serves_count_tokens=True,
            routes_on_metadata=True,
            fallback=True,
            # the vendor's guide for Claude Desktop: single-digit milliseconds
            overhead_p50_ms=10,
            overhead_first_event_p50_ms=10,
        ),
        fallback=FallbackPromise(
            statuses=_FALLBACK_ON, after_ms=_AFTER_MS, impatient_model=IMPATIENT_MODEL
        ),
        policy=Policy(
            rules="lenient", routes={"team": {METADATA["team"]: "primary", OTHER_TEAM: "other"}}
        ),
        attribution=Attribution(
            reader="response-header", header="x-portkey-last-used-option-index", values=_OPTIONS
        ),
        upstream_url=addresses.url,
        secrets=[(f"{route}-provider-key", key) for route, key in provider_keys.items()],
    )
    return with_secrets(target)


def routing_config(
    addresses: ProviderAddresses, provider_keys: Mapping[str, str]
) -> dict[str, Any]:
    """The value of ``x-portkey-config``: by model, then by team, else to quarantine."""

    def provider(route: str, url: str) -> dict[str, Any]:
        key = provider_keys[route]
        return {"provider": "anthropic", "api_key": key, "custom_host": url + "/v1"}

    backup = provider("backup", addresses.url + "/backup")
    return {
        "forward_headers": list(_FORWARDED),
        "strategy": {
            "mode": "conditional",
            "conditions": [
                {"query": {"params.model": {"$eq": UNREACHABLE_MODEL}}, "then": "dead-primary"},
                {"query": {"params.model": {"$eq": IMPATIENT_MODEL}}, "then": "impatient"},
                {"query": {"metadata.team": {"$eq": METADATA["team"]}}, "then": "known-team"},
                {"query": {"metadata.team": {"$eq": OTHER_TEAM}}, "then": "other-team"},
            ],
            "default": "quarantine",
        },
        "targets": [
            _fallback("dead-primary", [provider("primary", addresses.refused_url), backup]),
            _fallback(
                "impatient",
                [{**provider("primary", addresses.url), "request_timeout": _AFTER_MS}, backup],
                on=(*_FALLBACK_ON, _TIMED_OUT),
            ),
            _fallback("known-team", [provider("primary", addresses.url), backup]),
            {"name": "other-team", **provider("other", addresses.url + "/other")},
            {"name": "quarantine", **provider("other", addresses.url + "/other")},
        ],
    }


def _fallback(
    name: str, targets: Sequence[dict[str, Any]], on: Sequence[int] = _FALLBACK_ON
) -> dict[str, Any]:
    strategy = {"mode": "fallback", "on_status_codes": list(on)}
    return {"name": name, "strategy": strategy, "targets": list(targets)}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


def _installed_version(package: Path) -> str:
    try:
        return str(json.loads((package / "package.json").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError) as exc:
        folder = package.parents[2]
        raise RunError(f"{TITLE} in {folder} is damaged ({exc}): delete that folder") from None


def _start_process(package: Path, log: Path, tries: int = 3) -> tuple[ServerProcess, int]:
    port = _free_port()
    try:
        return _serving(package, port, log), port
    except RunError as exc:
        # someone took the port between our look and Portkey's
        if tries > 1 and "EADDRINUSE" in str(exc):
            return _start_process(package, log, tries - 1)
        raise


def _serving(package: Path, port: int, log: Path) -> ServerProcess:
    preload = (SOURCE / "loopback.mjs").as_uri()
    script = str(package / "build" / "start-server.js")
    node = npm.find_node(TITLE)
    command = [node, "--import", preload, script, f"--port={port}", "--headless"]
    process = ServerProcess.start(TITLE, command, log)
    try:
        process.wait_ready(lambda: _is_ready(process.pid, port))
        _check_loopback_only(process.pid)
    except BaseException:
        process.stop()
        raise
    return process


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _is_ready(pid: int, port: int) -> bool:
    try:
        answer = httpx.get(f"http://{_LOOPBACK}:{port}/", trust_env=False, timeout=1)
    except httpx.HTTPError:
        return False
    greets = answer.status_code == 200 and "AI Gateway" in answer.text
    # an empty list: somebody else's gateway answered at this port
    return greets and listening_addresses(pid) != []


def _check_loopback_only(pid: int) -> None:
    exposed = [a for a in listening_addresses(pid) or [] if a[0] != _LOOPBACK]
    if exposed:
        host, port = exposed[0]
        raise RunError(f"{TITLE} listens on {host} port {port}, not on loopback only: refused")


PORTKEY = ManagedGateway(
    name="portkey",
    version=VERSION,
    description="Portkey's open source AI gateway (Node.js, installed from npm once)",
    start=start_portkey,
)
