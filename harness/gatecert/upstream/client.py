"""The harness's side of the provider: fetch receipts, release held answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from gatecert.upstream.receipts import Receipt, unpacked
from gatecert.upstream.server import CONTROL_PREFIX


class ProviderUnreachable(Exception):
    """The provider's control address does not answer."""


class Provider:
    """Talks to a running upstream. Every call raises ProviderUnreachable if it is not there.

    ``timeout_s`` bounds each wait for it, in seconds.
    """

    def __init__(self, url: str, *, timeout_s: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self._client = httpx.Client(
            base_url=self.url + CONTROL_PREFIX,
            trust_env=False,
            verify=False,  # noqa: S501 - it is plain http, and reading the root store takes 20 ms
            timeout=httpx.Timeout(timeout_s),
        )

    def hello(self) -> int:
        """The number of the newest receipt."""
        return int(self._greeting()["seq"])

    def counts(self) -> dict[str, int]:
        """How many requests each provider has received so far."""
        found: dict[str, int] = self._greeting().get("received", {})
        return found

    def standalone(self) -> bool:
        """Whether it runs by itself (``gatecert upstream``) and does not end with a run."""
        return self._greeting().get("standalone") is True

    def receipts(self, token: str, *, wait_ms: float = 5000) -> list[Receipt]:
        """The receipts of a token, once their answers are complete or ``wait_ms`` have passed."""
        return self._receipts(f"/receipts/{token}", {"wait_ms": f"{wait_ms:.0f}"})

    def arrived(self, token: str, count: int, *, wait_ms: float = 5000) -> list[Receipt]:
        """The receipts of a token, once there are ``count`` or ``wait_ms`` have passed.

        Their answers may still be open.
        """
        query = {"count": str(count), "wait_ms": f"{wait_ms:.0f}"}
        return self._receipts(f"/receipts/{token}", query)

    def receipts_since(self, seq: int) -> list[Receipt]:
        """Every receipt newer than ``seq``, whatever its token."""
        return self._receipts("/receipts", {"since": str(seq)})

    def release(self, token: str) -> None:
        """Let an answer that is held go on."""
        try:
            self._client.post(f"/release/{token}").raise_for_status()
        except httpx.HTTPError as exc:
            raise ProviderUnreachable(f"{self.url}: {exc}") from exc

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _greeting(self) -> dict[str, Any]:
        answer = self._get("/hello", {}, json.loads)
        if not isinstance(answer, dict) or answer.get("gatecert") != "upstream":
            raise ProviderUnreachable(f"{self.url} is not a gatecert upstream")
        return answer

    def _receipts(self, path: str, query: dict[str, str]) -> list[Receipt]:
        found: list[Receipt] = self._get(path, query, unpacked)
        return found

    def _get(self, path: str, query: dict[str, str], read: Callable[[bytes], Any]) -> Any:
        try:
            response = self._client.get(path, params=query)
            response.raise_for_status()
            return read(response.content)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as exc:
            raise ProviderUnreachable(f"{self.url}: {exc}") from exc
