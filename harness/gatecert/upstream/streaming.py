"""A streamed answer being sent: its writes, waits and breaks, as the plan says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from gatecert.upstream.directives import Plan
from gatecert.upstream.framing import Writes
from gatecert.upstream.holding import BEFORE_THE_HEAD, Holding
from gatecert.upstream.receipts import Receipt
from gatecert.wire import Headers, Reply


class Streaming:
    """Sends one stream, once, in a content coding (``""`` for none)."""

    def __init__(
        self, plan: Plan, receipt: Receipt, reply: Reply, holding: Holding, coding: str
    ) -> None:
        self._plan = plan
        self._receipt = receipt
        self._reply = reply
        self._holding = holding
        self._writes = Writes(plan.chunks, coding)
        inside = plan.cut_bytes is not None
        self._cut_event = None if inside else plan.cut_events
        self._counted_from = (plan.cut_events or 0) if inside else 0
        self._sent_bytes = 0

    async def send(self, frames: Iterable[bytes], headers: Headers) -> str:
        """Send the frames; returns the receipt's outcome. Raises ClientGone."""
        if self._plan.measured:
            frames = list(frames)
            headers = [*headers, ("content-length", str(sum(map(len, frames))))]
        await self._holding.pause(BEFORE_THE_HEAD)
        await self._reply.start(self._plan.status, headers)
        number = 0
        for number, frame in enumerate(frames, start=1):
            await self._holding.pause(number - 1)
            if self._cut_event == number - 1 or not await self._event(frame, number):
                return await self._cut()
        await self._holding.pause(number)
        if not await self._write(self._writes.rest()) or self._cut_event == number:
            return await self._cut()
        await self._reply.end()
        return "answered"

    async def _event(self, frame: bytes, number: int) -> bool:
        """Send an event (numbered from 1); False where the plan cuts it."""
        if number > 1 and (gap_ms := _gap(self._plan, number - 1)):
            await asyncio.sleep(gap_ms / 1000)
        now = time.monotonic_ns()
        self._receipt.first_write_ns = self._receipt.first_write_ns or now
        self._receipt.event_ns.append(now)
        for data in self._writes.of(frame):
            if not await self._write(data, counts=number > self._counted_from):
                return False
        return True

    async def _write(self, data: bytes, *, counts: bool = True) -> bool:
        limit = self._plan.cut_bytes if counts else None
        if limit is not None and self._sent_bytes + len(data) > limit:
            await self._reply.send(data[: limit - self._sent_bytes])
            return False
        await self._reply.send(data)
        self._sent_bytes += len(data) if counts else 0
        return True

    async def _cut(self) -> str:
        if self._plan.reset:
            await self._reply.delivered()  # or what the reset swallows would move the cut
        self._reply.abort(reset=self._plan.reset)
        return "cut"


def _gap(plan: Plan, number: int) -> float:
    """The wait in ms before event ``number`` (from 1)."""
    if isinstance(plan.gap_ms, int | float):
        return plan.gap_ms
    return plan.gap_ms[min(number, len(plan.gap_ms)) - 1] if plan.gap_ms else 0
