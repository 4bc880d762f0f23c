"""What is read: captures, plans and explanations, good and bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatecert.desktop.profiles import EngineProfile
from gatecert.errors import UsageError
from gatecert.fidelity.answers import plan_of
from gatecert.fidelity.captures import read_captures, read_json
from gatecert.fidelity.comparison import Difference
from gatecert.fidelity.explained import Explanation, read_explanations, stale, why
from gatecert.fidelity.plans import read_plans
from gatecert.session.paths import fixtures_folder

FIDELITY = fixtures_folder() / "fidelity"
PLANS = (FIDELITY / "flows.toml").read_text("utf-8")


def written(tmp_path: Path, name: str, text: str) -> Path:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    return file


def test_every_captured_flow_has_a_plan_and_every_plan_a_flow() -> None:
    flows = read_captures(fixtures_folder() / "captures")
    plans = read_plans(FIDELITY / "flows.toml")
    engines = [f for f in flows if not f.call]
    assert all(plans.flow(f.capture, f.name) is not None for f in engines)
    # only newer recordings have discovery beside a turn
    unused = {name for _, name in plans.flows} - {f.name for f in engines}
    assert unused <= {"print_discovery"}
    calls = {f.name for f in flows if f.call}
    assert {f.capture for f in flows if f.call} <= set(plans.sdks)
    assert set(plans.calls) <= calls


def test_a_flow_that_was_cut_says_how_many_there_were() -> None:
    flows = {(f.capture, f.name): f for f in read_captures(fixtures_folder() / "captures")}
    burst = flows["claude-code-2.1.330", "context_command_count_tokens"]
    assert (len(burst.requests), burst.total, burst.connections) == (4, 25, 10)
    fallback = flows["claude-code-2.1.197", "context_count_tokens_404_fallback"]
    assert (fallback.total, len(fallback.later)) == (29, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "no capture with flows"),
        ('{"flows": {"f": 3}}', "flow f is no flow"),
        ('{"flows": {"f": {"requests": [{}]}}}', "flow f is no flow"),
        ('{"flows": {"f": {"requests": [{"headers_in_order": [["a", 1]]}]}}}', "not a pair"),
        ('{"flows": {"f": {"requests": [{"headers_in_order": []}]}}}', "KeyError"),
    ],
)
def test_a_broken_capture_is_told_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    written(tmp_path, "capture.json", text)
    with pytest.raises(UsageError, match=says) as caught:
        read_captures(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_none_and_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a folder"):
        read_captures(tmp_path / "none")
    with pytest.raises(UsageError, match="cannot be read"):
        read_json(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("engine-cowork-2.1.330", "engine-none", "no profile is named 'engine-none'"),
        ('steps = ["start", "burst"]', 'steps = ["dance"]', "'dance' is none of start"),
        ('auth = "both"', 'auth = "basic"', "'basic' is none of bearer"),
        ('tools = "image"', 'tols = "image"', "unknown key 'tols'"),
        ("[calls]", "[call]", "captures"),
        ('mode = "print"', 'mode = "dance"', "no mode 'dance'"),
        ("cache_ttl =", "cache_tl =", "cache_tl"),
        ("[[flow]]", "[[flow]", "no list of flows"),
    ],
)
def test_a_broken_plan_is_told_in_one_line(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    assert before in PLANS
    file = written(tmp_path, "flows.toml", PLANS.replace(before, after, 1))
    with pytest.raises(UsageError, match=says) as caught:
        read_plans(file)
    assert "\n" not in str(caught.value)


def test_plans_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_plans(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        read_explanations(tmp_path / "none.toml")


ENTRY = {"capture": "c", "flow": "f", "path": "p", "why": "because"}


def toml(entry: dict[str, Any]) -> str:
    return "[[explained]]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in entry.items())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"why": ""}, "one line"),
        ({"why": "a\nb"}, "one line"),
        ({"why": "x" * 201}, "one line"),
        ({"reques": 1}, "unknown key 'reques'"),
        ({"request": "1"}, "is no number"),
        ({"request": True}, "is no number"),
        ({"capture": "*"}, "explain everything"),
        ({"path": "*.*"}, "explain everything"),
    ],
)
def test_a_broken_explanation_is_refused(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    file = written(tmp_path, "explained.toml", toml({**ENTRY, **change}))
    with pytest.raises(UsageError, match=says):
        read_explanations(file)


def test_an_explanation_without_a_reason_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "explained.toml", toml({"capture": "c", "flow": "f", "path": "p"}))
    with pytest.raises(UsageError, match="has no why"):
        read_explanations(file)


def test_an_explanation_matches_by_patterns_and_number() -> None:
    difference = Difference("c-1", "flow", 2, "headers.X", "a", "b")
    assert why([Explanation("c-*", "f*", "headers.*", "so")], difference) == "so"
    assert why([Explanation("c-*", "*", "*", "so", request=2)], difference) == "so"
    assert why([Explanation("c-*", "*", "*", "so", request=1)], difference) == ""
    assert why([Explanation("c-*", "*", "body.*", "so")], difference) == ""


def test_what_explains_nothing_is_stale_even_if_its_capture_is_gone() -> None:
    exact, wide = Explanation("c", "f", "p", "so"), Explanation("*", "*", "p", "so")
    compared = {("c", "f"), ("c", "g")}
    assert stale([exact, wide], [], compared, whole=True) == [exact, wide]
    assert stale([exact, wide], [], compared, whole=False) == [exact]
    assert stale([exact], [], {("c", "g")}, whole=False) == []
    assert stale([exact], [], {("c", "g")}, whole=True) == [exact]
    found = [Difference("c", "f", 1, "p", "a", "b")]
    assert stale([exact, wide], found, compared, whole=True) == []


def test_answers_are_rebuilt_by_name() -> None:
    assert plan_of("err:400:invalid_request_error|no").status == 400
    events = plan_of("thinkbash").events or []
    assert [data["message"]["id"] for name, data in events if name == "message_start"] == [
        "msg_fake"
    ]
    assert plan_of("something new").events == plan_of("text").events


def test_a_capture_of_another_version_is_repeated_by_the_nearest_profile() -> None:
    plans = read_plans(FIDELITY / "flows.toml")

    def profile(capture: str, name: str) -> EngineProfile:
        plan = plans.flow(capture, name)
        assert plan is not None
        return plan.profile

    known = profile("claude-code-2.1.331", "desktop_code")
    assert (known.name, known.mode) == ("engine-desktop-2.1.331", "print")
    older = profile("claude-code-2.1.197", "exp_betas_off")
    assert (older.name, older.experimental) == ("engine-print-2.1.197", False)
    unknown = profile("claude-code-2.2.0", "sj_desktop")
    assert (unknown.name, unknown.version) == ("engine-desktop-2.1.330", "2.2.0")
    agent = profile("claude-agent-sdk-python-0.2.188", "agent_none")
    assert agent.name == "engine-agent-sdk-2.1.331"
    assert plans.flow("claude-code-2.1.331", "no_such_flow") is None
    sdk = plans.sdk("anthropic-ts-1.14.0")
    assert sdk is not None
    assert sdk.user_agent == "Anthropic/JS 1.14.0"
    assert plans.sdk("another-client-1.0.0") is None
