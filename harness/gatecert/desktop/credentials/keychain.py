"""Where secrets rest on a user's machine."""

from __future__ import annotations

from typing import Protocol

from gatecert.desktop.secret import Secret


class Keychain(Protocol):
    """A store of secrets by service and account, as operating systems have one."""

    def get(self, service: str, account: str) -> Secret | None:
        """The secret, or None."""

    def put(self, service: str, account: str, secret: Secret) -> None:
        """Keep a secret in place of an earlier one."""

    def remove(self, service: str, account: str) -> None:
        """Forget a secret, if there is one."""


class MemoryKeychain:
    """A keychain that ends with the process: nothing of it reaches a disk."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Secret] = {}

    def get(self, service: str, account: str) -> Secret | None:
        """The secret, or None."""
        return self._kept.get((service, account))

    def put(self, service: str, account: str, secret: Secret) -> None:
        """Keep a secret in place of an earlier one."""
        self._kept[service, account] = secret

    def remove(self, service: str, account: str) -> None:
        """Forget a secret, if there is one."""
        self._kept.pop((service, account), None)
