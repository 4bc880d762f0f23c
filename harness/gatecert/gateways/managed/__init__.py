"""Managed gateways: pinned releases that gatecert installs, starts and stops itself."""

from __future__ import annotations

from gatecert.errors import UsageError
from gatecert.gateways.managed.base import ManagedGateway, ManagedRunning
from gatecert.gateways.managed.portkey import PORTKEY

__all__ = ["MANAGED", "ManagedGateway", "ManagedRunning", "find_managed"]

MANAGED: dict[str, ManagedGateway] = {gateway.name: gateway for gateway in (PORTKEY,)}


def find_managed(name: str) -> ManagedGateway | None:
    """The managed gateway called ``name`` or ``name@version``, or None if there is none.

    Raises UsageError for a version that is not the pinned one.
    """
    plain, at, version = name.partition("@")
    gateway = MANAGED.get(plain)
    if gateway is None or not at or version == gateway.version:
        return gateway
    raise UsageError(
        f"{plain} {version or '(no version)'} is not known; "
        f"the pinned version is {plain}@{gateway.version}"
    )
