"""The comparison with the captures finds what differs, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatecert.desktop.recovery import ladder, redraft
from gatecert.desktop.recovery import policy as policies
from gatecert.fidelity import attempts
from gatecert.fidelity.attempts import compare_attempts
from gatecert.fidelity.explained import read_explanations, why
from gatecert.session.paths import fixtures_folder

CAPTURES = fixtures_folder() / "captures"
EXPLAINED = fixtures_folder() / "fidelity" / "explained.toml"
FAULTS_OF_THE_ENGINE = 104


def test_every_attempt_agrees_with_the_captures_or_is_explained() -> None:
    explanations = read_explanations(EXPLAINED)
    compared = list(compare_attempts(CAPTURES))
    points = sum(sum(c.points.values()) for _, c in compared)
    differences = [d for _, c in compared for d in c.differences]
    assert [str(d) for d in differences if not why(explanations, d)] == []
    assert points > 3_000
    assert len(differences) < 0.005 * points


def test_every_fault_of_the_captures_is_compared() -> None:
    flows = [(c.capture, c.flow) for _, c in compare_attempts(CAPTURES)]
    assert len(set(flows)) == len(flows)
    engine = json.loads((CAPTURES / "errors-claude-code.json").read_text("utf-8"))["results"]
    assert [len(faults) for faults in engine.values()] == [FAULTS_OF_THE_ENGINE] * 2
    assert sum(name == "errors-claude-code" for name, _ in flows) == 2 * FAULTS_OF_THE_ENGINE
    sdks = json.loads((CAPTURES / "errors-sdks.json").read_text("utf-8"))["results"]
    calls = sum(len(calls) for calls in sdks.values())
    assert sum(name == "errors-sdks" for name, _ in flows) == calls


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"retries": 9}, "requests"),
        ({"overloaded": 4}, "requests"),
        ({"first_wait_s": 2.0}, "gaps"),
        ({"most_wait_s": 16.0}, "gaps"),
        ({"jitter": 1.0, "first_wait_s": 0.9}, "gaps"),
        ({"retry_after_s": 300.0}, "requests"),
        ({"statuses": frozenset({429})}, "requests"),
        ({"ladder": ()}, "requests"),
        ({"writes_stream_false": False}, "changes .stream"),
        ({"whole_timeout_s": 301}, "changes hdr"),
        ({"shows_unauthorized": True}, "requests"),
        ({"keeps_shown_text": True}, "modes"),
        ({"repeats_refusal": False}, "requests"),
        ({"surface": "desktop"}, "last words"),
        ({"version": "2.1.197"}, "last words"),
        ({"reader": policies.PRINT_197.reader}, "requests"),
    ],
)
def test_a_wrong_rule_shows(
    changes: dict[str, Any], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    explanations = read_explanations(EXPLAINED)
    wrong = replace(policies.PRINT_330, **changes)
    monkeypatch.setitem(attempts._ENGINES, "claude-code-2.1.330", wrong)
    found = [d for _, c in attempts._engines(CAPTURES) for d in c.differences]
    assert path in {d.path for d in found if not why(explanations, d)}


@pytest.mark.parametrize(
    ("module", "name", "value", "path"),
    [
        (redraft, "_FALLBACK_TOKENS", 63_000, "changes .max_tokens"),
        (
            ladder,
            "_restored",
            lambda first, taken: first.with_fields(temperature=1),
            "changes .temperature",
        ),
    ],
)
def test_a_wrong_change_between_attempts_shows(
    module: Any, name: str, value: Any, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    explanations = read_explanations(EXPLAINED)
    monkeypatch.setattr(module, name, value)
    found = [d for _, c in attempts._engines(CAPTURES) for d in c.differences]
    assert path in {d.path for d in found if not why(explanations, d)}


def edited(tmp_path: Path, file: str, edit: Callable[[Any], None]) -> list[str]:
    folder = tmp_path / "captures"
    shutil.copytree(CAPTURES, folder)
    document = json.loads((folder / file).read_text("utf-8"))
    edit(document["results"])
    (folder / file).write_text(json.dumps(document), "utf-8")
    explanations = read_explanations(EXPLAINED)
    differences = [d for _, c in compare_attempts(folder) for d in c.differences]
    return [d.path for d in differences if not why(explanations, d)]


def test_another_capture_shows(tmp_path: Path) -> None:
    def edit(results: Any) -> None:
        case = results["claude-code-2.1.330"]["err:500:api_error (default retries)"]
        case["gaps_s"][6] = 60.0
        case["final_message"] = "Oh no"
        case["is_error"] = False

    assert edited(tmp_path, "errors-claude-code.json", edit) == ["last words", "failed", "gaps"]


def test_another_capture_of_an_sdk_shows(tmp_path: Path) -> None:
    def edit(results: Any) -> None:
        results["err:500:api_error"]["ts-1.12.0 create"]["retry_count_headers"] = ["0"] * 3
        results["s_crlf"]["ts-1.12.0 stream"]["returned"]["content"] = [["text", "Hello"]]
        results["err:429:rate_limit_error"]["python-2.12.0 create"]["outcome"] = "ok"

    found = edited(tmp_path, "errors-sdks.json", edit)
    assert sorted(found) == ["exception", "retry count", "returned"]


def test_without_captures_of_faults_there_is_nothing_to_compare(tmp_path: Path) -> None:
    assert list(compare_attempts(tmp_path)) == []
