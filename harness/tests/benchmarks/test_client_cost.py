"""What one check costs the client. Figures only: no time decides whether a test passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from measuring import measured
from pytest_benchmark.fixture import BenchmarkFixture

from gatecert.desktop import (
    ENGINE_DESKTOP,
    DesktopApp,
    GatewaySettings,
    SseParser,
    Turn,
    assemble,
    shapes,
)
from gatecert.record import Redactor
from gatecert.upstream import Block, Directive, Plan, Provider, embed, messages_api, new_token

SECRETS = [(f"key-{n}", f"gk-user-{n:032x}") for n in range(5)]
LONG = Plan(blocks=[Block("text", [f"<{number}> " for number in range(1_494)])])


def turn_body(text: str) -> bytes:
    messages = [shapes.first_message(text)]
    model = "claude-sonnet-4-5"
    body = shapes.turn_body(ENGINE_DESKTOP, model, messages, session_id="s", stream=True)
    return shapes.encode(body)


def long_stream() -> bytes:
    return b"".join(map(messages_api.encode, messages_api.events(LONG, "gc-t", "m")))


def test_parsing_1500_events(benchmark: BenchmarkFixture) -> None:
    stream = long_stream()
    pieces = [stream[i : i + 4_096] for i in range(0, len(stream), 4_096)]

    def parse() -> int:
        parser = SseParser()
        return sum(len(parser.feed(piece)) for piece in pieces)

    assert measured(benchmark, 20, parse) == 1_500


def test_assembling_1500_events(benchmark: BenchmarkFixture) -> None:
    events = SseParser().feed(long_stream())
    found = measured(benchmark, 20, assemble, events)
    assert (found.text, found.problems) == (LONG.blocks[0].joined, [])


def test_redacting_a_turns_body(benchmark: BenchmarkFixture) -> None:
    text = turn_body(f"my key is {SECRETS[3][1]}").decode()

    def redact() -> str:
        return Redactor(SECRETS).text(text)  # a new one each time, as for each requirement

    cleaned = measured(benchmark, 20, redact)
    assert len(text) > 100_000
    assert cleaned == text.replace(SECRETS[3][1], "<redacted:key-3>")


@dataclass(frozen=True)
class Road:
    """Three ways to get the same answer from the same provider."""

    app: DesktopApp
    http: httpx.Client
    provider: Provider

    def bare(self, body: bytes) -> bytes:
        """The plain library, with a body that lies ready."""
        return self.http.post("/v1/messages", content=body).content

    def turn(self, text: str) -> Turn:
        """One turn of the engine, from its body to the assembled message."""
        turn = self.app.engine.turn(text)
        assert turn.assembled.ended
        return turn

    def check(self) -> int:
        """What a requirement does: a turn of its own, and the provider's receipt for it."""
        token = new_token()
        self.turn(embed(Directive(token)))
        return len(self.provider.receipts(token))


@pytest.fixture
def road(provider_url: str) -> Iterator[Road]:
    settings = GatewaySettings(provider_url, "sk-test", "x-api-key")
    headers = {
        "x-api-key": "sk-test",
        "anthropic-version": "2023-06-01",
        "content-type": "application/json",
    }
    app = DesktopApp(settings).launch()
    provider = Provider(provider_url)
    with httpx.Client(base_url=provider_url, headers=headers, trust_env=False) as http:
        yield Road(app, http, provider)
    provider.close()
    app.quit()


def test_a_bare_post_of_a_turns_body(benchmark: BenchmarkFixture, road: Road) -> None:
    body = turn_body(embed(Directive(new_token())))
    assert b"message_stop" in measured(benchmark, 50, road.bare, body)


def test_a_full_turn_of_the_engine(benchmark: BenchmarkFixture, road: Road) -> None:
    turn = measured(benchmark, 50, road.turn, embed(Directive(new_token())))
    assert turn.assembled.problems == []


def test_a_full_check_with_its_receipt(benchmark: BenchmarkFixture, road: Road) -> None:
    assert measured(benchmark, 50, road.check) == 1
