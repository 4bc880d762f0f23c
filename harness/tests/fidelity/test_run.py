"""The real transport against the scripted provider: what is compared are the bytes on the wire."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gatecert.desktop import Engine, Exchange
from gatecert.desktop.profiles import EngineProfile, Switches, profile_names
from gatecert.errors import UsageError
from gatecert.fidelity.captures import CapturedFlow, read_captures
from gatecert.fidelity.comparison import Comparison
from gatecert.fidelity.drive import repeat_flow
from gatecert.fidelity.plans import FlowPlan, Plans, read_plans
from gatecert.fidelity.requests import compare_flow
from gatecert.fidelity.sections import SECTIONS, Bench, Compared
from gatecert.session.paths import fixtures_folder
from gatecert.upstream import Provider

CAPTURES = fixtures_folder() / "captures"
PLANS = read_plans(fixtures_folder() / "fidelity" / "flows.toml")
FLOWS = {(f.capture, f.name): f for f in read_captures(CAPTURES)}
DESKTOP = ("claude-code-2.1.330", "sj_desktop")


@pytest.fixture
def provider(provider_url: str) -> Iterator[Provider]:
    connected = Provider(provider_url)
    yield connected
    connected.close()


def compared(plan: FlowPlan, flow: CapturedFlow, provider: Provider) -> Comparison:
    sent = repeat_flow(flow, plan, provider)
    return compare_flow(flow, sent.requests, sent.connections)


def test_the_desktop_is_the_real_one_point_by_point(provider: Provider) -> None:
    result = compared(PLANS.flows[DESKTOP], FLOWS[DESKTOP], provider)
    assert result.differences == []
    assert result.points["header"] > 80
    assert result.points["top"] == 19


def without(profile: EngineProfile, beta: str) -> EngineProfile:
    rules = tuple(rule for rule in profile.release.rules if not rule[0].startswith(beta))
    return replace(profile, release=replace(profile.release, rules=rules))


PROFILE = PLANS.flows[DESKTOP].profile


@pytest.mark.parametrize(
    ("profile", "path"),
    [
        (replace(PROFILE, entrypoint="cli"), "headers.User-Agent.value"),
        (replace(PROFILE, timeout_s=600), "headers.X-Stainless-Timeout.value"),
        (without(PROFILE, "effort"), "headers.anthropic-beta.value"),
        (replace(PROFILE, experimental=True), "keys.context_management"),
        (replace(PROFILE, tools=PROFILE.tools[1:]), "body.tools.0"),
        (replace(PROFILE, mode="print"), "body.tools.5"),
        (replace(PROFILE, entrypoint="sdk-cli"), "requests"),
        (replace(PROFILE, reminders=PROFILE.reminders[1:]), "body.messages.0.content.7"),
        (replace(PROFILE, switches=Switches(thinking="off")), "keys.temperature"),
        (replace(PROFILE, switches=Switches(cache_ttl="1h")), "body.system.1.cache_control.ttl"),
        (
            replace(PROFILE, release=replace(PROFILE.release, probe_path="/")),
            "request",
        ),
        (
            replace(PROFILE, release=replace(PROFILE.release, bun_version="9")),
            "headers.User-Agent.value",
        ),
    ],
)
def test_a_profile_that_is_wrong_loses_points_and_is_named(
    provider: Provider, profile: EngineProfile, path: str
) -> None:
    plan = replace(PLANS.flows[DESKTOP], profile=profile)
    result = compared(plan, FLOWS[DESKTOP], provider)
    assert path in [difference.path for difference in result.differences]
    assert result.equal.total() < result.points.total()


def test_no_key_and_no_directive_is_left_in_what_is_written_down(provider: Provider) -> None:
    plan = replace(PLANS.flows[DESKTOP], auth="both")
    text = json.dumps(repeat_flow(FLOWS[DESKTOP], plan, provider).requests)
    for secret in ("sk-fidelity", "fidelity-token", "@@gatecert", "gc-"):
        assert secret not in text


def test_parallel_work_opens_connections(provider: Provider) -> None:
    key = ("claude-code-2.1.330", "context_command_count_tokens")
    sent = repeat_flow(FLOWS[key], PLANS.flows[key], provider)
    assert (len(sent.requests), sent.connections) == (25, 10)


def test_a_machine_that_is_slow_opens_as_many(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, late = Engine.count_tokens, iter([0.05 * n for n in range(12)])

    def slow(self: Engine, text: str) -> Exchange:
        time.sleep(next(late, 0.0))
        return count(self, text)

    monkeypatch.setattr(Engine, "count_tokens", slow)
    key = ("claude-code-2.1.197", "context_count_tokens_404_fallback")
    assert repeat_flow(FLOWS[key], PLANS.flows[key], provider).connections == 13


def section(
    name: str, provider: Provider, captures: Path = CAPTURES, plans: Plans = PLANS
) -> list[Compared]:
    return list(SECTIONS[name](Bench(captures, plans, provider, set(profile_names()))))


def broken_copy(tmp_path: Path, name: str, before: str, after: str) -> Path:
    text = (CAPTURES / name).read_text("utf-8")
    assert before in text
    (tmp_path / name).write_text(text.replace(before, after, 1), "utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ["url-composition", "model-discovery"])
def test_the_sections_beside_requests_agree(provider: Provider, name: str) -> None:
    found = section(name, provider)
    assert len(found) > 3
    assert [d for c in found for d in c.comparison.differences] == []


def test_another_url_is_named(provider: Provider, tmp_path: Path) -> None:
    folder = broken_copy(
        tmp_path, "url-composition.json", "POST //v1/messages", "POST /v1/messages"
    )
    differences = [
        d for c in section("url-composition", provider, folder) for d in c.comparison.differences
    ]
    assert [(d.flow, d.path) for d in differences] == [("2slash", "anthropic-python-2.12.0")]


def test_another_rule_of_discovery_is_named(provider: Provider, tmp_path: Path) -> None:
    folder = broken_copy(tmp_path, "model-discovery.json", '"my-claude-x",', '"gpt-4",')
    folder = broken_copy(
        tmp_path, "model-discovery.json", '"kept_2.1.330": [', '"kept_2.1.330": ["opus",'
    )
    differences = [
        d for c in section("model-discovery", provider, folder) for d in c.comparison.differences
    ]
    assert {d.path for d in differences} == {"opus"}


def test_an_id_that_was_kept_and_never_offered_is_named(provider: Provider, tmp_path: Path) -> None:
    folder = broken_copy(
        tmp_path, "model-discovery.json", '"kept_2.1.330": [', '"kept_2.1.330": ["claude-ghost",'
    )
    differences = [
        d for c in section("model-discovery", provider, folder) for d in c.comparison.differences
    ]
    assert {d.path for d in differences} == {"claude-ghost"}


def test_a_capture_of_discovery_that_lacks_a_list_is_a_mistake(
    provider: Provider, tmp_path: Path
) -> None:
    folder = broken_copy(tmp_path, "model-discovery.json", '"kept_2.1.330"', '"kept_2.1"')
    with pytest.raises(UsageError, match=r"has no kept_2\.1\.330"):
        section("model-discovery", provider, folder)


def test_without_such_captures_a_section_is_empty(provider: Provider, tmp_path: Path) -> None:
    assert section("url-composition", provider, tmp_path) == []
    assert section("model-discovery", provider, tmp_path) == []


def test_a_flow_that_nothing_repeats_is_refused(provider: Provider, tmp_path: Path) -> None:
    folder = broken_copy(tmp_path, "claude-code-2.1.330.json", '"m1"', '"m2"')
    with pytest.raises(UsageError, match="no plan repeats the flow m2"):
        section("requests", provider, folder)


def test_a_section_of_another_kind_than_an_object_is_refused(
    provider: Provider, tmp_path: Path
) -> None:
    (tmp_path / "url-composition.json").write_text("[]", "utf-8")
    with pytest.raises(UsageError, match="holds no JSON object"):
        section("url-composition", provider, tmp_path)
