"""What a run may cost at a live provider: tokens are estimated before a request and counted after.

An estimate of four bytes a token is near enough for English and JSON, and too high rather than too
low for what is mostly schemas; the provider's own count takes its place as soon as it is there.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any

from gatecert.desktop import Exchange, OutgoingRequest, SseParser, assemble

_BYTES_PER_TOKEN = 4
_COUNTED = (
    "input_tokens",
    "output_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
)


@dataclass(frozen=True)
class Limits:
    """How much a run may ask for: requests, and tokens where they are counted."""

    requests: int
    tokens: int | None = None

    def each(self, workers: int) -> Limits:
        """The share of one of several processes."""
        tokens = None if self.tokens is None else self.tokens // workers
        return Limits(self.requests // workers, tokens)


class TokenCapExceeded(RuntimeError):
    """The run has spent as many tokens as it was allowed to, or the next request could."""


class TokenCap:
    """A limit on input and output tokens, shared by every transport of a process.

    ``processes`` is among how many the run's own limit was divided.
    """

    def __init__(self, limit: int, processes: int = 1) -> None:
        self.limit = limit
        self._whose = f" of each of {processes} workers" if processes > 1 else ""
        self.spent = 0
        self._lock = threading.Lock()

    def reserve(self, request: OutgoingRequest) -> int:
        """Set aside what a request may cost. Raises TokenCapExceeded if it may be too much."""
        estimate = estimated_tokens(request)
        with self._lock:
            if self.spent + estimate > self.limit:
                raise TokenCapExceeded(
                    f"{self.spent:,} of {self.limit:,} tokens{self._whose} are spent and the next "
                    f"request may take {estimate:,}; raise the limit with --max-tokens-total"
                )
            self.spent += estimate
        return estimate

    def settle(self, reserved: int, exchange: Exchange) -> None:
        """Put what was really spent in the place of what was set aside."""
        counted = counted_tokens(exchange)
        if counted is not None:
            with self._lock:
                self.spent += counted - reserved


def estimated_tokens(request: OutgoingRequest) -> int:
    """At most how many tokens a request will take, as far as its size tells; listing is free."""
    path = request.url.partition("?")[0]
    if request.method != "POST" or path.endswith("/count_tokens"):
        return 0
    most = _object(_parsed(request.body)).get("max_tokens")
    return len(request.body) // _BYTES_PER_TOKEN + 1 + (most if type(most) is int else 0)


def counted_tokens(exchange: Exchange) -> int | None:
    """What an answer says it has cost; None where it does not say, as one that broke off."""
    if exchange.status is not None and exchange.status >= 400:
        return 0  # nobody is charged for a refusal
    if exchange.is_event_stream:
        usage: Any = assemble(SseParser().feed(exchange.body)).usage
    else:
        usage = _object(_object(exchange.json()).get("usage"))
    if exchange.fault is not None or "output_tokens" not in usage:
        return None
    return sum(count for name in _COUNTED if type(count := usage.get(name)) is int)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
