"""The processes of a run: the scripted provider and, unless it is external, the gateway."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import ExitStack
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from gatecert.desktop import GatewaySettings, SettingsError
from gatecert.desktop.settings import normal_base_url
from gatecert.errors import RunError, UsageError
from gatecert.gateways.embedded import start_embedded
from gatecert.gateways.managed import find_managed
from gatecert.gateways.modes import modes
from gatecert.gateways.running import (
    ExternalRunning,
    ProviderAddresses,
    RunningGateway,
    Say,
)
from gatecert.gateways.target import Target
from gatecert.session.options import RunOptions
from gatecert.upstream import Provider, ProviderUnreachable
from gatecert.upstream.address import provider_url
from gatecert.wire import Child, ChildError

_REACH_TRIES = 3
_LIMIT_S = 3.0
_ANY_PORT = "127.0.0.1:0"
_ANOTHER = "choose another with [upstream] listen or --upstream-listen"


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
            addresses = _start_provider(_ANY_PORT, folder, stack)
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
        chat_model=target.turn_model or target.models.chat,
        background_model=target.models.background,
    )


def check_settings(target: Target) -> None:
    """Raise UsageError for settings that the client would refuse, or could not send."""
    try:
        settings = settings_of(target)
        for key in filter(None, astuple(target.keys)):
            replace(settings, api_key=key)
    except SettingsError as exc:
        raise UsageError(f"the gateway's settings cannot be used: {exc}") from None


def reachable(base_url: str) -> str:
    """Why the gateway's address does not take connections, or ``""`` if it does."""
    trouble = ""
    for _ in range(_REACH_TRIES):
        try:
            _connect(_parts(base_url)).close()
        except (OSError, ValueError) as exc:  # ValueError: a name that cannot be looked up
            trouble = getattr(exc, "strerror", None) or str(exc)
            time.sleep(0.05)
        else:
            return ""
    return trouble


def answers(base_url: str) -> bool:
    """Whether the gateway says anything at all to a HEAD on a connection of its own, within 3 s."""
    deadline = time.monotonic() + _LIMIT_S
    try:
        parts = _parts(base_url)
        with _connect(parts) as sock:
            sock.settimeout(max(0.001, deadline - time.monotonic()))
            with _secured(sock, parts) as channel:
                channel.sendall(_head(parts))
                channel.settimeout(max(0.001, deadline - time.monotonic()))
                return bool(channel.recv(1))
    except (OSError, ValueError):
        return False


def _parts(base_url: str) -> SplitResult:
    return urlsplit(normal_base_url(base_url))


def _connect(parts: SplitResult) -> socket.socket:
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return socket.create_connection((parts.hostname or "", port), timeout=_LIMIT_S)


def _secured(sock: socket.socket, parts: SplitResult) -> socket.socket:
    if parts.scheme != "https":
        return sock
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # nothing secret is sent, and only life is asked about
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(sock, server_hostname=parts.hostname)


def _head(parts: SplitResult) -> bytes:
    lines = (f"HEAD {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close")
    return "\r\n".join((*lines, "Accept: */*", "", "")).encode("ascii")


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
    for sentence in modes()[options.mode].invented:
        say(f"mode {options.mode}, made up: {sentence}")
    return start_embedded(
        addresses,
        defect=options.defect,
        variant=options.variant,
        mode=options.mode,
        log=folder / "gateway.log",
    )


def _external_provider(listen: str, folder: Path, stack: ExitStack) -> str:
    if not listen:
        return ""
    running = _already_there(listen)
    return running or _start_provider(listen, folder, stack).url


def _already_there(listen: str) -> str:
    """The URL of a ``gatecert upstream`` that already listens there, or ``""``.

    Raises RunError if it is another run's: it would end with that run, in the middle of this one.
    """
    host, _, port = listen.rpartition(":")
    url = provider_url(host.strip("[]"), int(port))
    provider = Provider(url, timeout_s=_LIMIT_S)
    try:
        shared = provider.standalone()
    except ProviderUnreachable:
        return ""
    finally:
        provider.close()
    if not shared:
        raise RunError(
            f"the provider's address {listen} is in use by another run; wait for it, or {_ANOTHER}"
        )
    return url


def _start_provider(listen: str, folder: Path, stack: ExitStack) -> ProviderAddresses:
    try:
        child = Child.python(
            "the scripted provider", "gatecert.upstream", [listen], log=folder / "provider.log"
        )
    except ChildError as exc:
        raise RunError(f"{exc}{_address_advice(exc, listen)}") from None
    stack.callback(child.stop)
    return ProviderAddresses(child.facts["url"], child.facts["refused_url"])


def _address_advice(exc: ChildError, listen: str) -> str:
    """What to do if the address is the cause, and was chosen by the user."""
    if "address" not in exc.facts or listen == _ANY_PORT:
        return ""
    return f"; {'free it, or ' if exc.facts.get('in_use') else ''}{_ANOTHER}"
