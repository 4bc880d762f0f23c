"""What fills a request: prompts, reminders and tools of the sizes that were recorded.

The recordings kept no text, and neither do we: everything here is filler of our own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any

from gatecert.desktop.profiles import PLACEHOLDER, EngineProfile

Json = dict[str, Any]

_TOOL_BYTES = 3_200
_OPEN, _CLOSE = "<system-reminder>", "</system-reminder>"
_WORDS = (
    "gateway request answer stream header model token route turn client provider event block "
    "policy tenant team key message error retry fallback probe receipt"
).split()


@cache
def filler(size: int) -> str:
    """Prose of our own, exactly ``size`` characters long and the same every time."""
    words: list[str] = []
    length = 0
    step = 0
    while length <= size:
        step += 1
        word = _WORDS[(step * step + step // 7) % len(_WORDS)]
        word += ".\n" if step % 17 == 0 else ""
        words.append(word)
        length += len(word) + 1
    return " ".join(words)[:size]


def text_block(text: str) -> Json:
    """A text block."""
    return {"type": "text", "text": text}


def reminder(size: int) -> Json:
    """A ``<system-reminder>`` block of ``size`` characters in all."""
    return text_block(f"{_OPEN}{filler(size - len(_OPEN) - len(_CLOSE))}{_CLOSE}")


def attribution(profile: EngineProfile, seed: str, *, subagent: bool = False) -> Json:
    """The first system block: which client asks.

    Its three hex digits depend on the conversation's first text (``seed``), so that they stay the
    same from turn to turn.
    """
    digits = hashlib.sha256(seed.encode()).hexdigest()[:3]
    version = f"cc_version={profile.version}.{digits}"
    tail = " cc_is_subagent=true;" if subagent else ""
    return text_block(
        f"x-anthropic-billing-header: {version}; cc_entrypoint={profile.entrypoint};{tail}"
    )


def tools(names: Iterable[str]) -> list[Json]:
    """Tools of these names: name, description and input schema for each."""
    return [_tool(name) for name in names]


WEB_SEARCH_TOOL: Json = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}


@cache
def _tool(name: str) -> Json:
    properties = {
        "path": {"type": "string", "description": filler(90)},
        "limit": {"type": "integer", "minimum": 1},
        "mode": {"type": "string", "enum": ["read", "write"]},
    }
    tool: Json = {
        "name": name,
        "description": filler(_TOOL_BYTES),
        "input_schema": {
            "type": "object",
            "properties": properties,
            "required": ["path"],
            "additionalProperties": False,
        },
    }
    if name == PLACEHOLDER:
        tool["defer_loading"] = True
    return tool


def safeguards(*, refused_calls: bool) -> list[Json]:
    """What the interactive engine says about the folder it works in, for a classifier."""
    here = "/home/user/projects/gatecert-run"
    sources = (
        "userSettings projectSettings localSettings flagSettings policySettings cliArg command "
        "session toolsNarrowing mcpServerPolicy hostCredential"
    )
    context: Json = {
        "v": 1,
        "permission_mode": "auto",
        "platform": "linux",
        "live_cwd": here,
        "home_dir": "/home/user",
        "rule_roots": dict.fromkeys(sources.split(), here),
        "trusted_directories": {
            "primary": {"path": here, "resolved": [here]},
            "additional": [],
            "network": [],
            "block_reads_outside_working_directories": False,
        },
        "rules": {"allow": [], "deny": [], "ask": []},
        "auto_mode": {"allow": [], "soft_deny": [], "hard_deny": [], "environment": []},
        "artifact_consent_holdback": False,
        "case_insensitive_paths": False,
        "restricted": False,
        "is_remote_mode": False,
        "classify_all_shell": False,
        "user_identity": None,
        "git_state": _git_state(here),
        "classifier_facts": {"bashPrescreenRetry": "none"},
        **({"refused_calls": []} if refused_calls else {}),
    }
    return [{"type": "dangerous_tool_use", "classifier_context": context}]


def _git_state(folder: str) -> Json:
    return {
        "cwd": folder,
        "root": None,
        "branch": None,
        "default_branch": None,
        "status": None,
        "visibility": {
            "origin": None,
            "push_remote": None,
            "remotes": [],
            "visibility_cache": [],
        },
        "error": "not-a-repo",
    }
