"""The processes of a run: the scripted provider and, unless it is external, the gateway."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from gatecert.desktop import GatewaySettings, SettingsError
from gatecert.errors import RunError, UsageError
from gatecert.gateways.embedded import start_embedded
from gatecert.gateways.managed import find_managed
from gatecert.gateways.running import (
    ExternalRunning,
    ProviderAddresses,
    RunningGateway,
    Say,
)
from gatecert.gateways.target import Target
from gatecert.session.options import RunOptions
from gatecert.upstream import Provider, ProviderUnreachable
from gatecert.wire import Child, ChildError

_REACH_TRIES = 3


@dataclass
class Services:
    """What runs for the sake of a run; :meth:`stop` ends exactly that."""

    gateway: RunningGateway
    stack: ExitStack

    @property
    def target(self) -> Target:
        """The gateway under test."""
        return self.gateway.target

    def stop(self) -> None:
        """Stop gateway and provider, in that order."""
        self.stack.close()


def start_services(options: RunOptions, folder: Path, say: Say) -> Services:
    """Start what the options ask for, and see that the gateway answers.

    ``folder`` receives logs. Raises UsageError and RunError; whatever had been started by then is
    stopped again.
    """
    options.check()
    external = options.external()
    with ExitStack() as stack:
        if external is not None:
            upstream_url = _external_provider(external.listen, folder, stack)
            target = replace(external.target, upstream_url=upstream_url)
            gateway: RunningGateway = ExternalRunning(target)
        else:
            addresses = _start_provider("127.0.0.1:0", folder, stack)
            gateway = _start_gateway(options, addresses, folder, say)
        stack.callback(gateway.stop)
        check_settings(gateway.target)
        check_reachable(gateway.target.base_url)
        return Services(gateway, stack.pop_all())


def settings_of(target: Target) -> GatewaySettings:
    """The settings an administrator would give the client for this target.

    Raises SettingsError with the client's own message.
    """
    return GatewaySettings(
        base_url=target.base_url,
        api_key=target.api_key,
        auth_scheme=target.auth_scheme,
        custom_headers=target.headers,
        chat_model=target.models.chat,
        background_model=target.models.background,
    )


def check_settings(target: Target) -> None:
    """Raise UsageError if the client itself would refuse these settings."""
    try:
        settings_of(target)
    except SettingsError as exc:
        raise UsageError(f"Claude Desktop would refuse these settings: {exc}") from None


def reachable(base_url: str) -> str:
    """Why the gateway's address does not take connections, or ``""`` if it does."""
    parts = urlsplit(base_url if "://" in base_url else "https://" + base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    trouble = ""
    for _ in range(_REACH_TRIES):
        try:
            socket.create_connection((parts.hostname or "", port), timeout=3).close()
        except OSError as exc:
            trouble = exc.strerror or str(exc)
            time.sleep(0.05)
        else:
            return ""
    return trouble


def check_reachable(base_url: str) -> None:
    """Raise RunError if nothing listens at the gateway's address."""
    trouble = reachable(base_url)
    if trouble:
        raise RunError(
            f"the gateway at {base_url} cannot be reached ({trouble}); "
            "start it, or correct the base URL"
        )


def _start_gateway(
    options: RunOptions, addresses: ProviderAddresses, folder: Path, say: Say
) -> RunningGateway:
    managed = find_managed(options.target)
    if managed is not None:
        return managed.start(addresses, folder, say)
    return start_embedded(
        addresses, defect=options.defect, variant=options.variant, log=folder / "gateway.log"
    )


def _external_provider(listen: str, folder: Path, stack: ExitStack) -> str:
    if not listen:
        return ""
    running = _already_there(listen)
    return running or _start_provider(listen, folder, stack).url


def _already_there(listen: str) -> str:
    """The URL of a ``gatecert upstream`` that already listens there, or ``""``."""
    url = f"http://{listen}"
    provider = Provider(url)
    try:
        provider.hello()
    except ProviderUnreachable:
        return ""
    finally:
        provider.close()
    return url


def _start_provider(listen: str, folder: Path, stack: ExitStack) -> ProviderAddresses:
    try:
        child = Child.python(
            "the scripted provider", "gatecert.upstream", [listen], log=folder / "provider.log"
        )
    except ChildError as exc:
        raise RunError(f"{exc}; free it, or choose another with [upstream] listen") from None
    stack.callback(child.stop)
    return ProviderAddresses(child.facts["url"], child.facts["refused_url"])
