from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.upstream import Receipt, receipts
from gatecert.upstream.receipts import Ledger, packed, unpacked

latin_1 = st.text(alphabet=st.characters(max_codepoint=0xFF), max_size=20)
arrived = st.builds(
    Receipt,
    token=latin_1,
    provider=st.sampled_from(["primary", "backup", "other"]),
    seq=st.integers(1),
    method=st.sampled_from(["GET", "POST", "HEAD"]),
    target=latin_1,
    headers=st.lists(st.tuples(latin_1, latin_1), max_size=5),
    body=st.binary(max_size=200),
    event_ns=st.lists(st.integers(0), max_size=3),
    status=st.integers(0, 599),
    outcome=st.sampled_from(["open", "answered", "cut", "dropped", "client-left"]),
    refused=st.text(max_size=9),
)


def receipt(target: str = "/v1/messages", body: bytes = b"") -> Receipt:
    return Receipt("t", "primary", 1, "POST", target, [("A", "1"), ("b", "2"), ("a", "3")], body)


def arrive(ledger: Ledger, token: str, provider: str = "primary", body: bytes = b"") -> Receipt:
    return ledger.open(token, provider, "POST", "/v1/messages", [], body)


@given(st.lists(arrived, max_size=3))
def test_receipts_survive_their_way_to_the_harness(kept: list[Receipt]) -> None:
    assert unpacked(packed(kept)) == kept


@given(st.lists(st.binary(), max_size=3))
def test_bodies_come_back_byte_for_byte(bodies: list[bytes]) -> None:
    found = unpacked(packed([receipt(body=body) for body in bodies]))
    assert [one.body for one in found] == bodies


@pytest.mark.parametrize("data", [b"", b"no json\n", b"\xff\n"])
def test_what_is_no_receipts_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpacked(data)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/v1/messages?beta=true", "/v1/messages", "beta=true"),
        ("/v1/messages", "/v1/messages", ""),
        ("//v1%2Fx?a?b", "//v1%2Fx", "a?b"),
    ],
)
def test_a_target_is_split_and_not_decoded(target: str, path: str, query: str) -> None:
    assert (receipt(target).path, receipt(target).query) == (path, query)


def test_all_values_of_a_header_are_joined() -> None:
    assert receipt().header("A") == "1, 3"
    assert receipt().header("B") == "2"
    assert receipt().header("c") is None


@pytest.mark.parametrize(("body", "parsed"), [(b'{"a":1}', {"a": 1}), (b"{", None), (b"", None)])
def test_a_body_is_json_or_none(body: bytes, parsed: object) -> None:
    assert receipt(body=body).json() == parsed


def test_attempts_are_counted_by_token_and_provider() -> None:
    ledger = Ledger()
    arrivals = [("a", "primary"), ("a", "primary"), ("b", "primary"), ("a", "backup")]
    opened = [arrive(ledger, *arrival) for arrival in arrivals]
    assert [ledger.attempt(one) for one in opened] == [0, 1, 0, 0]
    assert [one.seq for one in opened] == [1, 2, 3, 4]
    assert ledger.last_seq == 4


def test_receipts_are_found_by_token_and_by_number() -> None:
    ledger = Ledger()
    opened = [arrive(ledger, token) for token in "aba"]
    assert ledger.matching(token="a") == [opened[0], opened[2]]
    assert ledger.matching(since=1) == opened[1:]
    assert ledger.matching(token="a", since=1) == [opened[2]]
    assert ledger.matching(token="c") == []


def test_the_oldest_receipts_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "_MAX_RECEIPTS", 2)
    ledger = Ledger()
    opened = [arrive(ledger, "a") for _ in range(3)]
    assert ledger.matching() == opened[1:]


def test_bodies_are_kept_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "_MAX_KEPT_BODY_BYTES", 10)
    ledger = Ledger()
    for _ in range(3):
        arrive(ledger, "a", body=b"12345")
    assert [one.seq for one in ledger.matching()] == [2, 3]


def test_waiting_ends_when_the_last_answer_is_complete() -> None:
    async def scenario() -> list[str]:
        ledger = Ledger()
        first, second = arrive(ledger, "a"), arrive(ledger, "a")
        waiting = asyncio.create_task(ledger.settled("a", 5_000))
        await ledger.close(first, "answered")
        assert not waiting.done()
        await ledger.close(second, "cut")
        return [one.outcome for one in await waiting]

    assert asyncio.run(scenario()) == ["answered", "cut"]


def test_waiting_ends_with_its_limit() -> None:
    async def scenario() -> list[Receipt]:
        ledger = Ledger()
        arrive(ledger, "a")
        return await ledger.settled("a", 1)

    assert [one.outcome for one in asyncio.run(scenario())] == ["open"]


def test_waiting_for_a_request_ends_when_it_arrives_although_its_answer_is_open() -> None:
    async def scenario() -> list[str]:
        ledger = Ledger()
        arrive(ledger, "a")
        waiting = asyncio.create_task(ledger.arrived("a", 2, 5_000))
        arrive(ledger, "b")
        await ledger.wake()
        assert not waiting.done()
        arrive(ledger, "a")
        await ledger.wake()
        return [one.outcome for one in await waiting]

    assert asyncio.run(scenario()) == ["open", "open"]


def test_waiting_for_a_request_that_never_comes_ends_with_its_limit() -> None:
    assert asyncio.run(Ledger().arrived("a", 1, 1)) == []


def test_a_release_is_for_one_token_and_lasts() -> None:
    async def scenario() -> bool:
        ledger = Ledger()
        held = asyncio.create_task(ledger.wait_released("b"))
        await ledger.release("a")
        await asyncio.wait_for(ledger.wait_released("a"), 5)
        passed = held.done()
        held.cancel()
        return passed

    assert not asyncio.run(scenario())
