"""Engine profiles: the engine as one client surface runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from gatecert.desktop.profiles.betas import betas_for
from gatecert.desktop.profiles.traits import WIDE_CONTEXT, ModelTraits, traits_of
from gatecert.desktop.profiles.versions import EngineVersion

MODES = ("stream", "print", "interactive")
# offered only to a program that reads the stream
_STREAM_TOOLS = frozenset({"DesignSync", "SendUserFile"})
_TASK_TOOLS = frozenset({"TaskCreate", "TaskGet", "TaskList", "TaskUpdate"})


@dataclass(frozen=True)
class Switches:
    """What a user or administrator can switch, and what the engine then sends.

    ``thinking`` is ``adaptive`` (as the model has it), ``budget`` or ``off``; ``effort`` replaces
    the model's level; ``cache_ttl`` is ``1h`` or ``""``. ``betas`` are added, ``body`` holds
    fields that are merged in, ``more_tools`` are those of MCP servers. ``attribution`` off leaves
    the first system block out. Source: the variables of engine 2.1.330, observed.
    ``keep_wide_mark`` sends the id with its ``[1m]`` in place of the beta, as other clients were
    seen to do (reported).
    """

    attribution: bool = True
    thinking: str = "adaptive"
    effort: str = ""
    cache_ttl: str = ""
    betas: tuple[str, ...] = ()
    more_tools: tuple[str, ...] = ()
    keep_wide_mark: bool = False
    body: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class EngineProfile:
    """One release of the engine on one client surface.

    ``source`` says where the facts come from, ``sureness`` how sure they are: ``observed`` (a real
    program was recorded), ``documented``, ``reported`` or ``inferred``. ``timeout_s`` and
    ``whole_timeout_s`` (for answers without stream) are what the engine announces, in seconds.
    ``mode`` is how the engine is run: ``stream`` (JSON in and out), ``print`` (one prompt) or
    ``interactive``. ``agent_sdk`` names a program around it in the User-Agent. With ``tool_search``
    only ``kept_tools`` are offered, the others are found by searching. The last block of fields are
    lengths of prompt blocks in characters; the newest models get few reminders and a message of
    role ``system`` of ``role_system_chars`` instead.
    """

    name: str
    entrypoint: str
    release: EngineVersion
    timeout_s: int
    whole_timeout_s: int
    tools: tuple[str, ...]
    source: str
    sureness: str
    mode: str = "stream"
    experimental: bool = False
    tool_search: bool = False
    agent_sdk: str = ""
    switches: Switches = Switches()
    kept_tools: tuple[str, ...] = ()
    subagent_tools: tuple[str, ...] = ()
    kept_subagent_tools: tuple[str, ...] = ()
    reminders: tuple[int, ...] = ()
    newest_reminders: tuple[int, ...] = (580,)
    subagent_reminders: tuple[int, ...] = ()
    search_reminder: int = 0
    role_system_chars: int = 9_910
    identity_chars: int = 62
    instruction_chars: int = 28_357
    subagent_instruction_chars: int = 3_690

    @property
    def version(self) -> str:
        """The engine's version."""
        return self.release.number

    @property
    def user_agent(self) -> str:
        """The User-Agent of inference requests."""
        around = f", agent-sdk/{self.agent_sdk}" if self.agent_sdk else ""
        return f"claude-cli/{self.version} (external, {self.entrypoint}{around})"

    @property
    def display(self) -> str:
        """How thinking shall be displayed, or ``""`` if requests do not say it."""
        if not (self.experimental and self.release.shows_thinking):
            return ""
        return "omitted" if self.mode == "print" else "updates"

    def traits(self, model: str) -> ModelTraits:
        """What the engine knows about a model."""
        return traits_of(model, self.release.traits)

    def effort(self, model: str) -> str:
        """The effort level sent for a model, ``""`` for none."""
        default = self.traits(model).effort
        return (self.switches.effort or default) if default else ""

    def tools_for(self, model: str) -> tuple[str, ...]:
        """The names of the tools offered to a model, in order."""
        if self.tool_search:
            return self.kept_tools
        tasks = self.release.task_tools_for_all or self.traits(model).task_tools
        hidden = frozenset() if tasks else _TASK_TOOLS
        if self.mode == "print":
            hidden |= _STREAM_TOOLS
        offered = (name for name in self.tools if name not in hidden)
        return (*offered, *self.switches.more_tools)

    def tools_for_subagent(self) -> tuple[str, ...]:
        """The names of the tools offered to a subagent, in order."""
        return self.kept_subagent_tools if self.tool_search else self.subagent_tools

    def reminders_for(self, model: str) -> tuple[int, ...]:
        """The lengths of the reminders before a conversation's first text."""
        if self.traits(model).role_system:
            return self.newest_reminders
        if not self.tool_search:
            return self.reminders
        return (*self.reminders[:2], self.search_reminder, *self.reminders[2:])

    def situation(self, model: str, purpose: str) -> frozenset[str]:
        """The words that the rules of :mod:`betas` are made of.

        ``purpose`` is ``main`` (also for subagents), ``compact``, ``title`` or ``search``.
        """
        traits = self.traits(model)
        words = {
            self.mode: True,
            purpose: True,
            "main": purpose in ("main", "compact"),
            "experimental": self.experimental,
            "tool-search": self.tool_search,
            "effort": bool(traits.effort),
            "haiku": traits.haiku,
            "announced-role-system": traits.role_system,
            "credit": traits.credit or purpose == "compact",
            "per-turn": traits.per_turn,
            "1m": self._asks_for_wide_context(model),
            "cache-1h": self.switches.cache_ttl == "1h",
        }
        return frozenset(word for word, holds in words.items() if holds)

    def _asks_for_wide_context(self, model: str) -> bool:
        if model == self.release.default_model and self.traits(model).wide:
            return True
        return model.endswith(WIDE_CONTEXT) and not self.switches.keep_wide_mark

    def betas(self, model: str, purpose: str = "main") -> tuple[str, ...]:
        """The ``anthropic-beta`` values of an inference request, in order."""
        situation = self.situation(model, purpose)
        return betas_for(self.release.rules, situation, self.switches.betas)

    def in_mode(self, mode: str) -> EngineProfile:
        """The same engine run in another way. Raises ValueError for a mode there is not."""
        if mode not in MODES:
            raise ValueError(f"no mode {mode!r}; there are {', '.join(MODES)}")
        return replace(self, mode=mode)
