"""The journal: what was learnt before a run was broken off is read again."""

from __future__ import annotations

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


def test_a_damaged_line_in_the_middle_loses_itself_only_and_is_counted(tmp_path: Path) -> None:
    path = journal(tmp_path, plain("CONN-01"), plain("AUTH-03"), plain("ERR-06"))
    lines = path.read_text("ascii").split("\n")
    for damage in ('{"result": {"id', '{"result": 5}', "[1]", "\x00", '{"other": {}}'):
        path.write_text("\n".join([*lines[:2], damage, *lines[3:]]))
        record = read_journal(tmp_path)
        assert [r.id for r in record.results] == ["CONN-01", "ERR-06"]
        assert "1 damaged lines of its journal are left out" in record.state_detail
        assert "AUTH-03" in record.not_verified
