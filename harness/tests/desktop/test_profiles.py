from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from gatecert.desktop import shapes
from gatecert.desktop.profiles import (
    ENGINE_CLI,
    ENGINE_DESKTOP,
    ENGINE_DESKTOP_197,
    ENGINE_PRINT,
    ENGINE_TOOLSEARCH,
    ENGINES,
    SDKS,
    EngineProfile,
    SdkProfile,
    Switches,
    find_engine,
    profile_names,
    traits_of,
)
from gatecert.desktop.profiles.betas import betas_for
from gatecert.desktop.profiles.versions import ENGINE_330

SONNET = "claude-sonnet-4-6"
_DATE = re.compile(r"-20[0-9]{2}-?[0-9]{2}-?[0-9]{2}$")


def body(profile: EngineProfile, model: str = SONNET, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(
        shapes.encode(
            shapes.turn_body(profile, model, [], session_id="s", stream=True, extra=None, **more)
        )
    )
    return made


def test_every_profile_has_a_name_of_its_own_a_source_and_a_sureness() -> None:
    everyone: list[EngineProfile | SdkProfile] = [*ENGINES, *SDKS]
    assert len(set(profile_names())) == len(everyone) == 23
    for profile in everyone:
        assert profile.source
        assert profile.sureness in ("observed", "documented", "reported", "inferred")
        assert profile.name.endswith(profile.version)


def test_a_profile_is_found_by_name() -> None:
    assert find_engine("engine-desktop-2.1.330") is ENGINE_DESKTOP
    assert find_engine("engine-desktop") is None


@pytest.mark.parametrize(
    ("model", "max_tokens", "effort", "role_system"),
    [
        ("claude-opus-5-5", 128_000, "medium", True),
        ("claude-fable-5-2", 128_000, "medium", True),
        ("@slug/claude-opus-4-8", 64_000, "high", True),
        ("claude-opus-4-6", 64_000, "high", False),
        (SONNET, 32_000, "high", False),
        ("claude-sonnet-4-5", 32_000, "", False),
        ("claude-haiku-4-5-20251001", 32_000, "", False),
        ("my-gateway-model", 32_000, "high", True),
    ],
)
def test_a_model_has_the_traits_that_were_observed(
    model: str, max_tokens: int, effort: str, role_system: bool
) -> None:
    traits = traits_of(model, ENGINE_330.traits)
    assert (traits.max_tokens, traits.effort, traits.role_system) == (
        max_tokens,
        effort,
        role_system,
    )


@pytest.mark.parametrize(
    ("profile", "model", "purpose", "count", "has", "lacks"),
    [
        (ENGINE_DESKTOP, SONNET, "main", 3, "effort", "context-management"),
        (ENGINE_DESKTOP, "claude-haiku-4-5", "main", 2, "claude-code", "effort"),
        (ENGINE_DESKTOP, "gw-haiku", "title", 2, "effort", "claude-code"),
        (ENGINE_TOOLSEARCH, SONNET, "main", 7, "advanced-tool-use", "afk-mode"),
        (ENGINE_PRINT, "claude-opus-5-5", "main", 8, "per-turn-control", "*"),
        (ENGINE_CLI, "claude-opus-5-5", "main", 11, "afk-mode", "redact-thinking"),
        (ENGINE_CLI, "claude-opus-5-5", "compact", 11, "fallback-credit", "afk-mode"),
        (ENGINE_DESKTOP_197, SONNET, "title", 4, "structured-outputs", "*"),
    ],
)
def test_betas_follow_model_surface_and_purpose(
    profile: EngineProfile, model: str, purpose: str, count: int, has: str, lacks: str
) -> None:
    betas = profile.betas(model, purpose)
    assert len(betas) == len(set(betas)) == count
    undated = {_DATE.sub("", beta) for beta in betas}
    assert has in undated
    assert lacks not in undated


def test_rules_hold_by_their_words() -> None:
    rules = (("a", ""), ("b", "x"), ("*", "x"), ("c", "-x y"))
    assert betas_for(rules, {"x"}, ["mine"]) == ("a", "b", "mine")
    assert betas_for(rules, {"y"}, ["mine"]) == ("a", "c")


def test_wide_context_is_a_beta_or_a_mark() -> None:
    wide = SONNET + "[1m]"
    assert body(ENGINE_DESKTOP, wide)["model"] == SONNET
    assert ENGINE_DESKTOP.betas(wide)[1] == "context-1m-2025-08-07"
    kept = replace(ENGINE_DESKTOP, switches=Switches(keep_wide_mark=True))
    assert body(kept, wide)["model"] == wide
    assert "context-1m-2025-08-07" not in kept.betas(wide)


@pytest.mark.parametrize(
    ("thinking", "fields"),
    [
        ("off", {"thinking": {"type": "disabled"}, "temperature": 1}),
        (
            "budget",
            {"thinking": {"budget_tokens": 31_999, "type": "enabled", "display": "omitted"}},
        ),
        ("adaptive", {"thinking": {"type": "adaptive", "display": "omitted"}}),
    ],
)
def test_thinking_can_be_switched(thinking: str, fields: dict[str, Any]) -> None:
    made = body(replace(ENGINE_PRINT, switches=Switches(thinking=thinking)))
    assert {key: made.get(key) for key in fields} == fields
    assert ("context_management" in made) == (thinking != "off")


def test_own_fields_and_levels_come_where_the_engine_puts_them() -> None:
    profile = replace(ENGINE_PRINT, switches=Switches(body={"x_extra": 1}, effort="max"))
    made = body(profile)
    keys = list(made)
    assert keys.index("context_management") + 1 == keys.index("x_extra")
    assert made["output_config"] == {"effort": "max"}


def test_attribution_can_be_switched_off() -> None:
    made = body(replace(ENGINE_DESKTOP, switches=Switches(attribution=False)))
    assert len(made["system"]) == 2
    assert "billing" not in json.dumps(made["system"])


def test_tools_are_found_by_searching_or_all_offered() -> None:
    searched = body(ENGINE_TOOLSEARCH)["tools"]
    assert [t["name"] for t in searched if t.get("defer_loading")] == ["DeferredToolPlaceholder"]
    more = replace(ENGINE_DESKTOP, switches=Switches(more_tools=("mcp__a__b",)))
    assert body(more)["tools"][-1]["name"] == "mcp__a__b"
    assert len(body(ENGINE_DESKTOP)["tools"]) == 27
    assert len(body(ENGINE_DESKTOP, "claude-opus-5-5")["tools"]) == 23
    assert len(body(ENGINE_DESKTOP.in_mode("print"))["tools"]) == 25


def test_only_the_terminal_tells_of_its_folder() -> None:
    telling = [p.name for p in ENGINES if "safeguards" in body(p)]
    assert telling == ["engine-cli-2.1.330", "engine-cli-2.1.331"]


def test_the_next_engine_differs_only_in_what_was_seen_to_differ() -> None:
    newer = find_engine("engine-cli-2.1.331")
    assert newer is not None
    before, after = body(ENGINE_CLI), body(newer)
    context = after["safeguards"][0]["classifier_context"]
    assert context.pop("refused_calls") == []
    assert after["safeguards"] == before["safeguards"]
    assert list(after) == list(before)
    assert newer.betas(SONNET) == ENGINE_CLI.betas(SONNET)
    assert newer.version == "2.1.331"


def test_the_older_engine_offers_task_lists_to_all_and_wide_context_by_default() -> None:
    default = ENGINE_DESKTOP_197.release.default_model
    assert "TaskCreate" in ENGINE_DESKTOP_197.tools_for("my-gateway-model")
    assert "context-1m-2025-08-07" in ENGINE_DESKTOP_197.betas(default)
    assert "context-1m-2025-08-07" not in ENGINE_DESKTOP_197.betas(f"@slug/{default}")
    assert "fallback-credit-2026-06-01" in ENGINE_DESKTOP_197.betas("claude-fable-5")


def test_a_mode_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no mode 'batch'"):
        ENGINE_DESKTOP.in_mode("batch")
