"""Request bodies of the engine, in its shape and size and with our own filler text.

Key order, block structure and block sizes follow a recording of engine 2.1.330 in the desktop
profile; the recording kept no text, and neither do we.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from gatecert.desktop.profiles import EngineProfile

Json = dict[str, Any]

_EPHEMERAL = {"cache_control": {"type": "ephemeral"}}
_REMINDER_SIZES = (810, 167, 2947, 6312, 86, 64, 582)
_SYSTEM_SIZES = (62, 28_357)
_TOOL_BYTES = 3_200
_WORDS = (
    "gateway request answer stream header model token route turn client provider event block "
    "policy tenant team key message error retry fallback probe receipt"
).split()


def encode(body: Json) -> bytes:
    """A body as JSON.stringify writes it: no blanks, no escapes for non-ASCII text."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def turn_body(
    profile: EngineProfile,
    model: str,
    messages: Sequence[Json],
    *,
    session_id: str,
    stream: bool,
    extra: Json | None = None,
) -> Json:
    """The body of a chat turn. ``extra`` replaces or adds top-level fields."""
    body: Json = {
        "model": model,
        "messages": list(messages),
        "system": system_blocks(profile),
        "tools": tools(profile),
        "metadata": {"user_id": user_id(session_id)},
        "max_tokens": 32_000,
        "thinking": {"budget_tokens": 31_999, "type": "enabled"},
    }
    if profile.has_effort(model):
        body["thinking"] = {"type": "adaptive"}
        body["output_config"] = {"effort": "high"}
    body["stream"] = stream
    body.update(extra or {})
    return body


def title_body(profile: EngineProfile, model: str, text: str, session_id: str) -> Json:
    """The body of the side request that finds a title, sent before a first turn."""
    body: Json = {
        "model": model,
        "messages": [{"role": "user", "content": [{"type": "text", "text": text}]}],
        "system": [{"type": "text", "text": b["text"]} for b in system_blocks(profile, 3_059)],
        "tools": [],
        "metadata": {"user_id": user_id(session_id)},
        "max_tokens": 32_000,
        "thinking": {"type": "disabled"},
        "temperature": 1,
    }
    if profile.has_effort(model):
        body["output_config"] = {"effort": "high"}
    body["stream"] = True
    return body


def probe_body(model: str) -> Json:
    """The connection test of the host: one token, one dot, nothing else."""
    return {"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "."}]}


def first_message(text: str) -> Json:
    """The user message of a first turn: reminders first, the user's own text last."""
    reminders = [
        {"type": "text", "text": f"<system-reminder>{filler(size)}</system-reminder>"}
        for size in _REMINDER_SIZES
    ]
    return {"role": "user", "content": [*reminders, {"type": "text", "text": text, **_EPHEMERAL}]}


def system_blocks(profile: EngineProfile, size: int = _SYSTEM_SIZES[1]) -> list[Json]:
    """Attribution line, identity and instructions: three text blocks, the last two cached."""
    attribution = (
        f"x-anthropic-billing-header: cc_version={profile.version}.e83; "
        f"cc_entrypoint={profile.entrypoint};"
    )
    return [
        {"type": "text", "text": attribution},
        {"type": "text", "text": filler(_SYSTEM_SIZES[0]), **_EPHEMERAL},
        {"type": "text", "text": filler(size), **_EPHEMERAL},
    ]


def tools(profile: EngineProfile) -> list[Json]:
    """The tool list: name, description and input schema for each tool."""
    return [_tool(name) for name in profile.tools]


def user_id(session_id: str) -> str:
    """``metadata.user_id``: a JSON string with device, account and session."""
    device = hashlib.sha256(b"gatecert device").hexdigest()
    ids = {"device_id": device, "account_uuid": "", "session_id": session_id}
    return json.dumps(ids, separators=(",", ":"))


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


@cache
def _tool(name: str) -> Json:
    properties = {
        "path": {"type": "string", "description": filler(90)},
        "limit": {"type": "integer", "minimum": 1},
        "mode": {"type": "string", "enum": ["read", "write"]},
    }
    return {
        "name": name,
        "description": filler(_TOOL_BYTES),
        "input_schema": {
            "type": "object",
            "properties": properties,
            "required": ["path"],
            "additionalProperties": False,
        },
    }
