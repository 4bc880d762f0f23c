"""What the app says of a model discovery and of a connection test, in its own words. No I/O.

The host process was never recorded: the messages come from reports and from what a third party read
out of the client. Which of them stands for 402, 404 and 422 is inferred.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from gatecert.desktop.exchange import Exchange
from gatecert.desktop.models import usable_models

# reported: what a client that knows no model asks for
PROBE_OF_LAST_RESORT = "anthropic/claude-3-haiku"
MODELS, MESSAGES = "/v1/models", "/v1/messages"
_MOST_BODY = 2000
_REJECTED = "Your connection works, but the provider rejected a test request"


@dataclass(frozen=True)
class Diagnosis:
    """One line of the *Test connection* window. ``http_status`` is None when no answer came.

    ``heading`` stands above it. ``response_body`` is the gateway's own text, cut short; it is not
    to be trusted.
    """

    ok: bool
    message: str
    endpoint: str
    request_url: str
    http_status: int | None = None
    probed_model: str = ""
    response_body: str = field(default="", repr=False)
    log: str = ""

    @property
    def heading(self) -> str:
        """What stands above a refused credential; nothing above the rest."""
        refused = self.endpoint == MESSAGES and self.http_status in (401, 403)
        return f"Couldn't sign in to {urlsplit(self.request_url).netloc}" if refused else ""


def probe_model(configured: Sequence[str], discovered: Sequence[str]) -> str:
    """The model of a connection test: the first configured, else a discovered haiku."""
    if configured:
        return configured[0]
    haikus = [name for name in discovered if "haiku" in name.lower()]
    return haikus[0] if haikus else PROBE_OF_LAST_RESORT


def diagnose_discovery(exchange: Exchange) -> Diagnosis:
    """What the app says of a ``/v1/models`` exchange. Redirects are not followed."""
    if exchange.status is None:
        return _diagnosis(exchange, MODELS, "Gateway was unreachable")
    if exchange.status != 200:
        message = f"Gateway /v1/models returned HTTP {exchange.status}."
        return _diagnosis(exchange, MODELS, message)
    body = exchange.json()
    listed = body.get("data") if isinstance(body, dict) else None
    if exchange.fault is not None or not isinstance(listed, list):
        message = "Gateway /v1/models returned an unexpected body."
        return _diagnosis(exchange, MODELS, message)
    return _counted(exchange, listed, usable_models(body))


def diagnose_probe(exchange: Exchange, model: str) -> Diagnosis:
    """What the app says of the one-token request of a connection test."""
    message = _fault_of_probe(exchange, model)
    return _diagnosis(exchange, MESSAGES, message or "OK", model, ok=not message)


def _counted(exchange: Exchange, listed: list[Any], usable: list[str]) -> Diagnosis:
    if not listed:
        return _diagnosis(exchange, MODELS, "Gateway /v1/models: found 0 models")
    if not usable:
        log = f"Gateway /v1/models returned 0 usable models {{ rawCount: {len(listed)} }}"
        return _diagnosis(
            exchange, MODELS, "Gateway returned no usable models.", log=f"[custom-3p] {log}"
        )
    return _diagnosis(exchange, MODELS, f"found {len(usable)} models", ok=True)


def _fault_of_probe(exchange: Exchange, model: str) -> str:
    """Empty for an answer that passes."""
    status = exchange.status
    if status is None:
        return "Gateway was unreachable"
    if status in (401, 403):  # 403 for a model outside the plan reads the same, and misleads
        return f"Gateway rejected the configured credential (HTTP {status})"
    if status == 400:
        return f'Gateway rejected model "{model}" (HTTP 400)'
    if status == 404:
        return "Configured model not available"
    if status in (402, 422):
        return f"{_REJECTED} (HTTP {status})"
    if status != 200:
        return f"Gateway returned HTTP {status}"
    body = exchange.json()
    content = body.get("content") if isinstance(body, dict) else None
    if exchange.fault is not None or not isinstance(content, list):
        return "Gateway /v1/messages returned an unexpected body."
    return ""


def _diagnosis(
    exchange: Exchange,
    endpoint: str,
    message: str,
    model: str = "",
    *,
    ok: bool = False,
    log: str = "",
) -> Diagnosis:
    return Diagnosis(
        ok,
        message,
        endpoint,
        exchange.request.url,
        exchange.status,
        model,
        "" if ok else exchange.text[:_MOST_BODY],
        log,
    )
