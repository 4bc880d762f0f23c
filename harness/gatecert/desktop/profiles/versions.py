"""What a release of the engine does wherever it runs. Data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from gatecert.desktop.profiles.betas import RULES_197, RULES_330, Rule
from gatecert.desktop.profiles.traits import TRAITS_197, TRAITS_330, ModelTraits


@dataclass(frozen=True)
class EngineVersion:
    """One release of the engine.

    ``probe_path`` is what the ``HEAD`` at start asks for, ``probe_apart`` says that it has a
    connection of its own. ``ignores_quiet`` says that probe and title are sent even when
    nonessential traffic is switched off, ``discovers_quietly`` that discovery is.
    ``task_tools_for_all`` says that every model is offered the tools for task lists.
    ``shows_thinking`` says that thinking names how it
    shall be displayed, ``side_thinking_off`` that side requests switch it off for every model and
    not for the older ones only. ``title_schema`` says that a title request names its schema even
    without experimental betas; ``title_chars`` is the length of its question without the user's
    text, ``title_system_chars`` that of its instructions. ``burst`` is how many token counts
    ``/context`` asks for at once, over ``burst_connections`` connections; ``count_fallback`` says
    that a count that is not served is tried as a message of one token. ``has_safeguards`` says
    that an interactive engine describes its folder to a classifier, ``refused_calls`` that it also
    tells it of calls that were refused. ``subagents_wait`` says that a subagent uses the background
    model without thinking, and that the next turn waits for its end; else it has the conversation's
    model and works beside the next turn. ``own_thinking_only`` says that thinking is replayed only
    if the answer names the model that was asked. ``keeps`` is the rule of discovery: ids that
    ``contain`` a word or ``begin`` with it.
    """

    number: str
    sdk_version: str
    runtime_version: str
    bun_version: str
    default_model: str
    traits: Sequence[ModelTraits]
    rules: Sequence[Rule]
    probe_path: str
    ignores_quiet: bool
    discovers_quietly: bool
    task_tools_for_all: bool
    probe_apart: bool
    shows_thinking: bool
    side_thinking_off: bool
    title_schema: bool
    title_chars: int
    title_system_chars: int
    burst: int
    burst_connections: int
    count_fallback: bool
    has_safeguards: bool
    refused_calls: bool
    subagents_wait: bool
    own_thinking_only: bool
    keeps: str
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def full_name(self, model: str) -> str:
        """The id an alias stands for, or the name itself."""
        return self.aliases.get(model, model)


ENGINE_330 = EngineVersion(
    number="2.1.330",
    sdk_version="0.128.0",
    runtime_version="v26.12.1",
    bun_version="1.4.4",
    default_model="claude-opus-5-5",
    traits=TRAITS_330,
    rules=RULES_330,
    probe_path="/api/hello",
    ignores_quiet=False,
    discovers_quietly=True,
    task_tools_for_all=False,
    probe_apart=False,
    shows_thinking=True,
    side_thinking_off=False,
    title_schema=False,
    title_chars=201,
    title_system_chars=3_059,
    burst=25,
    burst_connections=10,
    count_fallback=False,
    has_safeguards=True,
    subagents_wait=False,
    own_thinking_only=False,
    refused_calls=False,
    keeps="contain",
    aliases=MappingProxyType({"sonnet": "claude-sonnet-5-5", "fable": "claude-fable-5-2"}),
)
ENGINE_197 = EngineVersion(
    number="2.1.197",
    sdk_version="0.94.0",
    runtime_version="v26.3.0",
    bun_version="1.4.0",
    default_model="claude-opus-4-8",
    traits=TRAITS_197,
    rules=RULES_197,
    probe_path="/",
    ignores_quiet=True,
    discovers_quietly=False,
    task_tools_for_all=True,
    probe_apart=True,
    shows_thinking=False,
    side_thinking_off=True,
    title_schema=True,
    title_chars=123,
    title_system_chars=1_190,
    burst=14,
    burst_connections=12,
    count_fallback=True,
    has_safeguards=False,
    subagents_wait=True,
    own_thinking_only=True,
    refused_calls=False,
    keeps="begin",
    aliases=MappingProxyType({"sonnet": "claude-sonnet-5", "fable": "claude-fable-5"}),
)
# differs from 2.1.330 in what is named here and in nothing else that was recorded
ENGINE_331 = replace(ENGINE_330, number="2.1.331", bun_version="1.4.6", refused_calls=True)
