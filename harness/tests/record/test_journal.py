"""The journal: what was learnt before a run was broken off is read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sample import sample_record, sample_result

from gatecert.record import Evidence, Journal, Result, RunRecord, read_journal, schema
from gatecert.record.journal import JOURNAL

IDS = ["CONN-01", "AUTH-03", "ERR-06"]
_NOT_IN_HEAD = (
    "results not_verified summary conformant complete duration_ms state state_detail".split()
)


def head() -> dict[str, Any]:
    record = sample_record(results=[plain(i) for i in IDS])
    whole = {**record.to_json(), "target": {**record.target, "name": "acme"}}
    return {key: value for key, value in whole.items() if key not in _NOT_IN_HEAD}


def plain(identifier: str, **changes: Any) -> Result:
    tame = {"title": "title", "reason": "reason", "came": "", "evidence": Evidence([], [], 0, [])}
    return sample_result(identifier, **{**tame, **changes})


def journal(folder: Path, *results: Result) -> Path:
    with Journal(folder, head()) as open_journal:
        for result in results:
            open_journal.result(result)
    return folder / JOURNAL


def read_again(folder: Path) -> list[str]:
    return [r.id for r in read_journal(folder).results]


def test_every_result_is_read_again_as_it_was(tmp_path: Path) -> None:
    results = [plain(i) for i in IDS]
    journal(tmp_path / "deep" / "down", *results)
    assert read_journal(tmp_path / "deep" / "down").results == results


def test_a_line_is_on_disk_before_the_next_requirement_starts(tmp_path: Path) -> None:
    with Journal(tmp_path, head()) as open_journal:
        open_journal.result(plain("CONN-01"))
        assert read_again(tmp_path) == ["CONN-01"]


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = journal(tmp_path, plain("CONN-01"), plain("AUTH-03"))
    path.write_bytes(path.read_bytes()[:-20])
    assert read_again(tmp_path) == ["CONN-01"]


def test_the_record_says_that_the_run_was_broken_off(tmp_path: Path) -> None:
    journal(tmp_path, plain("CONN-01"), plain("ERR-06"))
    record = read_journal(tmp_path)
    assert record.state == "broken-off"
    assert record.not_verified == ["AUTH-03", "ERR-06"]
    assert not record.complete


def test_the_rebuilt_record_fits_the_schema(tmp_path: Path) -> None:
    journal(tmp_path, plain("CONN-01"))
    record = read_journal(tmp_path)
    assert list(Draft202012Validator(schema()).iter_errors(record.to_json())) == []


def test_of_two_results_for_one_requirement_the_later_counts(tmp_path: Path) -> None:
    journal(tmp_path, plain("CONN-01", reason="first"), plain("CONN-01", reason="second"))
    assert [r.reason for r in read_journal(tmp_path).results] == ["second"]


def test_a_new_journal_takes_the_place_of_an_old_one(tmp_path: Path) -> None:
    journal(tmp_path, plain("CONN-01"))
    journal(tmp_path, plain("AUTH-03"))
    assert read_again(tmp_path) == ["AUTH-03"]


@pytest.mark.parametrize("content", ["", "{}\n", '{"run": {"schema', '{"other": 1}\n'])
def test_a_journal_without_a_head_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / JOURNAL).write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="no head"):
        read_journal(tmp_path)


def test_no_journal_is_told_apart_from_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_journal(tmp_path)


def hostile(folder: Path, text: str) -> RunRecord:
    journal(folder, plain("CONN-01", reason=text), plain("AUTH-03"))
    return read_journal(folder)


# json.dumps(..., ensure_ascii=False) in the journal leaves these characters as they are
@pytest.mark.parametrize(
    "text",
    [
        "line\nfeed and \r and \x0b",
        "line \u2028 and paragraph \u2029",
        "next line \x85",
        "half a surrogate pair \ud800",
    ],
)
def test_characters_from_a_gateway_do_not_break_the_journal(tmp_path: Path, text: str) -> None:
    record = hostile(tmp_path, text)
    assert [r.id for r in record.results] == ["CONN-01", "AUTH-03"]
    assert record.results[0].reason == text


def test_a_line_torn_inside_a_character_is_left_out(tmp_path: Path) -> None:
    path = journal(tmp_path, plain("CONN-01"), plain("AUTH-03", reason="né"))
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(rb"\u00e9") + 3])
    assert read_again(tmp_path) == ["CONN-01"]


@pytest.mark.parametrize(
    "damage",
    ['{"result": {"id', '{"result": 5}', "[1]", "\x00", '{"other": {}}', "null", "[" * 100_000],
)
def test_a_damaged_line_in_the_middle_loses_itself_only_and_is_counted(
    tmp_path: Path, damage: str
) -> None:
    path = journal(tmp_path, plain("CONN-01"), plain("AUTH-03"), plain("ERR-06"))
    lines = path.read_text("ascii").split("\n")
    path.write_text("\n".join([*lines[:2], damage, *lines[3:]]))
    record = read_journal(tmp_path)
    assert [r.id for r in record.results] == ["CONN-01", "ERR-06"]
    assert record.state_detail.endswith("; 1 damaged line of its journal is left out")
    assert "AUTH-03" in record.not_verified


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["verdict"], "maybe"),
        (["verdict"], 5),
        (["evidence"], None),
        (["evidence", "measurements"], [5]),
        (["source", "kind"], {}),
        (["duration_ms"], "soon"),
        (["surprise"], 1),
    ],
)
def test_a_result_of_the_wrong_shape_is_a_damaged_line(
    tmp_path: Path, path: list[str], value: Any
) -> None:
    written = journal(tmp_path, plain("CONN-01"), plain("AUTH-03"))
    head_line, first, second, _ = written.read_text("ascii").split("\n")
    spoiled = json.loads(first)
    node = spoiled["result"]
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    written.write_text("\n".join([head_line, json.dumps(spoiled), "", second, ""]))
    record = read_journal(tmp_path)
    assert [r.id for r in record.results] == ["AUTH-03"]
    assert "1 damaged line " in record.state_detail


def test_a_torn_last_line_is_no_damage(tmp_path: Path) -> None:
    path = journal(tmp_path, plain("CONN-01"), plain("AUTH-03"))
    path.write_bytes(path.read_bytes()[:-20])
    assert "damaged" not in read_journal(tmp_path).state_detail


@pytest.mark.parametrize("key", ["selection", "target", "started", "catalogue", "schema"])
def test_a_head_that_lacks_something_is_none(tmp_path: Path, key: str) -> None:
    with Journal(tmp_path, {k: v for k, v in head().items() if k != key}) as open_journal:
        open_journal.result(plain("CONN-01"))
    with pytest.raises(ValueError, match="no head"):
        read_journal(tmp_path)


@pytest.mark.parametrize("selection", [5, {}, {"ids": 5}, {"ids": [5]}])
def test_a_head_of_the_wrong_shape_is_none(tmp_path: Path, selection: Any) -> None:
    Journal(tmp_path, {**head(), "selection": selection}).close()
    with pytest.raises(ValueError, match="no head"):
        read_journal(tmp_path)
