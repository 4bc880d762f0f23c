"""An answer that waits for its release, before its head or between its events."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gatecert.upstream.directives import Plan
from gatecert.upstream.receipts import Ledger, Receipt
from gatecert.wire import ClientGone, Reply

BEFORE_THE_HEAD = -1
BEFORE_THE_BODY = 0


class Holding:
    """The holds of one answer, each of them once."""

    def __init__(self, plan: Plan, receipt: Receipt, reply: Reply, ledger: Ledger) -> None:
        self._holds = set(_listed(plan.hold_after))
        self._hold_s = plan.hold_ms / 1000
        self._receipt = receipt
        self._reply = reply
        self._ledger = ledger
        self._times = 0

    async def pause(self, number: int) -> None:
        """Wait for the release if the plan holds after so many events. Raises ClientGone."""
        if number not in self._holds:
            return
        self._holds.discard(number)
        self._times += 1
        wait = self._ledger.wait_released(self._receipt.token, self._times)
        released = asyncio.create_task(wait)
        left = asyncio.create_task(self._reply.client_gone.wait())
        await asyncio.wait(
            {released, left}, timeout=self._hold_s, return_when=asyncio.FIRST_COMPLETED
        )
        outcomes = {released: "released", left: "client-left"}
        done = [name for task, name in outcomes.items() if task.done()]
        for task in outcomes:
            task.cancel()
        self._receipt.hold = done[0] if done else "expired"
        if not done:
            self._holds.clear()  # nobody lets it go: held once is held in vain
        if self._receipt.hold == "client-left":
            raise ClientGone


def _listed(hold_after: int | Sequence[int] | None) -> Sequence[int]:
    if hold_after is None:
        return ()
    return (hold_after,) if isinstance(hold_after, int) else hold_after
