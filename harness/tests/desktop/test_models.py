from __future__ import annotations

import pytest

from gatecert.desktop.models import is_bare_family, is_offered, usable_models


@pytest.mark.parametrize(
    "name",
    [
        *("claude-sonnet-4-5", "@brands-prod/claude-opus-5", "us.anthropic.claude-haiku-4-5"),
        *("sonnet", "opus-4", "anthropic/whatever", "CLAUDE-X", "vertex-rods-claude-haiku"),
    ],
)
def test_names_that_are_offered(name: str) -> None:
    assert is_offered(name)


@pytest.mark.parametrize(
    "name",
    [
        *("gpt-5", "claude-deepseek-chat", "claude-via-gpt", "team-model", "", "ds-claude"),
        *("anthropic/qwen3", "claude-m2.5", "amazon.nova-claude", "claude-phi4"),
    ],
)
def test_names_that_are_not(name: str) -> None:
    assert not is_offered(name)


def test_tier_aliases() -> None:
    assert is_bare_family("Sonnet")
    assert not is_bare_family("sonnet-4-5")


@pytest.mark.parametrize("body", [None, [], {"data": 1}, {"data": ["claude"]}])
def test_a_discovery_answer_without_entries(body: object) -> None:
    assert usable_models(body) == []


def test_usable_models_of_a_discovery_answer() -> None:
    body = {"data": [{"id": "claude-sonnet-4-5"}, {"id": "gpt-5"}, {"name": "claude"}]}
    assert usable_models(body) == ["claude-sonnet-4-5"]
