"""The answer on the first screen, and the order of what to change."""

from __future__ import annotations

from typing import Any

import pytest
from sample import sample_record, sample_result, sample_results

from gatecert.record import Result
from gatecert.report.headline import headline
from gatecert.report.triage import Change, changes, unverified
from gatecert.requirements import GATEWAYS

PASSING = ("CONN-01", "AUTH-09")
CATALOGUE = {"hash": f"sha256:{'0' * 64}", "requirements": 110}


@pytest.mark.parametrize(
    ("identifiers", "more", "tone", "title"),
    [
        (PASSING, {}, "fit", "Fit for Claude Desktop"),
        (("CONN-01", "STREAM-07", "MODEL-04"), {}, "fit", "Fit for Claude Desktop"),
        (("CONN-01", "AUTH-03"), {}, "unfit", "Not fit: 1 requirement broken"),
        (("MSG-05", "AUTH-03"), {}, "unfit", "Not fit: 1 requirement broken"),
        (("CONN-01", "MSG-05"), {}, "unfit", "Not fit: 1 recorded deviation still shows"),
        (PASSING, {"state": "interrupted"}, "incomplete", "Incomplete: the run was interrupted"),
        (PASSING, {"state": "new-word"}, "incomplete", "Incomplete: the run ended as 'new-word'"),
        (
            ("CONN-01", "OVER-01"),
            {},
            "incomplete",
            "Incomplete: 1 requirement could not be verified",
        ),
        (
            PASSING,
            {"catalogue": CATALOGUE},
            "incomplete",
            "Incomplete: only 2 of 110 requirements were selected",
        ),
        (("AUTH-03",), {"state": "interrupted"}, "unfit", "Not fit: 1 requirement broken"),
    ],
)
def test_the_headline_says_whether_the_gateway_is_fit(
    identifiers: tuple[str, ...], more: dict[str, Any], tone: str, title: str
) -> None:
    found = headline(sample_record(results=sample_results(*identifiers), **more))
    assert (found.tone, found.title) == (tone, title)


def test_nothing_judged_is_never_fit() -> None:
    found = headline(sample_record(results=[]))
    assert found.title == "Incomplete: no requirement was judged"
    assert "Nothing was judged." in found.notes


def test_the_detail_of_a_broken_run_is_told_once() -> None:
    told = {"state": "interrupted", "state_detail": "the run was interrupted"}
    record = sample_record(results=sample_results(*PASSING), **told)
    assert not [n for n in headline(record).notes if "interrupted" in n]
    lost = sample_record(results=[], state="not-started", state_detail="port 80 is taken")
    assert "Port 80 is taken." in headline(lost).notes


def test_two_recorded_deviations_show() -> None:
    results = [sample_result("MSG-05"), sample_result("AUTH-03", verdict="known")]
    found = headline(sample_record(results=results))
    assert found.title == "Not fit: 2 recorded deviations still show"
    assert "There is no new failure." in found.notes


@pytest.mark.parametrize(
    ("identifiers", "note"),
    [
        (PASSING, "1 of 2 requirements hold; 1 does not apply to this gateway."),
        (("CONN-01", "STREAM-07"), "1 recommendation (SHOULD) not met."),
        (("URL-02",), "1 recorded deviation is gone: remove it from the file."),
        (("AUTH-03", "MSG-05"), "1 recorded deviation still shows."),
        (("AUTH-03", "ERR-06"), "The run is also incomplete: 1 requirement could not be verified."),
    ],
)
def test_notes_qualify_the_headline(identifiers: tuple[str, ...], note: str) -> None:
    assert note in headline(sample_record(results=sample_results(*identifiers))).notes


def test_a_recorded_deviation_from_a_should_is_told_as_such() -> None:
    results = [sample_result("CONN-01"), sample_result("MSG-05", level="SHOULD")]
    found = headline(sample_record(results=results))
    assert found.tone == "fit"
    assert "1 recorded deviation from a SHOULD or MAY still shows." in found.notes


def ranked(*results: Result) -> list[str]:
    return [change.result.id for change in changes(sample_record(results=list(results)))]


def failing(area: str, **more: Any) -> Result:
    return sample_result("AUTH-03", **{"id": area, "area": area, "fix": area, "came": area, **more})


def test_failures_are_ranked_by_harm() -> None:
    areas = "overhead models metadata urls errors messages fallback streaming auth connection"
    assert ranked(*map(failing, areas.split())) == list(reversed(areas.split()))


def test_failures_come_before_warnings_before_recorded_deviations() -> None:
    results = (
        failing("connection", verdict="known"),
        failing("auth", verdict="warn", level="SHOULD"),
        failing("overhead"),
        failing("streaming", verdict="info", level="MAY"),
    )
    assert ranked(*results) == ["overhead", "auth", "connection"]


def test_without_failures_the_deviations_that_decide_come_first() -> None:
    results = (failing("auth", verdict="warn", level="SHOULD"), failing("urls", verdict="known"))
    assert ranked(*results) == ["urls", "auth"]


def test_the_same_fix_is_one_change() -> None:
    results = [failing("auth"), failing("auth", id="two"), failing("auth", id="x", fix="other")]
    first, second = changes(sample_record(results=results))
    assert ([r.id for r in first.also], second.result.id) == (["two"], "x")


def test_wrapped_messages_are_one_change_whatever_is_around_them() -> None:
    came = [f"'{kind}: ' around it" for kind in ("BadRequest", "Timeout")]
    results = [failing("errors", id=f"ERR-{n}", fix=str(n), came=c) for n, c in enumerate(came)]
    only = changes(sample_record(results=results))
    assert [(c.result.id, [r.id for r in c.also]) for c in only] == [("ERR-0", ["ERR-1"])]


@pytest.mark.parametrize(("status", "asked"), [(500, True), (404, False)])
def test_of_one_server_error_everywhere_the_log_is_asked_first(status: int, asked: bool) -> None:
    areas = ("connection", "streaming", "messages", "urls")
    results = [failing(area, came=f"HTTP {status} 'x'") for area in areas]
    first = changes(sample_record(results=results))[0]
    assert ("log why it answers HTTP 500" in first.todo) is asked
    assert first.todo.endswith(first.result.fix)


NOT_FOUND = "HTTP 404 'no route for /v1/messages?beta=true'"


def test_one_answer_is_one_change_and_the_most_basic_stands_for_all() -> None:
    answers = [f"HTTP 404 'no route {n} for req_0123456789abcdef'" for n in range(5)]
    same = [
        failing("connection", id="CONN-04", came=answers[0]),
        failing("streaming", id="STREAM-01", came=answers[1]),
        failing("urls", id="URL-06", came=answers[2]),
        failing("messages", id="MSG-01", came=answers[3]),
    ]
    other = failing("auth", came="something else")
    first, second = changes(sample_record(results=[other, *same]))
    assert first.one_answer
    assert first.result.id == "URL-06"
    assert {r.id for r in first.also} == {"CONN-04", "STREAM-01", "MSG-01"}
    assert second.result.id == "auth"
    assert not second.one_answer


def test_what_many_have_in_common_comes_before_a_single_harm() -> None:
    many = [failing("errors", id=f"ERR-0{n}", came=NOT_FOUND) for n in range(4)]
    single = failing("connection", id="CONN-05")
    assert ranked(single, *many) == ["ERR-00", "CONN-05"]
    assert ranked(single, *many[:3]) == ["CONN-05", "ERR-00"]


def test_warnings_with_one_answer_come_after_a_failure() -> None:
    many = [failing("auth", id=f"A-{n}", came=NOT_FOUND, verdict="warn") for n in range(9)]
    assert ranked(*many, failing("models")) == ["models", "A-0"]


REFUSED = "HTTP 401 'invalid key'"


def locked_out(kind: str, came: str = REFUSED) -> list[Change]:
    found = [
        failing("connection", id="CONN-02", came=came),
        failing("connection", id="CONN-04", came=came),
        failing("auth", id="AUTH-01", came=came, fix="Accept it."),
    ]
    target = {**sample_record().target, "kind": kind}
    return changes(sample_record(results=found, target=target))


def test_a_refused_key_is_to_be_checked_first() -> None:
    (change,) = locked_out("external")
    assert change.result.id == "AUTH-01"
    assert change.todo.startswith("Check first whether the environment variable that api_key_env")
    assert "answers it with HTTP 401. If it does, the gateway has to accept it" in change.todo


def test_a_key_that_we_made_ourselves_needs_no_check() -> None:
    (change,) = locked_out("embedded")
    assert change.todo == "Accept it."


def test_another_answer_to_the_key_leads_to_the_connection_test() -> None:
    (change,) = locked_out("external", NOT_FOUND)
    assert (change.result.id, change.check_first) == ("CONN-02", "")


def test_a_path_that_the_gateway_rewrote_is_what_to_change() -> None:
    (change,) = locked_out("external", "HTTP 404 'Not found: POST /messages'")
    assert (change.result.id, len(change.also)) == ("CONN-02", 2)
    assert change.todo.startswith("Send the path on as it came: the provider was asked for POST /m")
    assert "proxy_pass" in change.result.hints["nginx"]
    assert set(change.result.hints) <= set(GATEWAYS)


def test_a_gateway_that_does_not_know_the_right_path_has_rewritten_none() -> None:
    (change,) = locked_out("external", "HTTP 404 'Not found: POST /v1/messages'")
    assert not change.todo.startswith("Send the path on")


def test_the_unverified_are_told_with_the_reason_or_the_state() -> None:
    record = sample_record(
        results=sample_results("CONN-01", "ERR-06"),
        state="gateway-lost",
        not_verified=["ERR-06", "FALL-01"],
    )
    told = {one.id: one.why for one in unverified(record)}
    assert told["ERR-06"].startswith("reason of ERR-06")
    assert told["FALL-01"] == "not reached: the gateway stopped answering"
    assert list(told) == ["ERR-06", "FALL-01"]
