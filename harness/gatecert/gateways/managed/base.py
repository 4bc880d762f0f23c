"""What gatecert knows about a gateway that it can start itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatecert.gateways.running import ProviderAddresses, RunningGateway, Say

if TYPE_CHECKING:
    from gatecert.gateways.managed.process import ServerProcess
    from gatecert.gateways.target import Target

Start = Callable[[ProviderAddresses, Path, Say], RunningGateway]


@dataclass(frozen=True)
class ManagedGateway:
    """A pinned release of a known gateway.

    ``start(addresses, folder, say)`` routes it to the scripted provider, keeps its log in
    ``folder``, and returns it once it answers; it raises RunError.
    """

    name: str
    version: str
    description: str
    start: Start


@dataclass(frozen=True)
class ManagedRunning:
    """A managed gateway that is up, in a process of ours."""

    target: Target
    process: ServerProcess

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.alive

    def stop(self) -> None:
        """Stop the process."""
        self.process.stop()
