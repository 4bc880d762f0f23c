"""The record: its way to JSON and back, its schema, and what it says of itself."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from sample import VERDICT_OF, sample_record, sample_result, sample_results

from gatecert.record import (
    SCHEMA,
    Cell,
    Evidence,
    Grid,
    GridRow,
    RunRecord,
    Seen,
    read_run,
    schema,
)
from gatecert.requirements import AREAS, REASONS, SUSPECTS, VERDICTS, Level

VALIDATOR = Draft202012Validator(schema())


def errors(document: Any) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(document)]


def plain(record: RunRecord) -> dict[str, Any]:
    """The record as a reader of the file gets it."""
    loaded: dict[str, Any] = json.loads(json.dumps(record.to_json()))
    return loaded


def test_record_survives_the_way_to_json_and_back() -> None:
    record = sample_record()
    assert RunRecord.from_json(plain(record)) == record


def test_record_is_read_from_a_file(tmp_path: Path) -> None:
    record = sample_record()
    path = tmp_path / "run.json"
    path.write_text(json.dumps(record.to_json()), encoding="utf-8")
    assert read_run(path) == record


@pytest.mark.parametrize("document", [{}, {"schema": "https://gatecert.dev/schema/run-2.json"}])
def test_another_document_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a run record"):
        RunRecord.from_json(document)


def written(folder: Path, text: str) -> Path:
    path = folder / "run.json"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "no JSON object"),
        ("null", "no JSON object"),
        ("5", "no JSON object"),
        ("[" * 100_000, "nests too deep"),
        ('{"schema": [1]}', "not a run record"),
        ("{", "Expecting property name"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_run(written(tmp_path, text))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: d.update(selection=5), "selection is not an object"),
        (lambda d: d["selection"].update(ids=["a", 5]), r"selection.ids\[1\] is not a string"),
        (lambda d: d.pop("started"), "the record has no 'started'"),
        (lambda d: d.update(duration_ms=True), "duration_ms is not a number"),
        (lambda d: d.update(duration_ms=10**400), "duration_ms is not a number"),
        (lambda d: d.update(duration_ms=float("inf")), "duration_ms is not a number"),
        (lambda d: d["target"].pop("name"), "target has no 'name'"),
        (lambda d: d.update(known_file=[]), "known_file is not an object or null"),
        (lambda d: _first(d).update(surprise=1), r"'results\[0\].surprise' is not known"),
        (lambda d: _first(d).update(verdict="maybe"), "CONN-01 has the verdict 'maybe'"),
        (
            lambda d: _exchange(d).update(response=5),
            r"results\[0\].evidence.exchanges\[0\].response is not an object",
        ),
        (
            lambda d: _exchange(d)["request"].update(headers=[["x"]]),
            r"request.headers\[0\] has 1 items",
        ),
    ],
)
def test_a_record_of_the_wrong_shape_is_refused_with_the_place(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], object], words: str
) -> None:
    document = plain(sample_record())
    spoil(document)
    with pytest.raises(ValueError, match=words):
        read_run(written(tmp_path, json.dumps(document)))


def test_whatever_is_spoiled_a_record_is_refused_or_can_be_used(tmp_path: Path) -> None:
    document = plain(sample_record())
    others: list[Any] = [None, [], {}, 5, "x", True]
    refused = used = 0
    for place in _places(document):
        for value in others:
            spoiled = copy.deepcopy(document)
            _put(spoiled, place, value)
            try:
                record = read_run(written(tmp_path, json.dumps(spoiled)))
            except ValueError:
                refused += 1
                continue
            used += 1
            assert record.to_json()["summary"]
            assert record.complete in (True, False)
    assert refused > 500
    assert used > 100


def test_schema_is_itself_valid_and_names_the_version() -> None:
    Draft202012Validator.check_schema(schema())
    assert schema()["$id"] == SCHEMA


def test_schema_accepts_all_nine_verdicts() -> None:
    record = sample_record()
    assert {r.verdict for r in record.results} == set(VERDICTS)
    assert errors(plain(record)) == []


@pytest.mark.parametrize("state", ["not-started", "broken-off", "interrupted"])
def test_schema_accepts_a_run_that_was_cut_short(state: str) -> None:
    record = sample_record(
        results=[], state=state, state_detail="why", known_file=None, not_verified=["AUTH-01"]
    )
    assert errors(plain(record)) == []


def test_schema_knows_the_closed_lists_of_the_code() -> None:
    result = schema()["$defs"]["result"]["properties"]
    assert set(schema()["$defs"]["verdict"]["enum"]) == set(VERDICTS)
    assert set(result["reason_code"]["enum"]) == set(REASONS)
    assert set(result["suspect"]["enum"]) == {"", *SUSPECTS}
    assert set(result["level"]["enum"]) == set(get_args(Level))


def test_schema_demands_every_field_of_a_fixed_shape() -> None:
    shapes = [schema(), *schema()["$defs"].values()]
    fixed = [s for s in shapes if s.get("additionalProperties") is False]
    assert len(fixed) >= 7
    for shape in fixed:
        # these came later: older records lack them
        later = {"seen", "provisional", "hints", "seed", "examples", "grids", "mode", "invented"}
        later |= {"fallback", "policy", "attribution"}
        assert set(shape["required"]) == set(shape["properties"]) - later


def test_a_record_from_before_the_users_line_is_still_read() -> None:
    document = plain(sample_record())
    for result in document["results"]:
        assert result["evidence"].pop("seen", "missing") != "missing"
    assert errors(document) == []
    assert [r.evidence.seen for r in RunRecord.from_json(document).results] == [None] * 9


def test_grids_go_to_json_and_back() -> None:
    row = GridRow("429", [Cell("good", "survived", "whole story"), Cell("none", "–", "why not")])
    evidence = Evidence(grids=[Grid("Fallback", "What it is.", ["whole", "streamed"], [row])])
    document = plain(sample_record(results=[sample_result("AUTH-03", evidence=evidence)]))
    assert errors(document) == []
    assert RunRecord.from_json(document).results[0].evidence.grids == evidence.grids


def test_a_provisional_must_may_warn_and_no_other() -> None:
    result = replace(sample_result("AUTH-03"), level="MUST", verdict="warn", provisional=True)
    assert errors(plain(sample_record(results=[result]))) == []
    settled = replace(result, provisional=False)
    assert errors(plain(sample_record(results=[settled]))) != []


def test_the_users_line_goes_to_json_and_back() -> None:
    seen = Seen("The user reads “no”.", 179.4, 11, "observed")
    result = sample_result("AUTH-03", evidence=Evidence(seen=seen))
    document = plain(sample_record(results=[result]))
    assert errors(document) == []
    assert RunRecord.from_json(document).results[0].evidence.seen == seen


@pytest.mark.parametrize("change", [{"requests": 0}, {"sureness": "sure"}, {"more": 1}])
def test_a_users_line_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    seen = Seen("The user reads “no”.", 179.4, 11, "observed")
    result = sample_result("AUTH-03", evidence=Evidence(seen=seen))
    document = plain(sample_record(results=[result]))
    _first(document)["evidence"]["seen"].update(change)
    assert errors(document)


def _first(document: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = document["results"][0]
    return result


def _exchange(document: dict[str, Any]) -> dict[str, Any]:
    exchange: dict[str, Any] = _first(document)["evidence"]["exchanges"][0]
    return exchange


def _places(node: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a document; of each list and of the results only the first item."""
    keys = list(node) if isinstance(node, dict) else list(range(min(1, len(node))))
    found = []
    for key in keys:
        place = (*above, key)
        found.append(place)
        if isinstance(node[key], dict | list):
            found += _places(node[key], place)
    return found


def _put(node: Any, place: tuple[Any, ...], value: Any) -> None:
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value


def _set(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: _first(document).update({key: value})


@pytest.mark.parametrize(
    "spoil",
    [
        _set("verdict", "maybe"),
        _set("level", "SHALL"),
        _set("reason_code", "because"),
        _set("suspect", "user"),
        _set("id", "auth-3"),
        _set("duration_ms", -1),
        _set("surprise", 1),
        _set("known", {"reason": "a pass has no entry", "link": ""}),
        lambda document: _first(document).pop("why"),
        lambda document: document.update(state="asleep"),
        lambda document: document.update(schema="https://gatecert.dev/schema/run-2.json"),
        lambda document: document["summary"]["verdicts"].update(maybe=1),
        lambda document: document["target"].update(api_key="sk-never-here"),
        lambda document: document["catalogue"].update(hash="sha256:0"),
    ],
)
def test_schema_rejects_what_no_run_writes(spoil: Callable[[dict[str, Any]], object]) -> None:
    document = plain(sample_record())
    spoiled = copy.deepcopy(document)
    spoil(spoiled)
    assert errors(document) == []
    assert errors(spoiled) != []


@pytest.mark.parametrize(
    ("identifier", "wrong"), [("AUTH-03", "SHOULD"), ("STREAM-07", "MUST"), ("MODEL-04", "MUST")]
)
def test_schema_holds_verdicts_to_their_level(identifier: str, wrong: str) -> None:
    record = sample_record(results=[sample_result(identifier, level=wrong)])
    assert errors(plain(record)) != []


@pytest.mark.parametrize(
    ("identifier", "conformant"),
    [("CONN-01", True), ("STREAM-07", True), ("AUTH-03", False), ("MSG-05", False)],
)
def test_a_broken_must_is_not_conformant_even_if_recorded(
    identifier: str, conformant: bool
) -> None:
    assert sample_record(results=[sample_result(identifier)]).conformant is conformant


def test_a_recorded_deviation_from_a_should_leaves_the_run_conformant() -> None:
    record = sample_record(results=[sample_result("MSG-05", level="SHOULD")])
    assert record.conformant
    assert record.broken_musts == []


@pytest.mark.parametrize("identifiers", [[], ["AUTH-09"], ["OVER-01", "AUTH-09"], ["ERR-06"]])
def test_nothing_judged_is_not_conformant(identifiers: list[str]) -> None:
    record = sample_record(results=[sample_result(i) for i in identifiers])
    assert not record.judged
    assert not record.conformant


@pytest.mark.parametrize("identifier", ["CONN-01", "URL-02", "MODEL-04", "STREAM-07"])
def test_one_judgement_is_enough_to_be_conformant(identifier: str) -> None:
    record = sample_record(results=sample_results("AUTH-09", "OVER-01", identifier))
    assert record.judged
    assert record.conformant


@pytest.mark.parametrize(
    ("changes", "complete"),
    [
        ({}, True),
        ({"state": "interrupted"}, False),
        ({"not_verified": ["CONN-01"]}, False),
        ({"catalogue": {"hash": f"sha256:{'0' * 64}", "requirements": 2}}, False),
    ],
)
def test_only_the_whole_catalogue_judged_to_its_end_is_complete(
    changes: dict[str, Any], complete: bool
) -> None:
    record = sample_record(results=[sample_result("CONN-01")], **changes)
    assert record.complete is complete


def test_summary_counts_by_verdict_and_by_area() -> None:
    summary = sample_record(results=sample_results("AUTH-03", "AUTH-09", "CONN-01")).summary
    assert summary["verdicts"] == {"fail": 1, "not-applicable": 1, "pass": 1}
    assert summary["areas"]["auth"] == {"fail": 1, "not-applicable": 1}


def test_the_sample_is_true_to_the_catalogue() -> None:
    assert {sample_result(i).area for i in VERDICT_OF} <= set(AREAS)
