"""What a model's name changes in a request: data, and the rule that finds the entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDE_CONTEXT = "[1m]"
_HAIKU = "haiku"


@dataclass(frozen=True)
class ModelTraits:
    """How an engine treats a model whose name contains ``part``.

    ``effort`` is the level sent by default, or ``""`` for a model that has none. ``adaptive`` says
    that thinking is adaptive, and not given a budget. ``role_system`` says that instructions also
    come as a message of role ``system`` right after the first one, ``per_turn`` that this message
    may carry an effort level of its own. ``task_tools`` says that the tools for task lists are
    offered. ``instruction_chars`` is the length of the long system block, 0 where the client
    surface decides it. ``wide`` says that 1M context is asked for without being chosen, where it is
    the release's default model; ``credit`` that a beta for falling back is sent on every turn.
    ``haiku`` marks the family whose betas stand in another order.
    """

    part: str
    max_tokens: int = 32_000
    effort: str = "high"
    adaptive: bool = True
    role_system: bool = False
    per_turn: bool = False
    task_tools: bool = True
    instruction_chars: int = 0
    wide: bool = False
    credit: bool = False
    haiku: bool = False


def traits_of(model: str, table: Sequence[ModelTraits]) -> ModelTraits:
    """The entry for a model.

    Names are matched by containment, so that a gateway's ``@slug/claude-opus-4-8`` is known. What
    no entry knows is taken for a new model. Source: observed on engine 2.1.330.
    """
    for entry in table:
        if entry.part in model:
            return entry
    return ModelTraits(
        "",
        role_system=True,
        task_tools=False,
        instruction_chars=6_782,
        haiku=_HAIKU in model,
    )


def bare_model(model: str) -> str:
    """The id without the mark of 1M context, as it goes into a body."""
    return model.removesuffix(WIDE_CONTEXT)


def _newest(part: str, instruction_chars: int) -> ModelTraits:
    return ModelTraits(
        part,
        max_tokens=128_000,
        effort="medium",
        role_system=True,
        per_turn=True,
        task_tools=False,
        instruction_chars=instruction_chars,
    )


_WITHOUT_EFFORT = (
    ModelTraits("sonnet-4-5", effort="", adaptive=False),
    ModelTraits("haiku-4-5", effort="", adaptive=False, haiku=True),
)
TRAITS_330 = (
    _newest("opus-5-5", 7_049),
    _newest("sonnet-5-5", 6_782),
    _newest("fable-5-2", 11_573),
    ModelTraits("opus-4-8", 64_000, role_system=True, task_tools=False, instruction_chars=6_775),
    ModelTraits("opus-4-6", 64_000),
    ModelTraits("sonnet-4-6"),
    *_WITHOUT_EFFORT,
)
TRAITS_197 = (
    ModelTraits("opus-4-8", 64_000, role_system=True, instruction_chars=5_728, wide=True),
    ModelTraits("fable-5", 64_000, role_system=True, instruction_chars=5_728, credit=True),
    ModelTraits("sonnet-5", 64_000, role_system=True, instruction_chars=5_728),
    ModelTraits("opus-4-6", 64_000),
    ModelTraits("sonnet-4-6"),
    *_WITHOUT_EFFORT,
)
