"""``gatecert report``: the newest record of a folder, and one clear line for a damaged one."""

from __future__ import annotations

import argparse
import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sample import sample_record, sample_results

from gatecert.cli.report import rebuild_report
from gatecert.errors import UsageError
from gatecert.record import Journal
from gatecert.record.journal import JOURNAL

EARLY, LATE = "2026-11-23T07:52:08+00:00", "2026-11-23T09:00:00+01:00"
_NOT_IN_HEAD = (
    "results not_verified summary conformant complete duration_ms state state_detail".split()
)


def document(**changes: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(json.dumps(sample_record(**changes).to_json()))
    return loaded


def write_record(folder: Path, **changes: Any) -> None:
    (folder / "run.json").write_text(json.dumps(document(**changes)), encoding="utf-8")


def write_journal(folder: Path, **changes: Any) -> None:
    whole = document(**changes)
    head = {key: value for key, value in whole.items() if key not in _NOT_IN_HEAD}
    with Journal(folder, head) as journal:
        journal.result(sample_results("CONN-01")[0])


def rebuild(folder: Path) -> dict[str, Any]:
    assert rebuild_report(argparse.Namespace(folder=str(folder))) == 0
    loaded: dict[str, Any] = json.loads((folder / "run.json").read_text("utf-8"))
    return loaded


def refused(folder: Path) -> str:
    with pytest.raises(UsageError) as caught:
        rebuild(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_record_is_rendered_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_record(tmp_path)
    assert rebuild(tmp_path)["state"] == "finished"
    assert capsys.readouterr().out == f"report: {tmp_path / 'index.html'}\n"


def test_a_journal_alone_is_taken_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_journal(tmp_path)
    assert rebuild(tmp_path)["state"] == "broken-off"
    assert "rebuilt from the journal: the process died" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("written", "journal", "state"),
    [
        (EARLY, LATE, "broken-off"),
        (LATE, EARLY, "finished"),
        (EARLY, EARLY, "finished"),
        ("yesterday", EARLY, "broken-off"),
        (EARLY, "yesterday", "finished"),
        (EARLY, "2026-11-23", "finished"),
    ],
)
def test_the_newer_of_record_and_journal_is_taken(
    tmp_path: Path, written: str, journal: str, state: str
) -> None:
    write_record(tmp_path, started=written)
    write_journal(tmp_path, started=journal)
    assert rebuild(tmp_path)["state"] == state


def test_a_journal_that_cannot_be_read_does_not_matter_beside_a_record(tmp_path: Path) -> None:
    write_record(tmp_path)
    (tmp_path / JOURNAL).write_text("[1]\n")
    assert rebuild(tmp_path)["state"] == "finished"


@pytest.mark.parametrize("text", ["[]", "null", "{", "[" * 100_000, '{"schema": [1]}', "\xff"])
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="latin-1")
    assert refused(tmp_path).startswith(f"{tmp_path / 'run.json'}: the record cannot be read (")


def test_beside_a_damaged_record_the_journal_is_pointed_to(tmp_path: Path) -> None:
    write_journal(tmp_path)
    (tmp_path / "run.json").write_text("[]")
    assert refused(tmp_path).endswith("remove it, and journal.jsonl is taken")


def test_a_record_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").mkdir()
    assert "the record cannot be read (Is a directory)" in refused(tmp_path)


@pytest.mark.parametrize("text", ["", "[]\n", '{"run": {}}\n', '{"run": {"schema": 1}}\n'])
def test_a_journal_without_a_head_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / JOURNAL).write_text(text)
    assert "it has no head" in refused(tmp_path)


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    assert "holds neither run.json nor a journal" in refused(tmp_path)
    assert "holds neither run.json nor a journal" in refused(tmp_path / "nowhere")


@pytest.mark.parametrize("value", [None, [], {}, 5, -1, "\x1b[31m", True])
def test_whatever_is_spoiled_the_record_is_rendered_or_refused(tmp_path: Path, value: Any) -> None:
    whole = document(results=sample_results("AUTH-03", "OVER-01"))
    for place in _places(whole):
        spoiled = copy.deepcopy(whole)
        node = spoiled
        for key in place[:-1]:
            node = node[key]
        node[place[-1]] = value
        (tmp_path / "run.json").write_text(json.dumps(spoiled))
        with suppress(UsageError):
            rebuild(tmp_path)


def _places(node: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of a document, of each list only the first item."""
    keys = list(node) if isinstance(node, dict) else list(range(min(1, len(node))))
    places = [(*above, key) for key in keys]
    deep = [p for p in places if isinstance(node[p[-1]], dict | list)]
    return places + [found for p in deep for found in _places(node[p[-1]], p)]
