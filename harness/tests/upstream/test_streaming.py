from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from gatecert.upstream import Plan, Receipt
from gatecert.upstream.holding import Holding
from gatecert.upstream.receipts import Ledger
from gatecert.upstream.streaming import Streaming
from gatecert.wire import ClientGone, Headers, Reply

FRAMES = [b"one", b"two", b"three"]


@dataclass
class Heard:
    """A client that takes down what it gets."""

    said: list[Any] = field(default_factory=list)
    client_gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, status: int, headers: Headers) -> None:
        self.said.append(dict(headers) or status)

    async def send(self, data: bytes) -> None:
        if data:
            self.said.append(data)

    async def end(self) -> None:
        self.said.append("end")

    async def delivered(self) -> None:
        self.said.append("delivered")

    def abort(self, *, reset: bool = False) -> None:
        self.said.append("reset" if reset else "abort")


@dataclass
class Bench:
    """One stream of three frames, its client and its ledger."""

    plan: Plan
    heard: Heard = field(default_factory=Heard)
    ledger: Ledger = field(default_factory=Ledger)
    receipt: Receipt = field(default_factory=lambda: Receipt("t", "primary", 1, "", "", (), b""))

    async def send(self) -> str:
        reply = cast(Reply, self.heard)
        holding = Holding(self.plan, self.receipt, reply, self.ledger)
        streaming = Streaming(self.plan, self.receipt, reply, holding, coding="")
        return await streaming.send(FRAMES, [])

    async def said_when_held(self) -> list[Any]:
        for _ in range(10):
            await asyncio.sleep(0)
        return list(self.heard.said)


def sent(plan: Plan) -> tuple[str, list[Any]]:
    async def scenario() -> tuple[str, list[Any]]:
        bench = Bench(plan)
        return await bench.send(), bench.heard.said

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("plan", "outcome", "said"),
    [
        (Plan(), "answered", [200, *FRAMES, "end"]),
        (Plan(cut_events=0), "cut", [200, "abort"]),
        (Plan(cut_events=2, reset=True), "cut", [200, b"one", b"two", "delivered", "reset"]),
        (Plan(cut_events=3), "cut", [200, *FRAMES, "abort"]),
        (Plan(cut_bytes=4), "cut", [200, b"one", b"t", "abort"]),
        (Plan(cut_events=1, cut_bytes=2), "cut", [200, b"one", b"tw", "abort"]),
        (Plan(cut_bytes=11), "answered", [200, *FRAMES, "end"]),
        (Plan(chunks=(2, 4)), "answered", [200, b"on", b"etwo", b"thre", b"e", "end"]),
        (Plan(chunks=(2, 4), cut_bytes=3), "cut", [200, b"on", b"e", "abort"]),
        (Plan(measured=True), "answered", [{"content-length": "11"}, *FRAMES, "end"]),
    ],
)
def test_a_stream_is_written_and_broken_as_planned(
    plan: Plan, outcome: str, said: list[Any]
) -> None:
    assert sent(plan) == (outcome, said)


def test_each_hold_of_a_list_needs_a_release_of_its_own() -> None:
    async def scenario() -> None:
        bench = Bench(Plan(hold_after=[-1, 0, 2, 3], hold_ms=60_000))
        task = asyncio.create_task(bench.send())
        for before in ([], [200], [200, b"one", b"two"], [200, *FRAMES]):
            assert await bench.said_when_held() == before
            await bench.ledger.release("t")
        assert await task == "answered"
        assert bench.receipt.hold == "released"

    asyncio.run(scenario())


def test_who_does_not_release_in_time_is_not_waited_for_again() -> None:
    async def scenario() -> None:
        bench = Bench(Plan(hold_after=[1, 2], hold_ms=1))
        assert await bench.send() == "answered"
        assert bench.receipt.hold == "expired"

    asyncio.run(scenario())


def test_a_client_that_leaves_ends_a_hold() -> None:
    async def scenario() -> None:
        bench = Bench(Plan(hold_after=-1, hold_ms=60_000))
        bench.heard.client_gone.set()
        with pytest.raises(ClientGone):
            await bench.send()
        assert (bench.receipt.hold, bench.heard.said) == ("client-left", [])

    asyncio.run(scenario())
