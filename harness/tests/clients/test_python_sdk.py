"""A real Anthropic SDK for Python uses the embedded gateway: ``nox -s sdk``."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.metadata
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from clients.conftest import Bench, Script, script

from gatecert.upstream import Block, Plan, default_text

NEEDED = "GATECERT_SDK"  # nox sets it: then a missing SDK is a failure
REASON = "needs the package anthropic, which `nox -s sdk` installs"
if NEEDED in os.environ:
    sdk: Any = importlib.import_module("anthropic")
else:
    sdk = pytest.importorskip("anthropic", reason=REASON)

pytestmark = pytest.mark.clients

VERSION = importlib.metadata.version("anthropic")
# observed: what 2.12 sends; 0.125 still does as all did before
NEW = int(VERSION.partition(".")[0]) >= 2
API_VERSION = "2026-10-21" if NEW else "2023-06-01"
MODEL = "claude-sonnet-4-6"
SECOND = "claude-haiku-4-5"
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
PIECES = ("Grüße ", "aus Łódź, ", "日本", "語 🌍", "\n  done.")


Connect = Callable[..., Any]


@pytest.fixture
def connect(bench: Bench) -> Iterator[Connect]:
    """Makes clients of the gateway, and closes them."""
    with contextlib.ExitStack() as opened:

        def client(**options: Any) -> Any:
            given: dict[str, Any] = {"base_url": bench.target.base_url}
            given |= {"api_key": bench.target.api_key, "max_retries": 0}
            given |= {"default_headers": dict(bench.target.headers), **options}
            return opened.enter_context(sdk.Anthropic(**given))

        yield client


def ask(wanted: Script, **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": wanted.prompt}]
    return {"model": MODEL, "max_tokens": 1024, "messages": messages, **fields}


def test_the_sdk_is_of_the_style_that_the_session_is_for() -> None:
    assert os.environ.get(NEEDED, "new" if NEW else "old") == ("new" if NEW else "old")


def test_a_message_comes_whole(connect: Connect) -> None:
    wanted = script(Plan(blocks=(Block("text", PIECES),), input_tokens=11, output_tokens=7))
    message = connect().messages.create(**ask(wanted))
    assert [block.type for block in message.content] == ["text"]
    assert message.content[0].text == "".join(PIECES)
    assert (message.stop_reason, message.model) == ("end_turn", MODEL)
    assert (message.usage.input_tokens, message.usage.output_tokens) == (11, 7)


def test_a_stream_comes_piece_by_piece(connect: Connect) -> None:
    wanted = script(Plan(blocks=(Block("text", PIECES),), output_tokens=7))
    with connect().messages.stream(**ask(wanted)) as stream:
        pieces = tuple(stream.text_stream)
        message = stream.get_final_message()
    assert pieces == PIECES
    assert message.content[0].text == "".join(PIECES)
    assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", 7)


def test_raw_events_come_in_their_order(connect: Connect) -> None:
    wanted = script(Plan(blocks=(Block("text", PIECES),), ping=False))
    kinds = [e.type for e in connect().messages.create(**ask(wanted), stream=True)]
    deltas = ["content_block_delta"] * len(PIECES)
    begin, end = ["message_start", "content_block_start"], ["message_delta", "message_stop"]
    assert kinds == [*begin, *deltas, "content_block_stop", *end]


def test_the_async_client_streams_too(bench: Bench) -> None:
    wanted = script(Plan())

    async def text() -> str:
        async with (
            sdk.AsyncAnthropic(
                base_url=bench.target.base_url,
                api_key=bench.target.api_key,
                default_headers=dict(bench.target.headers),
            ) as asking,
            asking.messages.stream(**ask(wanted)) as stream,
        ):
            return str(await stream.get_final_text())

    assert asyncio.run(text()) == default_text(wanted.token)


def test_what_the_sdk_sends_reaches_the_provider_as_it_is(bench: Bench, connect: Connect) -> None:
    wanted = script(Plan())
    connect().messages.create(**ask(wanted))
    receipt = bench.receipt(wanted)
    assert (receipt.method, receipt.target) == ("POST", "/v1/messages")
    assert receipt.json() == ask(wanted)
    assert receipt.header("anthropic-version") == API_VERSION
    assert receipt.header("user-agent") == f"Anthropic/Python {VERSION}"
    assert receipt.header("accept") == "application/json"
    assert receipt.header("x-stainless-retry-count") == "0"
    metadata = bench.target.promises.metadata_header
    assert receipt.header(metadata) == bench.target.headers[metadata]


def test_the_client_key_stays_at_the_gateway(bench: Bench, connect: Connect) -> None:
    wanted = script(Plan())
    connect().messages.create(**ask(wanted))
    assert bench.target.api_key not in "\n".join(v for _, v in bench.receipt(wanted).headers)


def test_the_credential_is_offered_in_the_style_of_the_version(
    bench: Bench, connect: Connect
) -> None:
    """Straight to the provider, since a gateway takes the client's key away."""
    wanted = script(Plan())
    connect(base_url=bench.provider.url, api_key="sk-own").messages.create(**ask(wanted))
    receipt = bench.receipt(wanted)
    offered = (receipt.header("authorization"), receipt.header("x-api-key"))
    assert offered == (("Bearer sk-own", None) if NEW else (None, "sk-own"))


def test_a_token_opens_the_gateway_as_well(bench: Bench, connect: Connect) -> None:
    wanted = script(Plan())
    given = {"api_key": None, "auth_token": bench.target.api_key}
    message = connect(**given).messages.create(**ask(wanted))
    assert message.content[0].text == default_text(wanted.token)


def test_a_beta_call_names_its_betas_to_the_provider(bench: Bench, connect: Connect) -> None:
    wanted = script(Plan())
    connect().beta.messages.create(**ask(wanted), betas=["one-2026-01-01", "two-2026-01-01"])
    receipt = bench.receipt(wanted)
    assert receipt.header("anthropic-beta") == "one-2026-01-01,two-2026-01-01"
    assert receipt.target == ("/v1/messages" if NEW else "/v1/messages?beta=true")


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_loop_of_two_turns(bench: Bench, connect: Connect, stream: bool) -> None:
    thinking = Block("thinking", ("The user ", "asks for Łódź."), signature="c2lnbmF0dXJlLTE=")
    said = Block("text", ("Let me ", "look."))
    arguments = ('{"city": ', '"Łódź \\"old town\\""', ', "days": [1, 2]}')
    call = Block("tool_use", arguments, name="get_weather", id="toolu_0001")
    first = script(Plan(blocks=(thinking, said, call), stop_reason="tool_use"))
    budget = {"type": "enabled", "budget_tokens": 1024}
    fields = {"tools": [WEATHER], "thinking": budget, "max_tokens": 2048}

    turn = _message(connect(), stream, ask(first, **fields))
    assert [b.type for b in turn.content] == ["thinking", "text", "tool_use"]
    assert turn.stop_reason == "tool_use"
    assert turn.content[0].signature == thinking.signature
    assert turn.content[2].input == json.loads(call.joined)

    second = script(Plan(blocks=(Block("text", PIECES),)))
    result = {"type": "tool_result", "tool_use_id": "toolu_0001", "content": second.prompt}
    asked = ask(first, **fields)
    asked["messages"] += [
        {"role": "assistant", "content": turn.content},
        {"role": "user", "content": [result]},
    ]
    answer = _message(connect(), stream, asked)
    assert answer.content[0].text == "".join(PIECES)

    for sent in (bench.receipt(first).json(), bench.receipt(second).json()):
        assert (sent["tools"], sent["thinking"]) == ([WEATHER], budget)
    replayed = bench.receipt(second).json()["messages"]
    assert [m["role"] for m in replayed] == ["user", "assistant", "user"]
    kept = replayed[1]["content"]
    assert kept[0]["thinking"] == thinking.joined
    assert kept[0]["signature"] == thinking.signature
    assert kept[1]["text"] == said.joined
    assert (kept[2]["id"], kept[2]["input"]) == ("toolu_0001", json.loads(call.joined))
    assert replayed[2]["content"] == [result]


def _message(asking: Any, stream: bool, asked: dict[str, Any]) -> Any:
    if not stream:
        return asking.messages.create(**asked)
    with asking.messages.stream(**asked) as events:
        return events.get_final_message()


def test_tokens_are_counted(bench: Bench, connect: Connect) -> None:
    wanted = script(Plan(input_tokens=4321))
    asked = ask(wanted)
    del asked["max_tokens"]
    assert connect().messages.count_tokens(**asked).input_tokens == 4321
    receipt = bench.receipt(wanted)
    assert receipt.path == "/v1/messages/count_tokens"
    assert receipt.header("anthropic-version") == API_VERSION


def test_models_are_listed(connect: Connect) -> None:
    page = connect().models.list(limit=1000)
    assert {MODEL, SECOND} <= {model.id for model in page.data}
    assert page.has_more is False


def test_a_wrong_key_is_refused_in_the_gateways_words(bench: Bench, connect: Connect) -> None:
    wanted = script(Plan())
    with pytest.raises(sdk.AuthenticationError) as refused:
        connect(api_key="gk-wrong", max_retries=2).messages.create(**ask(wanted))
    assert refused.value.status_code == 401
    assert refused.value.body["error"] == {
        "type": "authentication_error",
        "message": "the API key is not known to this gateway",
    }
    assert bench.receipts(wanted) == []


@pytest.mark.parametrize("status", [429, 529])
def test_a_crowded_provider_is_tried_again(bench: Bench, connect: Connect, status: int) -> None:
    # with two providers that are crowded, what the client sees is the client's to repeat
    crowded = Plan(status=status, headers={"retry-after-ms": "5"})
    plans = (crowded, crowded, Plan())
    wanted = script(*plans, backup=plans)
    message = connect(max_retries=2).messages.create(**ask(wanted))
    assert message.content[0].text == default_text(wanted.token)
    first = [r for r in bench.receipts(wanted) if r.provider == "primary"]
    assert [r.header("x-stainless-retry-count") for r in first] == ["0", "1", "2"]


def test_retries_end_with_the_providers_words(bench: Bench, connect: Connect) -> None:
    error = {"type": "rate_limit_error", "message": "the team's budget of tokens is spent"}
    spent = Plan(status=429, headers={"retry-after-ms": "5"}, error=error)
    wanted = script(spent, backup=(spent,))
    with pytest.raises(sdk.RateLimitError, match="budget of tokens is spent"):
        connect(max_retries=2).messages.create(**ask(wanted))
    asked = [r.provider for r in bench.receipts(wanted)]
    assert asked == ["primary", "backup"] * 3


def test_an_error_that_shall_not_be_retried_is_not(bench: Bench, connect: Connect) -> None:
    final = Plan(status=429, headers={"x-should-retry": "false"})
    wanted = script(final, backup=(final,))
    with pytest.raises(sdk.RateLimitError):
        connect(max_retries=2).messages.create(**ask(wanted))
    assert [r.provider for r in bench.receipts(wanted)] == ["primary", "backup"]


def test_a_fallback_of_the_gateway_is_no_business_of_the_client(
    bench: Bench, connect: Connect
) -> None:
    wanted = script(Plan(status=500), backup=(Plan(),))
    message = connect(max_retries=2).messages.create(**ask(wanted))
    assert message.content[0].text == default_text(wanted.token)
    assert [r.provider for r in bench.receipts(wanted)] == ["primary", "backup"]


def test_a_stream_that_breaks_off_is_no_answer(bench: Bench, connect: Connect) -> None:
    wanted = script(Plan(blocks=(Block("text", PIECES),), cut_events=4))
    came: list[str] = []
    with (
        pytest.raises(Exception, match=r"closed|reset|incomplete|peer"),
        connect().messages.stream(**ask(wanted)) as stream,
    ):
        came.extend(stream.text_stream)
    assert "".join(PIECES).startswith("".join(came))
    assert len(bench.receipts(wanted)) == 1


def test_an_error_event_in_a_stream_keeps_its_words(connect: Connect) -> None:
    error = {"type": "overloaded_error", "message": "no capacity in this region"}
    plan = Plan(blocks=(Block("text", PIECES),), error_event=error, error_event_after=4)
    wanted = script(plan)
    with (
        pytest.raises(sdk.APIStatusError, match="no capacity in this region"),
        connect().messages.stream(**ask(wanted)) as stream,
    ):
        stream.get_final_message()
