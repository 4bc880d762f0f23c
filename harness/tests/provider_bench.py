"""A running provider on a bench, with a client for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from gatecert.desktop import ServerSentEvent, SseParser
from gatecert.upstream import (
    Directive,
    Plan,
    Provider,
    Receipt,
    embed,
    new_token,
)

LIMIT = httpx.Timeout(10)
HEADERS = {"x-api-key": "sk-test", "anthropic-version": "2023-06-01"}


def body_with(text: str, **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"model": "m", "max_tokens": 9, "messages": messages, "stream": True, **fields}


@dataclass(frozen=True)
class Script:
    """What one token's requests look like and earn."""

    token: str
    body: dict[str, Any]


def script(plans: Plan | Mapping[str, Any], **fields: Any) -> Script:
    named = {"primary": (plans,)} if isinstance(plans, Plan) else plans
    token = new_token()
    return Script(token, body_with(embed(Directive(token, named)), **fields))


@dataclass(frozen=True)
class Bench:
    """A running provider, a client for it, and the harness's side."""

    url: str
    http: httpx.Client
    provider: Provider

    def post(
        self,
        wanted: Script,
        path: str = "/v1/messages",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        return self.http.post(path, json=wanted.body, headers=headers)

    def read(self, wanted: Script) -> tuple[bytes, bool]:
        """What came of a stream, and whether it broke off."""
        came = b""
        with self.http.stream("POST", "/v1/messages", json=wanted.body) as response:
            try:
                for piece in response.iter_raw():
                    came += piece
            except (httpx.RemoteProtocolError, httpx.ReadError):
                return came, True
        return came, False

    def receipt(self, wanted: Script) -> Receipt:
        (receipt,) = self.provider.receipts(wanted.token)
        return receipt


def events(raw: bytes) -> list[ServerSentEvent]:
    return SseParser().feed(raw)


def kind(response: httpx.Response) -> str:
    return str(response.json()["error"]["type"])
