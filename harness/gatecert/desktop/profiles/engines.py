"""The engine profiles there are. Data; next month's client is a new entry, not an edit."""

from __future__ import annotations

from dataclasses import replace

from gatecert.desktop.profiles.engine import EngineProfile
from gatecert.desktop.profiles.versions import ENGINE_197, ENGINE_330, ENGINE_331

# a tool that stands for all that are found by searching; its real name was not kept
PLACEHOLDER = "DeferredToolPlaceholder"

_SUBAGENT = tuple(
    "Bash EnterWorktree ExitWorktree Monitor Read SendMessage Skill TaskStop WebFetch "
    "WebSearch".split()
)
_PLAN_TOOLS = ("AskUserQuestion", "EnterPlanMode", "ExitPlanMode")
_DESKTOP_TOOLS = tuple(
    "Agent Bash CronCreate CronDelete CronList DesignSync Edit EnterWorktree ExitWorktree "
    "ListAgents Monitor NotebookEdit Read ReportFindings ScheduleWakeup SendMessage "
    "SendUserFile Skill TaskCreate TaskGet TaskList TaskStop TaskUpdate WebFetch WebSearch "
    "Workflow Write".split()
)


def _kept(*more: str) -> tuple[str, ...]:
    """The tools that stay in sight when the others are found by searching."""
    names = (
        "Agent Bash Edit ListAgents Read ReportFindings ScheduleWakeup Skill ToolSearch Workflow"
    )
    return (*sorted([*names.split(), *more]), PLACEHOLDER, "Write")


# Recorded with experimental betas disabled, the default of Claude Desktop in gateway mode.
ENGINE_DESKTOP = EngineProfile(
    name="engine-desktop-2.1.330",
    entrypoint="claude-desktop-3p",
    release=ENGINE_330,
    timeout_s=900,
    whole_timeout_s=900,
    tools=_DESKTOP_TOOLS,
    kept_tools=_kept("SendUserFile"),
    subagent_tools=_SUBAGENT,
    kept_subagent_tools=("Bash", "Read", "Skill", PLACEHOLDER, "ToolSearch"),
    reminders=(810, 167, 2947, 6312, 86, 64, 582),
    search_reminder=454,
    subagent_reminders=(810, 167, 6312, 64, 582),
    source="recording of engine 2.1.330 with the desktop's environment, Nov 2026",
    sureness="observed",
)
# Chat and Cowork run the engine as a local agent; two tools for files come in addition.
ENGINE_COWORK = replace(
    ENGINE_DESKTOP,
    name="engine-cowork-2.1.330",
    entrypoint="local-agent",
    agent_sdk="0.3.330",
    tools=tuple(sorted([*_DESKTOP_TOOLS, "Glob", "Grep"])),
    reminders=(810, 167, 2953, 260, 86, 64, 582),
    instruction_chars=28_369,
    source="recording of engine 2.1.330 with Cowork's environment, Nov 2026",
)
# What ``toolSearchEnabled`` does: it lifts the block on experimental betas.
ENGINE_TOOLSEARCH = replace(
    ENGINE_DESKTOP,
    name="engine-desktop-toolsearch-2.1.330",
    experimental=True,
    tool_search=True,
    source="recording of engine 2.1.330 with the desktop's environment and tool search, Nov 2026",
)
ENGINE_PRINT = replace(
    ENGINE_TOOLSEARCH,
    name="engine-print-2.1.330",
    entrypoint="sdk-cli",
    mode="print",
    timeout_s=600,
    whole_timeout_s=300,
    kept_tools=_kept(),
    reminders=(810, 167, 1880, 6312, 86, 64, 582),
    search_reminder=443,
    role_system_chars=9_212,
    instruction_chars=28_276,
    source="recording of engine 2.1.330 with one prompt on the command line, Nov 2026",
)
ENGINE_CLI = replace(
    ENGINE_PRINT,
    name="engine-cli-2.1.330",
    entrypoint="cli",
    mode="interactive",
    tools=tuple(
        sorted({*_DESKTOP_TOOLS, *_PLAN_TOOLS} - {"DesignSync", "SendUserFile"}),
    ),
    kept_tools=_kept("AskUserQuestion"),
    role_system_chars=10_786,
    identity_chars=57,
    source="recording of engine 2.1.330 in a terminal, Nov 2026",
)
# The Python Agent SDK names itself, whatever entry point its environment gives.
ENGINE_AGENT_SDK = replace(
    ENGINE_PRINT,
    name="engine-agent-sdk-2.1.330",
    entrypoint="sdk-py",
    agent_sdk="0.2.187",
    mode="stream",
    tools=tuple(name for name in _DESKTOP_TOOLS if name != "SendUserFile"),
    reminders=(801, 167, 1880, 6312, 86, 64, 582),
    instruction_chars=0,
    source="recording of the Python Agent SDK 0.2.187, which bundles engine 2.1.330, Nov 2026",
)
_TOOLS_197 = tuple(
    "Agent Bash CronCreate CronDelete CronList DesignSync Edit EnterWorktree ExitWorktree "
    "NotebookEdit Read ReportFindings ScheduleWakeup SendMessage Skill TaskCreate TaskGet TaskList "
    "TaskOutput TaskStop TaskUpdate WebFetch WebSearch Workflow Write".split()
)
_SUBAGENT_197 = tuple(
    "Bash CronCreate CronDelete CronList EnterWorktree ExitWorktree Read ReportFindings "
    "SendMessage Skill TaskCreate TaskGet TaskList TaskStop TaskUpdate WebFetch WebSearch".split()
)
ENGINE_DESKTOP_197 = replace(
    ENGINE_DESKTOP,
    name="engine-desktop-2.1.197",
    release=ENGINE_197,
    tools=_TOOLS_197,
    subagent_tools=_SUBAGENT_197,
    subagent_reminders=(4556, 306),
    subagent_instruction_chars=3_245,
    reminders=(2373, 4556, 306),
    newest_reminders=(306,),
    role_system_chars=6_062,
    instruction_chars=26_461,
    source="recording of engine 2.1.197 with the desktop's environment, Nov 2026",
)
# Neither tools for searching nor those for the desktop's own files are there yet.
ENGINE_COWORK_197 = replace(
    ENGINE_DESKTOP_197,
    name="engine-cowork-2.1.197",
    entrypoint="local-agent",
    agent_sdk="0.3.330",
    tools=tuple(sorted([*_TOOLS_197, "Glob", "Grep"])),
    source="engine 2.1.197 of the desktop, changed as 2.1.330 is for Cowork; no capture is kept",
    sureness="inferred",
)
ENGINE_TOOLSEARCH_197 = replace(
    ENGINE_DESKTOP_197,
    name="engine-desktop-toolsearch-2.1.197",
    experimental=True,
    source="engine 2.1.197 of the desktop with its betas; no capture is kept",
    sureness="inferred",
)
ENGINE_PRINT_197 = replace(
    ENGINE_DESKTOP_197,
    name="engine-print-2.1.197",
    entrypoint="sdk-cli",
    mode="print",
    experimental=True,
    timeout_s=600,
    whole_timeout_s=300,
    reminders=(1786, 4556, 306),
    source="recording of engine 2.1.197 with one prompt on the command line, Nov 2026",
)
ENGINE_CLI_197 = replace(
    ENGINE_PRINT_197,
    name="engine-cli-2.1.197",
    entrypoint="cli",
    mode="interactive",
    tools=tuple(sorted([*_TOOLS_197, *_PLAN_TOOLS])),
    role_system_chars=6_649,
    identity_chars=57,
    source="recording of engine 2.1.197 in a terminal, Nov 2026",
)


def _at_331(profile: EngineProfile, agent_sdk: str = "") -> EngineProfile:
    """The same surface with the next engine, as fresh recordings show it."""
    source = profile.source.replace(ENGINE_330.number, ENGINE_331.number)
    return replace(
        profile,
        name=profile.name.replace(ENGINE_330.number, ENGINE_331.number),
        release=ENGINE_331,
        agent_sdk=agent_sdk or profile.agent_sdk,
        source=source.replace("SDK 0.2.187", "SDK 0.2.188"),
    )


_SURFACES_330 = (ENGINE_DESKTOP, ENGINE_COWORK, ENGINE_TOOLSEARCH, ENGINE_PRINT, ENGINE_CLI)
ENGINES: tuple[EngineProfile, ...] = (
    *_SURFACES_330,
    ENGINE_AGENT_SDK,
    *map(_at_331, _SURFACES_330),
    _at_331(ENGINE_AGENT_SDK, agent_sdk="0.2.188"),
    ENGINE_DESKTOP_197,
    ENGINE_COWORK_197,
    ENGINE_TOOLSEARCH_197,
    ENGINE_PRINT_197,
    ENGINE_CLI_197,
)


def with_tool_search(profile: EngineProfile) -> EngineProfile:
    """The desktop's profile of the same release with ``toolSearchEnabled``; others stay."""
    wanted = profile.name.replace("engine-desktop-", "engine-desktop-toolsearch-", 1)
    return next((engine for engine in ENGINES if engine.name == wanted), profile)
