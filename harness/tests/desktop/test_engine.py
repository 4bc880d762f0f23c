from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest

from gatecert.desktop import (
    ENGINE_DESKTOP,
    Engine,
    Exchange,
    GatewaySettings,
    OutgoingRequest,
    ServerSentEvent,
)
from gatecert.desktop.exchange import Chunk
from gatecert.desktop.transport import OnChunk
from gatecert.session.paths import fixtures_folder
from gatecert.upstream import Plan, messages_api

RECORDING = fixtures_folder() / "captures" / "engine-desktop-2.1.330.json"
CAPTURE: dict[str, Any] = json.loads(RECORDING.read_text("utf-8"))
TURN: dict[str, Any] = CAPTURE["turn"]
TAGS = len("<system-reminder></system-reminder>")


class Wire:
    """A transport that keeps what is sent and answers with the same pieces each time."""

    def __init__(self, *pieces: bytes) -> None:
        self.sent: list[OutgoingRequest] = []
        self.pieces = pieces

    def send(
        self, purpose: str, request: OutgoingRequest, on_chunk: OnChunk | None = None
    ) -> Exchange:
        self.sent.append(request)
        taken = []
        for piece in self.pieces:
            taken.append(Chunk(0.0, piece))
            if on_chunk is not None and not on_chunk(piece):
                break
        return Exchange(purpose, request, status=200, chunks=taken)

    def close(self) -> None:
        """Nothing to close."""


def engine(*pieces: bytes, **settings: Any) -> tuple[Engine, Wire]:
    wire = Wire(*pieces)
    chosen = {"api_key": "sk-1", "chat_model": TURN["model"], **settings}
    return Engine(ENGINE_DESKTOP, GatewaySettings("http://127.0.0.1:8787", **chosen), wire), wire


def sent_turn(**settings: Any) -> OutgoingRequest:
    simulated, wire = engine(**settings)
    simulated.turn("Say hello to me.")
    return wire.sent[0]


def sent_body(**settings: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(sent_turn(**settings).body)
    return body


def target(request: OutgoingRequest) -> str:
    parts = urlsplit(request.url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def held_against(recorded: Sequence[Any], request: OutgoingRequest) -> None:
    """Names, case and order as recorded, and every value that does not vary."""
    assert [name for name, _ in request.headers] == [name for name, _ in recorded]
    for (name, value), (_, known) in zip(request.headers, recorded, strict=True):
        assert known is None or value == known, name


def test_a_turns_headers_are_the_recorded_ones() -> None:
    request = sent_turn()
    assert (request.method, target(request)) == (TURN["method"], TURN["path"])
    held_against(TURN["headers"], request)


def test_header_values_that_vary_are_right() -> None:
    request = sent_turn()
    assert request.header("authorization") == "Bearer sk-1"
    assert request.header("host") == "127.0.0.1:8787"
    assert request.header("content-length") == str(len(request.body))
    ids = json.loads(json.loads(request.body)["metadata"]["user_id"])
    assert request.header("x-claude-code-session-id") == ids["session_id"]


def test_the_start_probe_is_the_recorded_one() -> None:
    simulated, wire = engine(custom_headers={"x-portkey-provider": "p"})
    simulated.start_probe()
    recorded = CAPTURE["start_probe"]
    assert (wire.sent[0].method, target(wire.sent[0])) == (recorded["method"], recorded["path"])
    held_against(recorded["headers"], wire.sent[0])


def test_the_title_request_is_the_recorded_one() -> None:
    simulated, wire = engine()
    simulated.title("Say hello to me.")
    body, recorded = json.loads(wire.sent[0].body), CAPTURE["title"]
    held_against(TURN["headers"], wire.sent[0])
    assert list(body) == recorded["body_keys"]
    for key in ("tools", "thinking", "temperature", "output_config", "max_tokens", "stream"):
        assert body[key] == recorded[key], key
    assert [len(b["text"]) for b in body["system"]] == [b["chars"] for b in recorded["system"]]
    assert abs(len(wire.sent[0].body) - recorded["body_bytes"]) < 100


def test_a_turns_body_has_the_recorded_keys_in_order() -> None:
    body = sent_body()
    assert list(body) == TURN["body_keys"]
    for key in ("model", "max_tokens", "thinking", "output_config", "stream"):
        assert body[key] == TURN[key], key


def test_the_system_prompt_is_three_blocks() -> None:
    blocks = sent_body()["system"]
    assert [block["type"] for block in blocks] == ["text", "text", "text"]
    assert [len(b["text"]) for b in blocks] == [b["chars"] for b in TURN["system"]]
    assert ["cache_control" in b for b in blocks] == [b["cached"] for b in TURN["system"]]
    assert blocks[0]["text"].startswith("x-anthropic-billing-header: cc_version=2.1.330.")
    assert blocks[0]["text"].endswith(f"cc_entrypoint={CAPTURE['entrypoint']};")


def test_the_message_is_seven_reminders_and_the_users_text() -> None:
    (message,) = sent_body()["messages"]
    (recorded,) = TURN["messages"]
    assert message["role"] == recorded["role"]
    for block, known in zip(message["content"], recorded["content"], strict=True):
        assert block["type"] == known["type"]
        assert ("<system-reminder>" in block["text"]) == known["reminder"]
        assert ("cache_control" in block) == known["cached"]
        assert 0 <= len(block["text"]) - known["chars"] <= TAGS
    assert len(message["content"]) == 8
    assert message["content"][-1]["text"] == "Say hello to me."


def test_exactly_three_cache_marks_are_set() -> None:
    assert sent_turn().body.count(b'"cache_control":{"type":"ephemeral"}') == 3


def test_the_tools_are_the_recorded_ones() -> None:
    tools = sent_body()["tools"]
    assert [tool["name"] for tool in tools] == TURN["tools"]
    assert len(tools) == 27
    assert all(list(tool) == TURN["tool_keys"] for tool in tools)


def test_the_user_id_is_a_json_string() -> None:
    user_id = sent_body()["metadata"]["user_id"]
    assert isinstance(user_id, str)
    assert list(json.loads(user_id)) == TURN["user_id_keys"]


def test_a_turn_is_as_big_as_a_real_one() -> None:
    size = len(sent_turn().body)
    assert 100_000 <= size <= 160_000
    assert abs(size - TURN["body_bytes"]) < 0.15 * TURN["body_bytes"]


@pytest.mark.parametrize("model", CAPTURE["models"])
def test_the_model_decides_on_betas_and_thinking(model: str) -> None:
    request, recorded = sent_turn(chat_model=model), CAPTURE["models"][model]
    body = json.loads(request.body)
    assert request.header("anthropic-beta") == ",".join(recorded["betas"])
    assert body["thinking"] == recorded["thinking"]
    assert (body["model"], list(body)) == (model, recorded["body_keys"])


def test_custom_headers_are_sorted_in_capitals_first() -> None:
    custom = {"x-portkey-metadata": '{"team":"t"}', "X-Custom": "1", "B": "2"}
    names = [name for name, _ in sent_turn(custom_headers=custom).headers]
    sorted_part = names[: names.index("Connection")]
    assert sorted_part == sorted(sorted_part)
    assert {*custom} < {*sorted_part}
    assert names[len(sorted_part) :] == [name for name, _ in TURN["headers"][-4:]]


@pytest.mark.parametrize("name", ["User-Agent", "anthropic-version", "x-app", "X-APP"])
def test_a_custom_header_replaces_the_engines_own(name: str) -> None:
    request = sent_turn(custom_headers={name: "mine"})
    assert request.header(name) == "mine"
    assert len(request.headers) == len(TURN["headers"])


@pytest.mark.parametrize("name", ["Authorization", "authorization", "Anthropic-Beta"])
def test_the_credential_and_the_betas_cannot_be_replaced(name: str) -> None:
    assert sent_turn(custom_headers={name: "mine"}).header(name) == sent_turn().header(name)


def test_an_api_key_takes_the_place_of_the_bearer() -> None:
    names = [name for name, _ in sent_turn(auth_scheme="x-api-key").headers]
    assert "Authorization" not in names
    assert names[names.index("x-api-key") + 1] == "x-app"
    custom = sent_turn(auth_scheme="x-api-key", custom_headers={"Authorization": "Bearer other"})
    assert custom.header("authorization") == "Bearer other"


@pytest.mark.parametrize(
    ("scheme", "bearer", "key"), [("bearer", "sk-1", "sk-2"), ("x-api-key", "sk-2", "sk-1")]
)
def test_a_second_key_goes_into_the_other_header(scheme: str, bearer: str, key: str) -> None:
    request = sent_turn(auth_scheme=scheme, second_key=" sk-2 ")
    assert request.header("authorization") == f"Bearer {bearer}"
    assert request.header("x-api-key") == key
    assert "sk-2" not in repr(GatewaySettings("http://127.0.0.1:1", "k", second_key="sk-2"))


def test_header_changes_replace_remove_and_add() -> None:
    simulated, wire = engine()
    simulated.turn("hi", headers={"USER-AGENT": "me", "x-app": None, "X-New": "1", "No": None})
    expected = [
        (name, "me" if name == "User-Agent" else value)
        for name, value in sent_turn().headers
        if name not in ("x-app", "Content-Length", "X-Claude-Code-Session-Id")
    ]
    varying = ("Content-Length", "X-Claude-Code-Session-Id")
    came = [pair for pair in wire.sent[0].headers if pair[0] not in varying]
    assert came == [*expected, ("X-New", "1")]


def test_counting_tokens_sends_its_own_betas_and_no_timeout() -> None:
    simulated, wire = engine()
    simulated.count_tokens("How long?")
    request = wire.sent[0]
    assert target(request) == "/v1/messages/count_tokens?beta=true"
    assert list(json.loads(request.body)) == ["model", "messages", "tools"]
    assert request.header("x-stainless-timeout") is None
    assert (request.header("anthropic-beta") or "").endswith(",token-counting-2024-11-01")


def test_fields_that_always_hold_yield_to_those_of_one_turn() -> None:
    simulated, wire = engine()
    simulated.always.update({"max_tokens": 7, "top_k": 3})
    simulated.turn("hi", extra={"max_tokens": 9})
    body = json.loads(wire.sent[0].body)
    assert (body["max_tokens"], body["top_k"]) == (9, 3)


def test_a_streamed_turn_is_read_as_it_arrives_and_can_be_left() -> None:
    script = [messages_api.encode(e) for e in messages_api.events(Plan(), "gc-t", "m")]
    seen: list[str | None] = []

    def first_text(event: ServerSentEvent) -> bool:
        seen.append(event.name)
        return event.name != "content_block_delta"

    simulated, _ = engine(*script)
    left = simulated.turn("hi", on_event=first_text)
    assert seen == ["message_start", "content_block_start", "ping", "content_block_delta"]
    assert (len(left.exchange.chunks), left.assembled.ended) == (4, False)
    whole = simulated.turn("hi")
    assert (whole.text, whole.assembled.problems) == (messages_api.default_text("gc-t"), [])


def test_an_answer_in_one_piece_gives_its_blocks() -> None:
    answer = {"content": [{"type": "text", "text": "Hel"}, "?", {"type": "text", "text": "lo"}]}
    simulated, _ = engine(json.dumps(answer).encode())
    assert simulated.turn("hi", stream=False).text == "Hello"
    assert engine(b'{"content": 5}')[0].turn("hi", stream=False).blocks == []
