"""What every gateway under test has in common once it is up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gatecert.gateways.target import Target

Say = Callable[[str], None]


@dataclass(frozen=True)
class ProviderAddresses:
    """Where the scripted provider listens, and an address on loopback that refuses connections."""

    url: str
    refused_url: str


class RunningGateway(Protocol):
    """A gateway that is up."""

    @property
    def target(self) -> Target:
        """The gateway as a target."""

    @property
    def alive(self) -> bool:
        """Whether the process we started still runs; True for one that is not ours."""

    def stop(self) -> None:
        """End what we started, and nothing else."""


@dataclass(frozen=True)
class ExternalRunning:
    """A gateway that runs without us."""

    target: Target
    alive: bool = True

    def stop(self) -> None:
        """Nothing is ours to stop."""
