"""Receipts: what reached the provider, kept by token."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gatecert.upstream.shortening import LARGE_BODY_BYTES, short_body

_MAX_RECEIPTS = 20_000
_MAX_KEPT_BODY_BYTES = 256 * 1024 * 1024


@dataclass
class Receipt:
    """One request that arrived at a provider, and what became of its answer.

    ``target`` is the raw request target after the provider's own prefix; ``headers`` keep order
    and case. Times are nanoseconds of the machine's monotonic clock. ``outcome`` is one of
    ``open``, ``answered``, ``cut``, ``dropped`` and ``client-left``; ``hold`` is one of ``""``,
    ``released``, ``expired`` and ``client-left``. ``connection`` numbers the connections to the
    provider from 1. A body of more than 4 MB is kept in short (see :mod:`.shortening`); then
    ``large_bytes`` is its size.
    """

    token: str
    provider: str
    seq: int
    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    http_version: str = "1.1"
    connection: int = 0
    arrived_ns: int = field(default_factory=time.monotonic_ns)
    first_write_ns: int = 0
    event_ns: list[int] = field(default_factory=list)
    status: int = 0
    outcome: str = "open"
    hold: str = ""
    refused: str = ""
    large_bytes: int = 0

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query without its question mark."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str | None:
        """All values of a header joined by a comma, or None."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self) -> Any:
        """The body as JSON, or None if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def packed(receipts: Sequence[Receipt]) -> bytes:
    """Receipts for transport: a line of JSON without the bodies, then all bodies as they are."""
    heads = [{**vars(r), "body": len(r.body)} for r in receipts]
    return b"".join([json.dumps(heads).encode(), b"\n", *(r.body for r in receipts)])


def unpacked(data: bytes) -> list[Receipt]:
    """The receipts that :func:`packed` wrote. Raises ValueError for anything else."""
    line, _, bodies = data.partition(b"\n")
    found, start = [], 0
    for head in json.loads(line):
        end = start + head["body"]
        headers = [(str(key), str(value)) for key, value in head["headers"]]
        found.append(Receipt(**{**head, "body": bodies[start:end], "headers": headers}))
        start = end
    return found


class Ledger:
    """All receipts, bounded in number and size; the oldest go first."""

    def __init__(self) -> None:
        self._receipts: OrderedDict[int, Receipt] = OrderedDict()
        self._seq = 0
        self.received: Counter[str] = Counter()
        self._kept_bytes = 0
        self._changed = asyncio.Condition()
        self._released: Counter[str] = Counter()

    @property
    def last_seq(self) -> int:
        """The number of the newest receipt."""
        return self._seq

    def open(
        self,
        token: str,
        provider: str,
        method: str,
        target: str,
        headers: Any,
        body: bytes,
        http_version: str = "1.1",
        connection: int = 0,
    ) -> Receipt:
        """Start the receipt of a request that has just arrived."""
        self._seq += 1
        self.received[provider] += 1
        large = len(body) if len(body) > LARGE_BODY_BYTES else 0
        body = short_body(body) if large else body
        receipt = Receipt(
            token, provider, self._seq, method, target, headers, body, http_version, connection
        )
        receipt.large_bytes = large
        self._receipts[self._seq] = receipt
        self._kept_bytes += len(body)
        while len(self._receipts) > _MAX_RECEIPTS or self._kept_bytes > _MAX_KEPT_BODY_BYTES:
            _, oldest = self._receipts.popitem(last=False)
            self._kept_bytes -= len(oldest.body)
        return receipt

    async def close(self, receipt: Receipt, outcome: str) -> None:
        """Say what became of the answer."""
        receipt.outcome = outcome
        await self.wake()

    def attempt(self, receipt: Receipt) -> int:
        """How often this token had come to this provider before."""
        return sum(
            1
            for other in self._receipts.values()
            if other.token == receipt.token
            and other.provider == receipt.provider
            and other.method == receipt.method
            and other.seq < receipt.seq
        )

    def matching(self, *, token: str | None = None, since: int = 0) -> list[Receipt]:
        """Receipts of a token, or all, that are newer than ``since``."""
        return [
            receipt
            for receipt in self._receipts.values()
            if receipt.seq > since and (token is None or receipt.token == token)
        ]

    async def settled(self, token: str, wait_ms: float) -> list[Receipt]:
        """The receipts of a token, once none is open or ``wait_ms`` have passed."""

        def none_open() -> bool:
            return all(r.outcome != "open" for r in self.matching(token=token))

        return await self._once(none_open, token, wait_ms)

    async def arrived(self, token: str, count: int, wait_ms: float) -> list[Receipt]:
        """The receipts of a token, once there are ``count`` or ``wait_ms`` have passed."""
        return await self._once(lambda: len(self.matching(token=token)) >= count, token, wait_ms)

    async def wake(self) -> None:
        """Let whoever waits look again: a request has arrived."""
        async with self._changed:
            self._changed.notify_all()

    async def _once(
        self, condition: Callable[[], bool], token: str, wait_ms: float
    ) -> list[Receipt]:
        async with self._changed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait_for(condition), wait_ms / 1000)
        return self.matching(token=token)

    async def release(self, token: str) -> None:
        """Let an answer that is held go on, to its next hold if it has more than one."""
        async with self._changed:
            self._released[token] += 1
            self._changed.notify_all()

    async def wait_released(self, token: str, times: int = 1) -> None:
        """Return when the token has been released so often."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._released[token] >= times)
