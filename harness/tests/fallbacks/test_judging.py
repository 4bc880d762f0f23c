"""Judging a cell by values alone: what was seen goes in, what is wrong comes out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gatecert.desktop import Exchange, OutgoingRequest, ServerSentEvent, Turn
from gatecert.desktop.exchange import Chunk, Fault
from gatecert.fallbacks import Observation, faults, problems
from gatecert.fallbacks.matrix import cell_of
from gatecert.fallbacks.observing import BEFORE
from gatecert.gateways.promises import FallbackPromise, Promises
from gatecert.gateways.target import Target
from gatecert.upstream import Receipt

TARGET = Target(
    "gw",
    "external",
    "http://127.0.0.1:1",
    "key",
    promises=Promises(fallback=True, serves_count_tokens=True),
    fallback=FallbackPromise(),
)
REQUEST = OutgoingRequest("POST", "http://127.0.0.1:1/v1/messages", [])
BACKUP = faults.BACKUP_TEXT * 6
PRIMARY = faults.PRIMARY_TEXT * 6


def receipt(provider: str, messages: Any = None) -> Receipt:
    body = {"model": "m", "messages": messages if messages is not None else []}
    return Receipt("t", provider, 1, "POST", "/v1/messages", [], json.dumps(body).encode())


def exchange(status: int | None = 200, body: Any = None, fault: Fault | None = None) -> Exchange:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Exchange("turn", REQUEST, status, chunks=[Chunk(1.0, data)], fault=fault)


def whole(
    name: str, text: str | None, asked: str = "pb", status: int = 200, model: str = "m"
) -> Observation:
    """A turn without stream, whose answer is this text; ``asked`` are initials of providers."""
    body: Any = {"type": "message", "model": model, "content": [{"type": "text", "text": text}]}
    if text is None:
        body = {"type": "error", "error": {"message": "no"}}
    providers = {"p": "primary", "b": "backup"}
    found = exchange(status, body)
    return Observation(
        faults.fault(name),
        faults.WHOLE,
        "t",
        found,
        [receipt(providers[letter]) for letter in asked],
        "m",
        turn=Turn(found, stream=False),
    )


def event(name: str, **data: Any) -> ServerSentEvent:
    return ServerSentEvent(name, json.dumps({"type": name, **data}))


def stream_of(*texts: str, ended: bool = True) -> list[ServerSentEvent]:
    found = [event("message_start", message={"model": "m", "usage": {"input_tokens": 1}})]
    found.append(event("content_block_start", index=0, content_block={"type": "text"}))
    for text in texts:
        delta = {"type": "text_delta", "text": text}
        found.append(event("content_block_delta", index=0, delta=delta))
    found.append(event("content_block_stop", index=0))
    return [*found, event("message_stop")] if ended else found


def streamed(name: str, events: list[ServerSentEvent], asked: str = "p") -> Observation:
    base = whole(name, "x", asked)
    turn = Turn(exchange(200, b""), stream=True, events=events)
    return replace(base, mode=faults.STREAMED, exchange=turn.exchange, turn=turn)


def aspects(seen: Observation, target: Target = TARGET) -> list[str]:
    return [one.aspect for one in problems(seen, target)]


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        (whole("500", BACKUP), []),
        (whole("500", None, "p", 500), ["survival"]),
        (whole("500", PRIMARY, "pp"), ["honesty", "survival"]),
        (whole("500", BACKUP[:40]), ["honesty", "survival"]),
        (whole("500", BACKUP, "pbb"), ["attempts"]),
        (whole("500", BACKUP, model="backup-route"), ["model"]),
        (whole("500", PRIMARY + BACKUP), ["unity", "survival"]),
        (whole("401", None, "p", 401), []),
        (whole("401", BACKUP), []),
        (whole("400, the client's own mistake", None, "p", 400), []),
        (whole("400, the client's own mistake", None, "pb", 400), ["mistakes"]),
        (whole("400, the client's own mistake", None, "p", 500), ["mistakes"]),
        (whole("400, the client's own mistake", BACKUP), ["mistakes"]),
        (whole(faults.NO_FAULT, PRIMARY, "p"), []),
        (whole(faults.NO_FAULT, PRIMARY, "pb"), ["attempts"]),
        (whole("answer begins late, in time", BACKUP), ["patience", "patience"]),
        (whole("both fail: 529, then 500", None, "pb", 500), []),
        (whole("both fail: 529, then 500", "", "pb", 200), ["honesty", "error"]),
        (whole("an HTML page with 200", "Welcome"), ["honesty"]),
    ],
)
def test_whole_answers(seen: Observation, wrong: list[str]) -> None:
    assert aspects(seen) == wrong


def test_a_stream_that_breaks_is_told() -> None:
    name = "cut behind visible text"
    assert aspects(streamed(name, stream_of(faults.PRIMARY_TEXT, ended=False))) == []
    assert aspects(streamed(name, stream_of(faults.PRIMARY_TEXT))) == ["honesty"]
    both = [*stream_of(faults.PRIMARY_TEXT, ended=False), *stream_of(BACKUP)]
    assert aspects(streamed(name, both, "pb")) == ["unity"]


def test_two_beginnings_are_no_one_answer() -> None:
    twice = [stream_of()[0], *stream_of(BACKUP)]
    assert "unity" in aspects(streamed("error event after the first event", twice, "pb"))


def test_a_lost_history_is_noticed() -> None:
    good = replace(whole("500", BACKUP), mode=faults.HISTORY)
    kept = [{"role": "user"}, *BEFORE]
    receipts = [receipt("primary", kept), receipt("backup", kept)]
    assert aspects(replace(good, receipts=receipts)) == []
    lost = [receipt("primary", kept), receipt("backup", kept[:1])]
    assert aspects(replace(good, receipts=lost)) == ["history"]


def test_a_history_may_be_written_otherwise() -> None:
    good = replace(whole("500", BACKUP), mode=faults.HISTORY)
    result = {**BEFORE[1]["content"][0], "content": [{"type": "text", "text": "one line"}]}
    otherwise = [{"role": "user"}, BEFORE[0], {"role": "user", "content": [result]}]
    assert aspects(replace(good, receipts=[receipt("backup", otherwise)])) == []


def test_the_backup_is_asked_by_the_name_that_is_promised() -> None:
    named = replace(TARGET, fallback=FallbackPromise(model_at_backup="m-backup"))
    assert aspects(whole("500", BACKUP), named) == ["model"]
    same = replace(TARGET, fallback=FallbackPromise(model_at_backup="m"))
    assert aspects(whole("500", BACKUP), same) == []
    assert aspects(whole("500", None, "p", 500), same) == ["survival"]


def test_a_target_may_promise_more_attempts() -> None:
    more = replace(TARGET, fallback=FallbackPromise(attempts=4))
    assert aspects(whole("500", BACKUP, "ppbb"), more) == []


def test_an_error_without_words_is_noticed() -> None:
    seen = whole("both fail: 529, then 500", None, "pb", 502)
    page = exchange(502, b"<html>Bad Gateway</html>")
    assert aspects(replace(seen, exchange=page, turn=Turn(page, stream=False))) == ["error"]


@pytest.mark.parametrize(
    ("seen", "grade", "shown"),
    [
        (whole("500", BACKUP), "good", "answered by backup · 1 + 1"),
        (whole("401", None, "p", 401), "told", "HTTP 401 · 1 + 0"),
        (whole("500", None, "p", 500), "bad", "HTTP 500 · 1 + 0"),
        (whole("413, the client's own mistake", None, "p", 413), "good", "refused, HTTP 413"),
        (streamed("cut behind visible text", stream_of("a", ended=False)), "told", "200, no"),
    ],
)
def test_a_cell_tells_its_story(seen: Observation, grade: str, shown: str) -> None:
    cell = cell_of(seen, problems(seen, TARGET), promised=True)
    assert (cell.grade, cell.shown.startswith(shown)) == (grade, True)
    assert "Requests at the primary" in cell.detail
