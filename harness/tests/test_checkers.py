"""Weakened checkers: what the table of their losses says, and that each is weaker than ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gatecert import checks, suite
from gatecert.desktop import Exchange, HttpxTransport, OutgoingRequest, SseParser, Turn
from gatecert.desktop.assemble import assemble
from gatecert.killtable import (
    HONEST,
    Checker,
    KillTable,
    Row,
    compare_checkers,
    markdown,
)
from gatecert.killtable import checkers as module
from gatecert.killtable.weakened import WEAKENED, everywhere
from gatecert.requirements import NotMet

FIRST = Row("defect", "one", "", ["AUTH-01", "AUTH-02"], names_it="AUTH-02")
REQUEST = OutgoingRequest("POST", "http://127.0.0.1/v1/messages", [])
SECOND = Row("defect", "two", "", ["MSG-01"], names_it="MSG-01")


def compared(monkeypatch: pytest.MonkeyPatch, **noticed: module.Noticed) -> dict[str, Checker]:
    """The checkers, if they noticed that of the two defects."""

    class Done:
        def __init__(self, work: object) -> None:
            pass

        def results(self, rows: list[Row], workers: int) -> list[tuple[Row, object]]:
            return [(row, noticed.get(row.name)) for row in rows]

    monkeypatch.setattr(module, "Forks", Done)
    return {one.name: one for one in compare_checkers([FIRST, SECOND], 1)}


def test_what_a_checker_no_longer_notices_is_its_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    found = compared(
        monkeypatch,
        one={HONEST: ["AUTH-01", "AUTH-02"], "any-status": ["AUTH-01"]},
        two={HONEST: ["MSG-01"], "any-status": []},
    )
    assert not found[HONEST].pins
    assert not found[HONEST].complaint
    lossy = found["any-status"]
    assert lossy.lost_defects == ["two"]
    assert lossy.lost_pins == {"one": ["AUTH-02"], "two": ["MSG-01"]}
    assert lossy.pins == 2
    assert not lossy.complaint


def test_a_weakened_checker_that_overlooks_nothing_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = {HONEST: ["MSG-01"], "any-status": ["MSG-01"]}
    found = compared(monkeypatch, one={}, two=both)
    assert "overlooks nothing" in found["any-status"].complaint
    assert found[HONEST].complaint == "overlooks something that is pinned"
    assert not KillTable.of([], [], "", list(found.values())).complete


def test_the_page_and_the_data_tell_the_losses() -> None:
    lossy = Checker("any-status", "any will do", ["two"], {"two": ["MSG-01"]})
    table = KillTable.of([], [], "", [Checker(HONEST, "as it is"), lossy])
    assert table.complete
    assert "| any-status | any will do | 1 | 1 | `two` |" in markdown(table)
    assert [one["pins"] for one in table.to_json()["checkers"]] == [0, 1]


def test_each_says_in_a_sentence_what_it_is() -> None:
    assert len(WEAKENED) >= 6
    for one in WEAKENED.values():
        assert one.summary.endswith(".")


def test_a_patch_reaches_imported_names_and_is_undone() -> None:
    honest: Any = checks.same
    other: Any = print
    with pytest.MonkeyPatch.context() as patch:
        everywhere(patch, honest, other)
        assert suite.same is other
    assert suite.same is honest
    assert checks.same is honest


def test_any_status_takes_any_status() -> None:
    with pytest.MonkeyPatch.context() as patch:
        WEAKENED["any-status"].patch(patch)
        suite.same(400, 200, "the status of a turn", hop="")
        with pytest.raises(NotMet):
            suite.same("a", "b", "the text", hop="")


def test_first_delta_only_compares_the_beginning() -> None:
    with pytest.MonkeyPatch.context() as patch:
        WEAKENED["first-delta-only"].patch(patch)
        suite.same("word by word", "word", "the text", hop="")
        with pytest.raises(NotMet):
            suite.same("word by word", "other", "the text", hop="")


def test_done_when_it_ends_takes_a_stream_without_an_end() -> None:
    events = SseParser().feed(b'event: ping\ndata: {"type": "ping"}\n\n')
    assert not assemble(events).ended
    with pytest.MonkeyPatch.context() as patch:
        WEAKENED["done-when-it-ends"].patch(patch)
        assert Turn(Exchange("turn", REQUEST), True, events).assembled.ended


def test_no_patch_outlives_its_round() -> None:
    before = (HttpxTransport.send, SseParser.feed, checks.json_equal)
    for one in WEAKENED.values():
        with pytest.MonkeyPatch.context() as patch:
            one.patch(patch)
    assert before == (HttpxTransport.send, SseParser.feed, checks.json_equal)


def test_repeats_are_told_by_their_number() -> None:
    clean, wrong = Row("repeat", "reference-1", ""), Row("repeat", "reference-2", "", (), ["X-1"])
    table = KillTable.of([clean, wrong], [], "")
    assert "run 2 times more without milliseconds, was clean 1 times" in markdown(table)
    assert not table.complete


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_lax_checker_overlooks_a_real_defect(tmp_path: Path) -> None:
    # in a process of its own: pytest's may have threads, which a fork does not take along
    command = [sys.executable, "-m", "gatecert", "killtable", "overload-is-500", "--checkers"]
    command += ["--repeat", "1", "--out", str(tmp_path)]
    subprocess.run(command, capture_output=True, check=False, timeout=120)
    table = json.loads((tmp_path / "killtable.json").read_text())
    row, repeat = table["rows"]
    assert row["broken"] == row["pinned"]
    assert row["first"] == row["names_it"]
    assert (repeat["kind"], repeat["complaints"]) == ("repeat", [])
    found = {one["name"]: one for one in table["checkers"]}
    assert found["any-status"]["lost_defects"] == ["overload-is-500"]
    assert found[HONEST]["pins"] == 0
