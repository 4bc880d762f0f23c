from __future__ import annotations

from typing import Any

import pytest

from gatecert.desktop.config.keys import version_of
from gatecert.desktop.model_entries import (
    LEGACY_ONLY,
    ConfiguredModel,
    Models,
    ModelsError,
    read_models,
)

NEW = version_of("1.46388.4")
STRICT = version_of("1.6259.0")
OLD = version_of("1.6258.9")


def names(models: Models) -> list[str]:
    return [model.name for model in models.entries]


@pytest.mark.parametrize(
    ("entry", "model"),
    [
        ("claude-a", ConfiguredModel("claude-a")),
        ("  claude-a ", ConfiguredModel("claude-a")),
        ({"name": "claude-a"}, ConfiguredModel("claude-a")),
        ("claude-a[1m]", ConfiguredModel("claude-a", supports_1m=True)),
        ({"name": "claude-a[1M]"}, ConfiguredModel("claude-a", supports_1m=True)),
        ({"name": "claude-a", "supports1m": True}, ConfiguredModel("claude-a", True)),
        ({"name": "claude-a", "supports1m": "true"}, ConfiguredModel("claude-a")),
        ({"name": "a-opus", "anthropicFamilyTier": "opus"}, ConfiguredModel("a-opus", tier="opus")),
        ({"name": "claude-a", "anthropicFamilyTier": "huge"}, ConfiguredModel("claude-a")),
    ],
)
def test_an_entry_is_a_name_or_an_object(entry: Any, model: ConfiguredModel) -> None:
    assert read_models([entry], None, NEW) == Models((model,))


def test_the_order_is_kept() -> None:
    assert names(read_models(["claude-b", "opus-a"], None, NEW)) == ["claude-b", "opus-a"]


def test_a_new_build_drops_what_is_no_model_of_anthropics() -> None:
    models = read_models(["gpt-5", "claude-a"], None, NEW)
    assert names(models) == ["claude-a"]
    (warning,) = models.warnings
    assert warning.startswith('configured model "gpt-5" is not an Anthropic model')


def test_an_older_build_refuses_the_whole_configuration() -> None:
    with pytest.raises(ModelsError, match='"gpt-5" is not an Anthropic model'):
        read_models(["gpt-5", "claude-a"], None, STRICT)


def test_builds_before_that_do_not_look_at_names() -> None:
    assert names(read_models(["gpt-5"], None, OLD)) == ["gpt-5"]


def test_when_nothing_is_left_the_picker_says_legacy_model() -> None:
    assert read_models(["gpt-5"], None, NEW).warnings[-1] == LEGACY_ONLY


@pytest.mark.parametrize("entry", ["", "  ", "[1m]", None, 5, {}, {"name": 5}, {"model": "claude"}])
def test_an_entry_without_a_name_is_no_model(entry: Any) -> None:
    assert names(read_models([entry, "claude-a"], None, NEW)) == ["claude-a"]
    with pytest.raises(ModelsError, match="no name"):
        read_models([entry, "claude-a"], None, STRICT)


@pytest.mark.parametrize("discovers", [None, True])
def test_a_tier_alone_waits_for_discovery(discovers: bool | None) -> None:
    (model,) = read_models(["sonnet"], discovers, NEW).entries
    assert model.needs_discovery


def test_a_tier_alone_without_discovery_is_dropped() -> None:
    models = read_models(["sonnet", "claude-a"], False, NEW)
    assert names(models) == ["claude-a"]
    assert models.warnings == (
        "Aliases like 'sonnet' are resolved via model discovery. Use the full model ID.",
    )


@pytest.mark.parametrize("entries", [[], ["claude-a"] * 201])
def test_a_list_has_1_to_200_entries(entries: list[str]) -> None:
    with pytest.raises(ModelsError, match="1 to 200"):
        read_models(entries, None, NEW)
    assert len(read_models(["claude-a"] * 200, None, NEW).entries) == 200
