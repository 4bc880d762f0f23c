"""One answer behind many deviations is told from values that happen to be alike."""

from __future__ import annotations

from typing import Any

import pytest
from sample import sample_message, sample_result

from gatecert.record import Evidence, RecordedExchange, Result
from gatecert.report.causes import answer_of, most_basic, shared_answers, status_of

NO_ROUTE = "HTTP 404 'no route for /v1/messages?beta=true'"


def failing(identifier: str, came: str, **more: Any) -> Result:
    plain = Evidence([], [], 0, [])
    return sample_result("AUTH-03", **{"id": identifier, "came": came, "evidence": plain, **more})


def saw(*answers: tuple[int, str]) -> Evidence:
    """Evidence of exchanges that were answered so."""
    found = [
        RecordedExchange(
            purpose="turn",
            url="http://127.0.0.1:9/v1/messages",
            request=sample_message("POST /v1/messages HTTP/1.1"),
            response=sample_message(f"HTTP/1.1 {status} X", body),
            fault="",
            headers_ms=1.0,
            end_ms=2.0,
            chunks=1,
            curl="",
        )
        for status, body in answers
    ]
    return Evidence(found, [], 0, [])


@pytest.mark.parametrize(
    ("came", "answer"),
    [
        ("HTTP 404 'no route 12'", "HTTP 404 'no route #'"),
        ("HTTP 502 with an empty body", "HTTP 502 with an empty body"),
        ("HTTP 500 with the body '<html>7</html>'", "HTTP 500 with the body '<html>#</html>'"),
        ("HTTP 404 'it\\'s \"gone\"', and 0 requests", "HTTP 404 'it\\'s \"gone\"'"),
        ('HTTP 404 "it\'s gone", then closed: early', 'HTTP 404 "it\'s gone"'),
        ("HTTP 200, then closed: after 17 bytes", "HTTP 200, then closed: after # bytes"),
        ("no answer (refused: port 9)", "no answer (refused: port #)"),
        ("the route ['other']", "the route ['other']"),
        ("3 arrived: POST /v1/messages", "# arrived: POST /v1/messages"),
        ("HTTP 503 'busy, request req_011CSabcdef'", "HTTP 503 'busy, request #'"),
        ("2 entries instead of 1", ""),
        ("HTTP 200", ""),
        ("HTTP 200 with something", ""),
        ("nothing", ""),
        ("404", ""),
        ("'anthropic error: it'", ""),
        ("{'type': 'x y'}", ""),
        ("", ""),
    ],
)
def test_the_answer_is_what_came_without_what_varies(came: str, answer: str) -> None:
    assert answer_of(came) == answer


def test_the_status_of_an_error_stays() -> None:
    assert status_of(answer_of("HTTP 401 'no key 7'")) == 401
    assert status_of(answer_of("the route 404")) == 0
    assert answer_of("HTTP 401 'x'") != answer_of("HTTP 403 'x'")


def test_models_are_told_apart_by_their_names() -> None:
    one, other = "claude-sonnet-4-5", "claude-haiku-4-5-20251001"
    assert answer_of(f"HTTP 404 'model {one}'") != answer_of(f"HTTP 404 'model {other}'")


def test_two_with_an_error_share_it_and_one_alone_does_not() -> None:
    results = [failing("A-01", NO_ROUTE), failing("A-02", NO_ROUTE), failing("A-03", "HTTP 500")]
    assert shared_answers(results) == {"A-01": NO_ROUTE, "A-02": NO_ROUTE}


def test_other_sentences_must_come_often() -> None:
    results = [failing(f"A-0{n}", "nothing arrived") for n in range(4)]
    assert len(shared_answers(results)) == 4
    assert shared_answers(results[:3]) == {}


def test_two_that_waited_in_vain_need_not_have_one_cause() -> None:
    results = [failing(f"A-0{n}", f"no answer (timeout: nothing came for {n} s)") for n in range(4)]
    assert len(shared_answers(results)) == 4
    assert shared_answers(results[:2]) == {}


def test_values_and_successes_are_never_shared() -> None:
    for came in ("nothing", "''", "HTTP 200", "0", "an empty text"):
        assert shared_answers([failing(f"A-{n}", came) for n in range(9)]) == {}


def test_wrapped_words_are_no_answer_in_this_sense() -> None:
    assert answer_of("'HTTP 500 ' around it") == ""


def commonest(*others: Result) -> dict[str, str]:
    return shared_answers([*(failing(f"A-0{n}", NO_ROUTE) for n in range(3)), *others])


@pytest.mark.parametrize(
    "came",
    ["404", "{'message': 'no route for /v1/messages?beta=true'}", f"{NO_ROUTE}, and 0 requests"],
)
def test_what_tells_the_same_answer_in_other_words_joins(came: str) -> None:
    assert "B-01" in commonest(failing("B-01", came))


def test_what_saw_nothing_but_the_answer_joins() -> None:
    body = '{"error":{"message":"no route for /v1/messages?beta=true"}}'
    assert "B-01" in commonest(failing("B-01", "''", evidence=saw((404, body), (404, body))))


@pytest.mark.parametrize(
    "evidence",
    [
        saw(),
        saw((404, '{"error":{"message":"no such model"}}')),
        saw((401, '{"error":{"message":"no route for /v1/messages?beta=true"}}')),
        saw((404, "no route for /v1/messages?beta=true"), (200, "{}")),
    ],
)
def test_what_saw_something_else_does_not_join(evidence: Evidence) -> None:
    assert "B-01" not in commonest(failing("B-01", "''", evidence=evidence))


def test_a_small_group_takes_nobody_in() -> None:
    results = [failing("A-01", NO_ROUTE), failing("A-02", NO_ROUTE), failing("B-01", "404")]
    assert "B-01" not in shared_answers(results)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("HTTP 404 'x'", "CONN-02"),
        ("HTTP 401 'x'", "AUTH-01"),
        ("HTTP 502 'x'", "CONN-02"),
        ("no answer (closed: x)", "CONN-02"),
    ],
)
def test_what_must_work_first_stands_for_all(answer: str, expected: str) -> None:
    ids = ("CONN-04", "STREAM-01", "URL-06", "AUTH-01", "CONN-02")
    assert most_basic([failing(i, answer) for i in ids], answer).id == expected


def test_the_query_is_suspected_only_where_the_address_may_be_wrong() -> None:
    results = [failing(i, "") for i in ("CONN-04", "STREAM-01", "URL-06")]
    assert most_basic(results, "HTTP 404 'x'").id == "URL-06"
    assert most_basic(results, "HTTP 502 'x'").id == "STREAM-01"
    assert most_basic(results[:1], "HTTP 502 'x'").id == "CONN-04"


def test_what_locks_out_stands_for_those_who_are_locked_out() -> None:
    results = [failing(i, "") for i in ("SEC-01", "SEC-41", "STREAM-74", "STREAM-87")]
    assert most_basic(results, "HTTP 503 'x'").id == "STREAM-87"
    assert most_basic([*results, failing("CONN-02", "")], "HTTP 503 'x'").id == "CONN-02"
