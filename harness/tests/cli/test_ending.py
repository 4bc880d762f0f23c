"""The end of the terminal output: what is broken first, one cause once, nothing cut in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.text import Text
from sample import HOSTILE, VERDICT_OF, sample_record, sample_result, sample_results

from gatecert.cli.ending import ending, headline, plain, result_line, slowest_lines
from gatecert.record import Result, RunRecord

PLAIN = {"reason": "reason", "came": "it", "title": "title"}


def lines(record: RunRecord) -> list[str]:
    """The ending as it is read, without mark-up."""
    return [Text.from_markup(line).plain for line in ending(record, Path("r"))]


def results(*identifiers: str, **changes: Any) -> list[Result]:
    return [sample_result(i, **{**PLAIN, **changes}) for i in identifiers]


def first_words(record: RunRecord) -> list[str]:
    return [line.split()[0] for line in lines(record) if line.startswith("  ") and line[2] != " "]


def test_failures_come_first_then_errors_then_what_is_fixed_then_warnings() -> None:
    record = sample_record(results=results(*VERDICT_OF))
    assert first_words(record) == ["fail", "error", "fixed", "warn"]


def test_what_fails_with_one_answer_is_told_once() -> None:
    came = "HTTP 404 'no route'"
    same = [
        *results(*["AUTH-03"], id="CONN-04", area="connection", came=came),
        *results(*["AUTH-03"], id="URL-06", area="urls", came=came, fix="Ignore the query."),
        *(results("AUTH-03", id=f"MSG-{n}", came=came)[0] for n in range(10, 30)),
    ]
    told = lines(sample_record(results=same))
    assert "URL-06" in told[0]
    assert told[1].strip() == (
        "22 requirements fail with this answer, also CONN-04, MSG-10, MSG-11, MSG-12, MSG-13, "
        "MSG-14, MSG-15, MSG-16, MSG-17, MSG-18, MSG-19, MSG-20 and 9 more"
    )
    assert told[2].strip() == "what to do: Ignore the query."
    assert told[-2] == "NOT CONFORMANT: 22 MUST requirements failed"


def test_the_same_change_is_told_once() -> None:
    same = results("AUTH-03") + results("AUTH-03", id="AUTH-04")
    assert "the same change is asked for by AUTH-04" in "\n".join(
        lines(sample_record(results=same))
    )


def test_further_findings_are_counted() -> None:
    many = [results("AUTH-03", id=f"X-{n}", fix=str(n))[0] for n in range(15)]
    told = lines(sample_record(results=many))
    assert "  … and 3 more in the report" in told
    assert sum(line.startswith("  fail") for line in told) == 12


def test_what_could_not_run_is_a_line_for_each_reason() -> None:
    unrun = [
        *(results("OVER-01", id=f"X-{n}", reason_code="live-provider")[0] for n in range(62)),
        *results("OVER-01", id="OVER-01", reason="the interval is 1 to 9 ms"),
        *results("OVER-01", id="OVER-02", reason="the interval is 2 to 9 ms"),
        *results("OVER-01", id="FALL-05", reason="no model for it", reason_code="no-means"),
    ]
    told = [line for line in lines(sample_record(results=unrun)) if "could-not-run" in line]
    assert told[0].startswith("could-not-run: 62 (the provider is live and cannot be scripted: ")
    assert "add [upstream] listen (or --upstream-listen)" in told[0]
    assert told[1:] == [
        "could-not-run: 2 (the measurement's own controls did not hold)",
        "could-not-run: 1 (no model for it)",
    ]


def test_what_was_not_verified_says_how_many_more() -> None:
    record = sample_record(not_verified=[f"FALL-{n}" for n in range(10, 60)])
    (told,) = [line for line in lines(record) if line.startswith("not verified")]
    assert told.endswith("FALL-21 and 38 more")


@pytest.mark.parametrize("identifiers", [[], ["AUTH-09"], ["OVER-01", "AUTH-09"]])
def test_nothing_judged_is_said(identifiers: list[str]) -> None:
    record = sample_record(results=sample_results(*identifiers) if identifiers else [])
    assert "NOT JUDGED[/]: no requirement could be judged" in headline(record)


@pytest.mark.parametrize(
    ("identifiers", "more", "words"),
    [
        (["CONN-01"], {}, "CONFORMANT[/]: every MUST"),
        (["AUTH-03"], {}, "NOT CONFORMANT[/]: 1 MUST"),
        (["MSG-05"], {}, "NO NEW FAILURES[/]: 1 known"),
        (["CONN-01"], {"state": "interrupted"}, "NOT JUDGED[/]: the run is partial"),
        (["CONN-01", "OVER-01"], {}, "CONFORMANT, INCOMPLETE[/]: 1 req"),
    ],
)
def test_the_headline_says_what_the_record_is_worth(
    identifiers: list[str], more: dict[str, Any], words: str
) -> None:
    assert words in headline(sample_record(results=sample_results(*identifiers), **more))


def test_a_gateways_words_stay_words() -> None:
    record = sample_record(state="gateway-lost", state_detail=f"x\n::error::{HOSTILE}")
    told = ending(record, Path("r"))
    assert told
    for line in told:
        shown = Text.from_markup(line).plain
        assert len(shown.splitlines()) == 1
        assert shown.isprintable()
        assert len(shown) < 700


def test_mark_up_in_a_gateways_words_is_shown_as_it_is() -> None:
    came = "[red]x[/] [link=https://evil.test]y[/link] :smile: \\[b]"
    line = result_line(sample_result("AUTH-03", reason=came))
    assert came in Text.from_markup(line, emoji=False).plain


def test_long_words_are_cut() -> None:
    assert len(plain("x" * 10_000)) == 400


def test_what_is_provisional_stands_beside_the_verdict_and_on_its_line() -> None:
    tool = {"name": "gatecert", "version": "0.2.0"}
    new = results("AUTH-03", verdict="warn", provisional=True)
    told = lines(sample_record(results=[*results("CONN-01"), *new], tool=tool))
    assert told[0].startswith("  warn  AUTH-03    provisional: reason")
    assert told[-2] == (
        "CONFORMANT: every MUST that counts already holds; "
        "1 provisional requirement broken, failing from 0.3 on"
    )


def test_only_the_hint_of_the_tested_gateway_is_told() -> None:
    hints = {"nginx": "proxy_buffering off", "litellm": "num_retries: 0"}
    target = {**sample_record().target, "name": "our nginx"}
    told = lines(sample_record(results=results("AUTH-03", hints=hints), target=target))
    assert told[2].strip() == "in nginx: proxy_buffering off"
    unknown = lines(sample_record(results=results("AUTH-03", hints=hints)))
    assert not [line for line in unknown if "proxy_buffering" in line]


def test_the_slowest_are_told_with_their_time() -> None:
    slow = [
        *(results("CONN-01", id=f"CONN-{n}", duration_ms=n * 100.0)[0] for n in range(10, 30)),
        *results("OVER-01", duration_ms=90_000.0),
    ]
    head, first, *more = [
        Text.from_markup(line).plain for line in slowest_lines(sample_record(results=slow))
    ]
    assert head == "the 10 slowest requirements:"
    assert first.split() == ["2.9", "s", "CONN-29", "title"]
    assert len(more) == 9
    assert slowest_lines(sample_record(results=slow[:3])) == []
