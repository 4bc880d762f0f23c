"""How much the readers and the provider can take. Figures only: no time decides a test."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from configured import BASE, hives, launched, library, managed, url_of
from measuring import measured, note_rate
from pytest_benchmark.fixture import BenchmarkFixture

from gatecert.desktop import SseParser
from gatecert.desktop.config.sources import Source
from gatecert.record import Redactor
from gatecert.upstream import Block, Directive, Plan, embed, messages_api, new_token

EVENTS = 3_000
# message_start, a block's start and stop, ping, message_delta and message_stop come beside deltas
DELTAS = EVENTS - 6
KEYS = {
    "inferenceProvider": "gateway",
    "inferenceGatewayBaseUrl": BASE,
    "inferenceGatewayApiKey": "sk-1",
    **{f"aKeyNobodyKnows{number}": "x" * 40 for number in range(200)},
}


def plan(deltas: int = DELTAS) -> Plan:
    return Plan(blocks=[Block("text", [f"<{number}>" for number in range(deltas)])])


def one_byte_at_a_time(stream: bytes) -> int:
    parser = SseParser()
    return sum(len(parser.feed(stream[i : i + 1])) for i in range(len(stream)))


def test_reading_a_stream_byte_by_byte(benchmark: BenchmarkFixture) -> None:
    stream = b"".join(map(messages_api.encode, messages_api.events(plan(94), "gc-t", "m")))
    assert measured(benchmark, 20, one_byte_at_a_time, stream) == 100
    note_rate(benchmark, "bytes_per_s", len(stream))


def test_reading_settings_from_a_large_registry_file(benchmark: BenchmarkFixture) -> None:
    def read() -> list[Source]:
        return hives(KEYS, KEYS)

    assert len(measured(benchmark, 20, read)) == 2
    note_rate(benchmark, "keys_per_s", 2 * len(KEYS))


def test_launching_from_every_kind_of_source(benchmark: BenchmarkFixture) -> None:
    sources = [*hives(KEYS, KEYS), managed(), library()]
    assert url_of(measured(benchmark, 20, lambda: launched(*sources))) == BASE


def test_redacting_a_record_with_many_secrets(benchmark: BenchmarkFixture) -> None:
    secrets = [(f"key-{number}", f"gk-{number:040x}") for number in range(50)]
    record = {"results": [{"came": f"the key {value}" + "x" * 900} for _, value in secrets]}

    def redact() -> str:
        return json.dumps(Redactor(secrets).data(record))

    cleaned = measured(benchmark, 20, redact)
    assert cleaned.count("<redacted:") == len(secrets)
    assert not [value for _, value in secrets if value in cleaned]


@pytest.fixture
def ask(provider_url: str) -> Iterator[Callable[[], int]]:
    """Reads a long stream from the provider over loopback, and counts its events."""
    headers = {"x-api-key": "sk-test", "anthropic-version": "2023-06-01"}
    with httpx.Client(base_url=provider_url, headers=headers, trust_env=False) as http:

        def count() -> int:
            text = embed(Directive(new_token(), {"primary": (plan(),)}))
            messages = [{"role": "user", "content": text}]
            body = {"model": "m", "max_tokens": 9, "messages": messages, "stream": True}
            return http.post("/v1/messages", json=body).content.count(b"event: ")

        yield count


def test_the_providers_events(benchmark: BenchmarkFixture, ask: Callable[[], int]) -> None:
    assert measured(benchmark, 10, ask) == EVENTS
    note_rate(benchmark, "events_per_s", EVENTS)


def test_ten_times_the_work_takes_longer() -> None:
    """The measurement itself: what does more must show."""
    short, long = (
        b"".join(map(messages_api.encode, messages_api.events(plan(deltas), "gc-t", "m")))
        for deltas in (100, 1_000)
    )
    assert fastest(lambda: one_byte_at_a_time(long)) > fastest(lambda: one_byte_at_a_time(short))


def fastest(action: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return min(times)
