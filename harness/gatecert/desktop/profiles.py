"""Client profiles: what a certain version of the client sends, as data.

Next month's client is a new profile beside this one, not an edit.
"""

from __future__ import annotations

from dataclasses import dataclass

_NO_EFFORT = ("claude-sonnet-4-5", "claude-haiku-4-5")


@dataclass(frozen=True)
class EngineProfile:
    """The engine as one client surface runs it.

    ``source`` says where the facts come from, ``sureness`` how sure they are: ``observed`` (a real
    program was recorded), ``documented``, ``reported`` or ``inferred``. ``timeout_s`` and
    ``whole_timeout_s`` (for answers without stream) are what the engine announces, in seconds.
    """

    name: str
    version: str
    entrypoint: str
    sdk_version: str
    runtime_version: str
    timeout_s: int
    whole_timeout_s: int
    tools: tuple[str, ...]
    source: str
    sureness: str

    @property
    def user_agent(self) -> str:
        """The User-Agent of inference requests."""
        return f"claude-cli/{self.version} (external, {self.entrypoint})"

    def has_effort(self, model: str) -> bool:
        """Whether the engine sends an effort level and adaptive thinking for this model."""
        return not model.startswith(_NO_EFFORT)

    def betas(self, model: str) -> tuple[str, ...]:
        """The ``anthropic-beta`` values of an inference request, in order."""
        if "haiku" in model:
            return ("interleaved-thinking-2025-05-14", "claude-code-20250219")
        betas = ("claude-code-20250219", "interleaved-thinking-2025-05-14")
        return (*betas, "effort-2025-11-24") if self.has_effort(model) else betas


# Recorded with experimental betas disabled, the default of Claude Desktop in gateway mode.
ENGINE_DESKTOP = EngineProfile(
    name="engine-desktop-2.1.330",
    version="2.1.330",
    entrypoint="claude-desktop-3p",
    sdk_version="0.128.0",
    runtime_version="v26.12.1",
    timeout_s=900,
    whole_timeout_s=300,
    tools=tuple(
        "Agent Bash CronCreate CronDelete CronList DesignSync Edit EnterWorktree ExitWorktree "
        "ListAgents Monitor NotebookEdit Read ReportFindings ScheduleWakeup SendMessage "
        "SendUserFile Skill TaskCreate TaskGet TaskList TaskStop TaskUpdate WebFetch WebSearch "
        "Workflow Write".split()
    ),
    source="recording of engine 2.1.330 with the desktop's environment, Nov 2026",
    sureness="observed",
)

COUNT_TOKENS_BETAS = (
    "claude-code-20250219",
    "interleaved-thinking-2025-05-14",
    "context-management-2025-06-27",
    "token-counting-2024-11-01",
)

# The host process was never recorded; its requests are pieced together from documentation and
# from the engine's own discovery request.
HOST_PROFILE_NAME = "host-1.46388"
HOST_PROFILE_SURENESS = "inferred"
