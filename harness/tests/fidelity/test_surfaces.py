"""What each surface did about faults is compared with its profile, fault by fault."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatecert.desktop.exchange import OutgoingRequest
from gatecert.desktop.recovery import policy as policies
from gatecert.errors import UsageError
from gatecert.fidelity import surfaces
from gatecert.fidelity.provided import BREAKING, REPEATING, given
from gatecert.fidelity.surfaces import compare_surfaces
from gatecert.session.paths import fixtures_folder
from gatecert.upstream import Plan

CAPTURES = fixtures_folder() / "captures"
RECORDED = "errors-claude-code-2.1.330.json"
REQUEST = OutgoingRequest("POST", "http://127.0.0.1:1/v1/messages", [])


def test_every_surface_agrees_with_what_was_recorded_of_it() -> None:
    compared = list(compare_surfaces(CAPTURES))
    assert [str(d) for _, c in compared for d in c.differences] == []
    for version in ("2.1.330", "2.1.331"):
        counts = [
            sum(name == f"engine-{surface}-{version}" for name, _ in compared)
            for surface in ("print", "desktop", "cowork", "cli")
        ]
        assert counts == [29, 51, 18, 5]


def test_every_fault_that_was_recorded_is_compared_once() -> None:
    flows = [(c.capture, c.flow) for _, c in compare_surfaces(CAPTURES)]
    assert len(set(flows)) == len(flows)
    kept = json.loads((CAPTURES / RECORDED).read_text("utf-8"))["results"]["claude-code-2.1.330"]
    assert {key for name, key in flows if f"{name}.json" == RECORDED} == set(kept)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"shows_unauthorized": False}, "requests"),
        ({"keeps_shown_text": True}, "modes"),
        ({"whole_timeout_s": 300}, "changes hdr"),
        ({"fallback_shares": False}, "requests"),
        ({"continues_text": False}, "changes .messages"),
        ({"overloaded": 2}, "requests"),
        ({"repeats_refusal": False}, "requests"),
        ({"surface": "terminal"}, "last words"),
        ({"first_wait_s": 2.0}, "gaps"),
        ({"reset_retries": 0}, "requests"),
    ],
)
def test_a_wrong_rule_of_the_desktop_shows(
    changes: dict[str, Any], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = replace(policies.DESKTOP_330, **changes)
    monkeypatch.setattr(surfaces, "policy_of", lambda profile: wrong)
    found = [
        d
        for name, c in compare_surfaces(CAPTURES)
        for d in c.differences
        if name == "engine-desktop-2.1.330"
    ]
    assert path in {d.path for d in found}


def test_a_terminal_that_asked_for_the_rest_of_a_block_would_show(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(surfaces, "policy_of", lambda profile: policies.PRINT_330)
    found = [(name, d.path) for name, c in compare_surfaces(CAPTURES) for d in c.differences]
    assert ("engine-cli-2.1.330", "requests") in found


@pytest.mark.parametrize(
    ("version", "key", "words"),
    [
        ("2.1.330", "html", "names no fault and place"),
        ("2.1.330", "html (on the moon, default retries)", "names no fault and place"),
        ("9.9.9", "html (desktop, default retries)", "no profile engine-desktop-9.9.9"),
        ("2.1.197", "html (desktop, default retries)", "no flow desktop_toolloop"),
    ],
)
def test_a_capture_that_is_not_understood_is_a_mistake(
    tmp_path: Path, version: str, key: str, words: str
) -> None:
    for captured in ("claude-code-2.1.330.json", "claude-code-2.1.197.json"):
        shutil.copy(CAPTURES / captured, tmp_path)
    document: dict[str, Any] = {"results": {f"claude-code-{version}": {key: {}}}}
    (tmp_path / f"errors-claude-code-{version}.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(UsageError, match=words):
        list(compare_surfaces(tmp_path))


def test_without_recordings_there_is_nothing_to_compare(tmp_path: Path) -> None:
    assert list(compare_surfaces(tmp_path)) == []


def test_a_provider_answers_in_memory_as_on_the_wire() -> None:
    page = given(BREAKING["html"][0], REQUEST, stream=True)
    assert (page.status, page.header("content-type"), len(page.body)) == (200, "text/html", 35)
    late, failed = REPEATING["s_err_mid then err:529:overloaded_error"]
    assert given(late, REQUEST, stream=True).body.count(b"event: ") == 5
    whole = given(late, REQUEST, stream=False)
    assert (whole.status, whole.error_message) == (529, "fake overloaded_error")
    assert given(failed, REQUEST, stream=True).status == 529
    message = given(Plan(), REQUEST, stream=False).json()
    assert isinstance(message, dict)
    assert message["stop_reason"] == "end_turn"


def test_events_that_come_slowly_take_their_time_and_a_cut_is_a_fault() -> None:
    cut = given(BREAKING["s_fin_mid"][0], REQUEST, stream=True, gap_ms=150)
    assert (cut.body.count(b"event: "), cut.end_ms) == (5, 600)
    assert cut.fault is not None
    assert given(Plan(), REQUEST, stream=True).fault is None
