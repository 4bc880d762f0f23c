from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatecert.fidelity.surfaces import HOST_GAP_MS
from gatecert.realclients import recovery
from gatecert.realclients.compare import fault_differences
from gatecert.realclients.faults import FAULTS, error
from gatecert.realclients.inside import FAULTS_NOTE
from gatecert.realclients.process import Ended
from gatecert.realclients.recorder import Seen
from gatecert.realclients.stage import Played
from gatecert.wire import Request

CAPTURES = Path(__file__).parents[3] / "fixtures" / "captures"
KEPT = json.loads((CAPTURES / "errors-claude-code.json").read_text("utf-8"))["results"]
RESULT = {"is_error": True, "api_error_status": 529, "result": "API Error: 529", "num_turns": 1}


def attempt(at_s: float, betas: str = "a,b", timeout: str = "600", **body: Any) -> Seen:
    headers = [("anthropic-beta", betas), ("X-Stainless-Timeout", timeout)]
    headers.append(("X-Stainless-Retry-Count", "0"))
    data = json.dumps({"model": "m", "stream": True, **body}).encode()
    return Seen(Request("POST", "/v1/messages?beta=true", headers, data), 0, at_s, 529)


def played(*seen: Seen, output: str = json.dumps(RESULT), code: int | None = 1) -> Played:
    return Played(list(seen), Ended(code, output), {})


def test_attempts_are_counted_with_the_waits_between_them() -> None:
    probe = Seen(Request("HEAD", "/api/hello", [], b""), 1, 0.1, 200)
    found = recovery.observed(played(probe, attempt(1.0), attempt(1.61), attempt(2.84)))
    assert (found["messages_requests"], found["gaps_s"]) == (3, [0.6, 1.2])
    assert found["modes"] == ["stream", "stream", "stream"]
    assert found["changes_between_attempts"] == [[], []]
    assert (found["exit_code"], found["api_error_status"]) == (1, 529)
    assert found["retry_count_header"] == ["0"]


def test_what_a_fallback_changes_is_told_as_in_the_captures() -> None:
    sooner, later = attempt(1, max_tokens=9), attempt(2, timeout="300", max_tokens=5, stream=False)
    assert recovery.changes(sooner, later) == [
        ".stream: True -> False",
        ".max_tokens: 9 -> 5",
        "hdr x-stainless-timeout: '600' -> '300'",
    ]
    assert recovery.observed(played(sooner, later))["modes"] == ["stream", "json"]


def test_a_beta_and_a_field_that_are_dropped_are_told() -> None:
    sooner = attempt(1, betas="a,b", output_config={"effort": "high"})
    told = recovery.changes(sooner, attempt(2, betas="a"))
    assert told == ["- .output_config.effort='high'", "beta -['b'] +[]"]


def test_texts_in_changes_are_lengths() -> None:
    told = recovery.changes(attempt(1, system="what I said"), attempt(2, system="what I also said"))
    assert told == [".system: 'str(11)' -> 'str(16)'"]


def test_many_changes_are_counted() -> None:
    told = recovery.changes(attempt(1), attempt(2, metadata={str(n): n for n in range(20)}))
    assert len(told) == 9
    assert told[-1] == "and 12 more"


def test_an_answer_is_told_by_its_length_and_an_error_in_the_clients_words() -> None:
    assert recovery.shown({"is_error": False, "result": "an answer"}) == "str(9)"
    words = "API Error: refused by 127.0.0.1:4711, request req_0a1b2c, message msg_0a1b2c"
    shown = recovery.shown({"is_error": True, "result": words})
    bare = "API Error: refused by 127.0.0.1:<port>, request <request-id>, message <message-id>"
    assert shown == bare
    assert len(recovery.shown({"is_error": True, "result": "x" * 999})) == 400


@pytest.mark.parametrize("output", ["", "Not logged in\n", "[1]\n", "{broken\n"])
def test_a_client_that_printed_no_result_has_none(output: str) -> None:
    assert recovery.result(output) == {}
    assert recovery.observed(played(output=output))["final_message"] == "str(0)"


def event(kind: str, text: str = "") -> dict[str, Any]:
    return {"type": "stream_event", "event": {"type": kind, "delta": {"text": text}}}


def said(kind: str, text: str) -> dict[str, Any]:
    return {"type": kind, "message": {"content": [{"type": "text", "text": text}]}}


def lines(*found: Any) -> str:
    return "".join(f"{json.dumps(one)}\n" for one in found)


def test_what_a_host_is_handed_over_is_told_in_order() -> None:
    output = lines(
        {"type": "system", "subtype": "init"},
        *(event("message_start"), event("content_block_delta", "ab")),
        *(event("content_block_delta", "cde"), event("content_block_stop"), event("message_stop")),
        {"type": "system", "subtype": "api_retry"},
        *(said("user", "go on"), event("message_start"), said("assistant", "abcdef")),
        RESULT,
    )
    told = ["start", "text(5)", "stop", "retry", "asked(5)", "start", "answer(6)"]
    assert recovery.to_host(output) == told
    found = recovery.observed(played(output=output))
    assert (found["to_host"], found["final_message"]) == (told, "API Error: 529")


@pytest.mark.parametrize(
    "output", ["", "not JSON\n", "[1]\n", lines(RESULT), lines({"event": None})]
)
def test_a_client_that_prints_once_hands_nothing_over(output: str) -> None:
    assert recovery.to_host(output) == []
    assert "to_host" not in recovery.observed(played(output=output))


def test_each_place_has_its_environment_and_a_host_reads_along() -> None:
    fault = error(529, "overloaded_error")
    places = {
        place: fault.at(place).flow() for place in ("", "desktop", "cowork", "desktop stream")
    }
    entrypoints = [flow.env.get("CLAUDE_CODE_ENTRYPOINT") for flow in places.values()]
    assert entrypoints == [None, "claude-desktop-3p", "local-agent", "claude-desktop-3p"]
    terminal = fault.at("terminal").flow()
    assert (terminal.kind, terminal.plans[0].gap_ms) == ("terminal", HOST_GAP_MS)
    host = places.pop("desktop stream")
    assert (host.kind, host.args) == ("stream-json", ("--include-partial-messages",))
    assert [plan.gap_ms for plan in host.plans] == [HOST_GAP_MS]
    assert {flow.kind for flow in places.values()} == {"print"}
    assert all(flow.env["CLAUDE_CODE_MAX_RETRIES"] == "2" for flow in places.values())


def test_what_is_recorded_anew_is_what_is_kept() -> None:
    for place in CAPTURES.glob("errors-claude-code-[0-9]*.json"):
        document = json.loads(place.read_text("utf-8"))
        assert document["note"] == FAULTS_NOTE
        (results,) = document["results"].values()
        assert set(results) == {fault.key for fault in FAULTS}


def test_the_last_result_counts() -> None:
    assert recovery.result('warning\n{"a": 1}\n{"a": 2}\n') == {"a": 2}


def test_an_error_is_named_as_in_the_captures() -> None:
    assert error(401, "authentication_error").key == (
        "err:401:authentication_error (CLAUDE_CODE_MAX_RETRIES=2)"
    )
    with_header = error(429, "rate_limit_error", retry_after="2")
    assert with_header.key.startswith("err:429:rate_limit_error||retry-after=2 (")
    assert with_header.plans[0].headers == {"retry-after": "2"}


def test_faults_have_names_of_their_own_and_most_are_kept() -> None:
    keys = [fault.key for fault in FAULTS]
    assert len(keys) == len(set(keys))
    new = {key for key in keys if key not in KEPT["claude-code-2.1.330"]}
    assert {f.key for f in FAULTS if f.key in new and not f.place} == {
        "err:429:rate_limit_error||retry-after=61 (CLAUDE_CODE_MAX_RETRIES=2)",
        "err:500:api_error (CLAUDE_CODE_MAX_RETRIES=2)",
    }


def test_a_result_does_not_differ_from_itself() -> None:
    kept = KEPT["claude-code-2.1.330"]
    assert fault_differences(kept, kept) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"exit_code": 0}, "exit_code 1 → 0"),
        ({"modes": ["stream"]}, "modes"),
        ({"gaps_s": [0.7, 9.0]}, "gaps_s"),
        ({"changes_between_attempts": [["hdr x: '1' -> '2'"], []]}, "changes"),
    ],
)
def test_another_recovery_is_a_difference(change: dict[str, Any], word: str) -> None:
    name = "err:401:authentication_error (CLAUDE_CODE_MAX_RETRIES=2)"
    kept = KEPT["claude-code-2.1.330"][name]
    (line,) = fault_differences({name: kept}, {name: {**kept, **change}})
    assert line.startswith(f"{name}: ")
    assert word in line


def test_a_clients_jitter_is_no_difference() -> None:
    kept = {"exit_code": 1, "modes": ["stream"] * 3, "changes_between_attempts": [[], []]}
    sooner, later = {**kept, "gaps_s": [0.5, 16.0]}, {**kept, "gaps_s": [0.63, 20.0]}
    assert fault_differences({"a": sooner}, {"a": later}) == []
