"""Whole turns: how often, how long, and what stands on the screen at the end."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recovery_cases import draft, fault, no_answer, play, request, status

from gatecert.desktop import ENGINE_DESKTOP, Engine, GatewaySettings
from gatecert.desktop.exchange import Exchange, OutgoingRequest
from gatecert.desktop.recovery import Clock, End, Limits, Options, Persisted, RetryPolicy
from gatecert.desktop.recovery import policy as policies
from gatecert.desktop.recovery.policy import (
    DESKTOP_330,
    PRINT_197,
    PRINT_330,
    PYTHON_NEW,
    TS_NEW,
)
from gatecert.desktop.transport import OnChunk
from gatecert.fidelity import provided

HOST = "If it persists, check your inference gateway (127.0.0.1:8787)."


def whys(turn: Persisted) -> list[str]:
    return [attempt.why for attempt in turn.attempts]


def test_eleven_requests_in_three_minutes_are_checked_in_milliseconds() -> None:
    began = time.monotonic()
    slept: list[float] = []
    clock = Clock(sleep=slept.append, chance=lambda: 0.5)
    turn = play(PRINT_330, status(500), clock=clock)
    assert time.monotonic() - began < 1
    assert (len(turn.attempts), len(slept)) == (11, 10)
    assert 160 <= sum(slept) <= 200
    assert turn.waits_s == slept
    assert turn.end.message == (
        "API Error: 500 no. This is a server-side issue, usually temporary — try again in a "
        f"moment. {HOST}"
    )


@pytest.mark.parametrize(
    ("code", "requests"),
    [
        *((code, 11) for code in (401, 408, 409, 429, 500, 502, 503, 504)),
        *((code, 1) for code in (402, 403, 413, 422)),
        *((404, 2), (529, 11)),
    ],
)
def test_the_bare_engine_repeats_by_status(code: int, requests: int) -> None:
    assert len(play(PRINT_330, status(code)).attempts) == requests


@pytest.mark.parametrize(
    ("model", "requests"),
    [
        *((model, 3) for model in ("claude-opus-5-5", "@prod/claude-opus-4-8")),
        *((model, 11) for model in ("claude-sonnet-4-6", "claude-haiku-4-5", "my-model")),
    ],
)
def test_a_lack_of_capacity_is_borne_longer_for_other_models_than_opus(
    model: str, requests: int
) -> None:
    turn = play(DESKTOP_330, status(529), first=draft(model=model))
    words = "529 no" if requests > 3 else "Repeated 529 Overloaded errors"
    assert len(turn.attempts) == requests
    assert turn.end.message.startswith(f"API Error: {words}.")
    once = play(DESKTOP_330, status(529), first=draft(model=model), options=Options(max_retries=0))
    assert once.end.message.startswith("API Error: 529 no")


@pytest.mark.parametrize("code", [401, 403, 404, 413, 422, 400])
def test_the_sdks_do_not_repeat_what_is_the_callers_fault(code: int) -> None:
    assert [len(play(p, status(code)).attempts) for p in (PYTHON_NEW, TS_NEW)] == [1, 1]


@pytest.mark.parametrize("code", [408, 409, 429, 500, 529])
def test_the_sdks_repeat_twice_and_count(code: int) -> None:
    turn = play(PYTHON_NEW, status(code))
    counts = [a.draft.headers.get("X-Stainless-Retry-Count") for a in turn.attempts]
    assert counts == [None, "1", "2"]


@pytest.mark.parametrize(("set_to", "requests"), [(0, 1), (2, 3), (10, 11), (15, 16), (99, 16)])
def test_a_user_may_ask_for_fifteen_repeats_at_most(set_to: int, requests: int) -> None:
    turn = play(PRINT_330, status(503), options=Options(max_retries=set_to))
    assert len(turn.attempts) == requests


@pytest.mark.parametrize("policy", [PRINT_330, DESKTOP_330, PYTHON_NEW])
def test_a_gateway_may_forbid_repeats_and_demand_them(policy: RetryPolicy) -> None:
    assert len(play(policy, status(500, ("x-should-retry", "false"))).attempts) == 1
    assert len(play(policy, status(403, ("x-should-retry", "true"))).attempts) == policy.retries + 1


def test_more_than_a_minute_of_waiting_is_an_error_at_once() -> None:
    turn = play(DESKTOP_330, status(429, ("retry-after", "61"), message="budget spent"))
    assert len(turn.attempts) == 1
    assert turn.end.message == "API Error: Request rejected (429) · budget spent"


def test_a_404_is_asked_again_without_a_stream_and_named_a_problem_of_the_model() -> None:
    turn = play(DESKTOP_330, status(404))
    assert [a.draft.stream for a in turn.attempts] == [True, False]
    assert turn.last.draft.timeout_s == turn.attempts[0].draft.timeout_s
    assert play(PRINT_330, status(404)).last.draft.timeout_s == 300
    assert turn.end.message.startswith("There's an issue with the selected model")
    assert "--model" not in turn.end.message
    assert play(DESKTOP_330, status(404), options=Options(fallback=False)).last.why == "fallback"


def test_the_fallback_caps_tokens_and_says_that_it_wants_no_stream() -> None:
    turn = play(PRINT_330, "html", "text", first=draft(max_tokens=128_000))
    assert turn.end.result == "answered"
    body = turn.last.draft.body
    assert (body["stream"], body["max_tokens"]) == (False, 64_000)
    older = play(PRINT_197, "html", "text")
    assert "stream" not in older.last.draft.body
    assert ".max_tokens: 128000 -> 64000" in turn.last.changed


@pytest.mark.parametrize(
    ("streams", "retries", "repeats"),
    [(["s_end_start"], 5, 4), (["s_end_start"], 1, 0), (["s_err_early"] * 3, 5, 2)],
)
def test_the_fallback_has_what_the_stream_left_of_its_repeats(
    streams: list[str], retries: int, repeats: int
) -> None:
    options = Options(max_retries=retries)
    turn = play(DESKTOP_330, *streams, status(500), options=options)
    assert whys(turn)[len(streams) :] == ["fallback", *["retry"] * repeats]
    assert turn.end.message.startswith("API Error: 500 no.")
    waits = [a.wait_s for a in turn.attempts[len(streams) + 1 :]]
    assert waits == [0.5625 * 2**n for n in range(repeats)]


def test_an_older_engine_repeats_the_fallback_as_often_as_the_stream() -> None:
    turn = play(PRINT_197, "s_noevent", status(500), options=Options(max_retries=2))
    assert whys(turn) == ["first", "fallback", "retry", "retry"]


@pytest.mark.parametrize("code", [401, 402, 413])
def test_what_is_final_for_a_stream_is_final_without_one(code: int) -> None:
    assert whys(play(DESKTOP_330, "s_noevent", status(code))) == ["first", "fallback"]


def test_a_static_key_that_the_desktop_finds_refused_is_told_at_once() -> None:
    turn = play(DESKTOP_330, status(401, message="bad key"))
    assert len(turn.attempts) == 1
    assert turn.end.message == "Failed to authenticate. API Error: 401 bad key"


@pytest.mark.parametrize(("found", "requests"), [(True, 2), (False, 1)])
def test_the_desktop_renews_a_credential_once(found: bool, requests: int) -> None:
    asked: list[int] = []

    def renew() -> bool:
        asked.append(1)
        return found

    turn = play(DESKTOP_330, status(401), renew=renew)
    assert (len(turn.attempts), len(asked)) == (requests, 1)
    assert turn.waits_s == [0.0] * (requests - 1)
    assert turn.end.result == "failed"


def test_the_bare_engine_renews_a_credential_before_every_repeat() -> None:
    asked: list[int] = []

    def renew() -> bool:
        asked.append(1)
        return True

    turn = play(PRINT_330, status(401), renew=renew)
    assert (len(turn.attempts), len(asked)) == (11, 10)


def test_text_that_was_handed_over_does_not_keep_the_desktop_from_asking_again() -> None:
    for policy in (PRINT_330, DESKTOP_330, policies.INTERACTIVE_330):
        cut = play(policy, "s_rst_mid", options=Options(max_retries=2))
        assert whys(cut) == ["first", "retry", "retry", "fallback"]
        assert whys(play(policy, "s_err_mid")) == ["first", "fallback"]


def test_any_text_can_be_kept_as_documented() -> None:
    careful = replace(policies.INTERACTIVE_330, keeps_shown_text=True)
    cut = play(careful, "s_rst_mid")
    assert (len(cut.attempts), cut.end.result) == (1, "partial")
    assert cut.end.message.startswith("API Error: Connection lost mid-response.")
    assert play(careful, "s_err_mid").end.message.startswith("API Error: Server error mid-resp")
    stalled = play(careful, "s_stallmid:430")
    assert stalled.end.message.startswith("API Error: Response stalled mid-stream.")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("s_fin_block2", "Connection lost mid-response."),
        ("s_rst_block2", "Connection lost mid-response."),
        ("s_err_block2", "Server error mid-response."),
    ],
)
def test_whole_blocks_are_kept_and_the_rest_is_asked_for(name: str, words: str) -> None:
    broken = provided.given(provided.REPEATING[name][0], request(), stream=True)
    turn = play(DESKTOP_330, broken)
    assert whys(turn) == ["first", *["continuation"] * 3]
    assert turn.end == End("partial", f"API Error: {words} The response above may be incomplete.")
    terminal = play(policies.INTERACTIVE_330, broken)
    assert (whys(terminal), terminal.end) == (["first"], turn.end)
    roles = [m["role"] for m in turn.last.draft.body["messages"]]
    assert roles == ["user", *["assistant", "user"] * 3]


@pytest.mark.parametrize("name", ["s_rst_headers", "s_rst_start"])
def test_before_anything_is_shown_both_repeat_a_reset(name: str) -> None:
    for policy in (PRINT_330, DESKTOP_330):
        turn = play(policy, name)
        assert (len(turn.attempts), turn.last.why) == (12, "fallback")


def test_silence_is_waited_for_five_minutes_and_without_headers_for_six() -> None:
    silent = play(DESKTOP_330, "s_slowbody:430", "text")
    assert (whys(silent), silent.elapsed_s) == (["first", "retry"], 300.0)
    hanging = play(DESKTOP_330, "hang:430", "text")
    assert 360.5 <= hanging.elapsed_s <= 361


def test_an_overloaded_event_is_tried_three_times_as_stream() -> None:
    assert whys(play(PRINT_330, "s_err_early")) == ["first", "retry", "retry", "fallback"]
    other = play(PRINT_330, "s_err_early:invalid_request_error")
    assert whys(other) == ["first", "fallback"]


def test_the_rest_of_an_answer_is_asked_for_three_times() -> None:
    for name in ("maxtok", "s_nodelta", "s_deltaafterstop"):
        turn = play(DESKTOP_330, name)
        assert whys(turn) == ["first", *["continuation"] * 3]
        roles = [m["role"] for m in turn.last.draft.body["messages"]]
        assert roles == ["user", *["assistant", "user"] * 3]
    assert "32000 output token maximum" in play(DESKTOP_330, "maxtok").end.message


def test_the_cache_mark_goes_with_the_end_of_the_conversation() -> None:
    block = {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}
    turn = play(PRINT_330, "maxtok", first=draft(messages=[{"role": "user", "content": [block]}]))
    marks = ["cache_control" in m["content"][-1] for m in turn.attempts[1].draft.body["messages"]]
    assert marks == [False, False, True]


def test_an_answer_without_content_is_asked_for_once_more() -> None:
    for name in ("emptycontent", "s_nocbstop"):
        turn = play(DESKTOP_330, name)
        assert (whys(turn), turn.end.result) == (["first", "nudge"], "empty")


def test_a_refusal_is_tried_once_more_with_another_beta() -> None:
    turn = play(PRINT_330, "refusal", first=draft(model="claude-opus-5-5"))
    assert turn.last.draft.betas[-1] == "fallback-credit-2026-06-01"
    assert (len(turn.attempts), len(play(PRINT_197, "refusal").attempts)) == (2, 1)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("claude-sonnet-4-6", "Sonnet 4.6 can't help with this. Start a new session to continue."),
        ("claude-opus-4-8", "Opus 4.8 can't help with this."),
        ("claude-sonnet-5-5", "Sonnet 5.5's safeguards flagged this message"),
        ("my-model", "my-model's safeguards flagged this message"),
    ],
)
def test_a_refusal_is_told_by_the_models_age(model: str, words: str) -> None:
    turn = play(DESKTOP_330, "refusal", first=draft(model=model))
    assert turn.end.message.startswith(f"API Error: {words}")
    newest = "safeguards" in words
    assert ("fallback-credit-2026-06-01" in turn.last.draft.betas) == newest


@pytest.mark.parametrize("name", ["pause", "nullstop", "s_toolnoargs", "endturntool"])
def test_what_counts_as_an_answer(name: str) -> None:
    assert whys(play(DESKTOP_330, name)) == ["first"]
    assert play(DESKTOP_330, name).end.result == "answered"


@pytest.mark.parametrize(
    ("name", "python", "ts"),
    [
        ("html", "failed", "failed"),
        ("s_end_mid", "answered", "failed"),
        ("s_bom", "failed", "answered"),
        ("s_nousage", "failed", "failed"),
        ("s_nocbstop", "answered", "answered"),
        ("emptycontent", "answered", "answered"),
    ],
)
def test_the_sdks_never_repeat_a_stream_that_began(name: str, python: str, ts: str) -> None:
    for policy, result in ((PYTHON_NEW, python), (TS_NEW, ts)):
        turn = play(policy, name)
        assert (len(turn.attempts), turn.end.result) == (1, result)


def test_an_sdk_hands_over_a_whole_answer_that_is_no_message() -> None:
    whole = draft(stream=False)
    assert play(PYTHON_NEW, "html", first=whole).end.result == "answered"
    assert play(PYTHON_NEW, "empty", first=whole).end.result == "failed"
    assert play(TS_NEW, "empty", first=whole).end.result == "answered"


def test_another_model_is_asked_after_the_last_529_or_404() -> None:
    options = Options(fallback_model="claude-haiku-4-5")
    for code, before in ((529, 3), (404, 2)):
        turn = play(PRINT_330, *[status(code)] * before, "text", options=options)
        assert (turn.end.result, turn.last.draft.body["model"]) == ("answered", "claude-haiku-4-5")
        assert turn.last.draft.stream


@pytest.mark.parametrize("kind", ["refused", "unreachable", "closed", "protocol", "timeout"])
def test_without_an_answer_the_engine_tries_eleven_times(kind: str) -> None:
    turn = play(DESKTOP_330, no_answer(kind))
    assert (len(turn.attempts), turn.end.result) == (11, "failed")


def test_our_own_limits_stop_a_turn() -> None:
    few = play(PRINT_330, status(500), limits=Limits(requests=4))
    assert (len(few.attempts), few.end.result) == (4, "stopped")
    short = play(PRINT_330, status(500), limits=Limits(total_s=5))
    assert short.elapsed_s <= 5
    assert short.end.result == "stopped"


def test_what_we_left_ourselves_is_not_repeated() -> None:
    turn = play(DESKTOP_330, replace(fault("s_rst_mid"), fault=no_answer("left").fault))
    assert (len(turn.attempts), turn.end.result) == (1, "stopped")


POLICIES = [
    *(PRINT_330, PRINT_197, DESKTOP_330, policies.DESKTOP_197, policies.INTERACTIVE_330),
    *(PYTHON_NEW, policies.PYTHON_OLD, TS_NEW, policies.TS_OLD),
]
ANSWERS = (
    "text html empty emptysse errjson200 jsonforstream close hang:400 redirect:301 redirect:307 "
    "s_noevent s_nodelta s_badjson s_nostart s_nocbstart s_nocbstop s_deltaafterstop s_err_early "
    "s_err_mid s_rst_headers s_rst_start s_rst_mid s_rst_aftertool s_end_mid s_end_start maxtok "
    "refusal emptycontent s_toolnoargs s_stallmid:430 s_slowbody:430 s_gzip_mislabel err:400:x "
    "err:401:x err:404:x err:429:x||retry-after=61 err:500:x err:529:x htmlerr:403 emptyerr:502"
).split()


@given(st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=6), st.sampled_from(POLICIES))
def test_every_turn_ends(script: list[str], policy: RetryPolicy) -> None:
    turn = play(policy, *script)
    assert turn.end.result in ("answered", "empty", "partial", "failed")
    assert len(turn.attempts) <= 30
    assert all(wait >= 0 for wait in turn.waits_s)
    if turn.end.result == "failed":
        assert turn.end.message or policy.family != "engine"


class Wire:
    """A transport that answers 401 until the right key comes."""

    def __init__(self) -> None:
        self.keys: list[str | None] = []

    def send(
        self, purpose: str, request: OutgoingRequest, on_chunk: OnChunk | None = None
    ) -> Exchange:
        self.keys.append(request.header("authorization"))
        right = self.keys[-1] == "Bearer sk-new"
        found = fault("text") if right else status(401)
        for chunk in found.chunks if on_chunk else ():
            on_chunk(chunk.data) if on_chunk else None
        return replace(found, request=request)

    def close(self) -> None:
        """Nothing to close."""


def test_the_engine_persists_with_renewed_settings() -> None:
    wire = Wire()
    old = GatewaySettings("http://127.0.0.1:8787", "sk-old")
    engine = Engine(ENGINE_DESKTOP, old, wire)
    engine.renew_credential = lambda: replace(old, api_key="sk-new")
    first = engine.draft([{"role": "user", "content": "hi"}])
    turn = engine.persist(first, clock=Clock(sleep=lambda seconds: None))
    assert wire.keys == ["Bearer sk-old", "Bearer sk-new"]
    assert turn.end.result == "answered"
    assert engine.settings.credential() == ("Authorization", "Bearer sk-new")
