"""What the engine takes out of a request that was refused with 400, before it repeats it at once.

A rung matches the wording of the error and changes the draft, or returns None when the draft has
nothing of it. A gateway that rewords errors breaks this: an unknown wording costs a client that
sends much up to seven more requests, and one that sends little has nothing to take out. Source:
recording of engine 2.1.330 (``fixtures/captures/errors-claude-code.json``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gatecert.desktop.draft import Draft
from gatecert.desktop.profiles import ENGINE_DESKTOP, PLACEHOLDER
from gatecert.desktop.prompt import tools

Change = Callable[[Draft, str], Draft | None]

TOKEN_COUNT = "thinking-token-count-2026-05-13"  # noqa: S105
TOOL_SEARCH = "advanced-tool-use-2025-11-20"
CONTEXT = "context-management-2025-06-27"
EFFORT = "effort-2025-11-24"
PER_TURN = "per-turn-control-2026-07-01"
TOOL_CHANGES = "mid-conversation-tool-changes-2026-07-01"
SAFEGUARDS = "dangerous-tool-use-2026-09-03"
DISPLAY_UPDATES = "thinking-display-updates-2026-08-18"
REDACT_THINKING = "redact-thinking-2026-02-12"
_SEARCH_TOOLS = ("ToolSearch", PLACEHOLDER)
_TOO_MANY = re.compile(r"max_tokens: \d+ > (\d{1,9}), which is the maximum allowed")
_TOO_LONG = re.compile(r"prompt is too long", re.IGNORECASE)


@dataclass(frozen=True)
class Rung:
    """A wording, what is changed for it, and whether the steps for an unknown wording follow."""

    wording: re.Pattern[str]
    change: Change
    goes_on: bool = False


def too_long(message: str) -> bool:
    """Whether the prompt did not fit: then the conversation is compacted, nothing taken out."""
    return bool(_TOO_LONG.search(message))


def next_rung(
    rungs: Sequence[str], message: str, draft: Draft, first: Draft, taken: Sequence[str]
) -> tuple[str, Draft] | None:
    """The next step and its draft, or None at the ladder's end.

    ``first`` is the request as it was before any step, ``taken`` are the steps made so far.
    """
    for name in rungs:
        rung = RUNGS.get(name)
        if rung is None or not rung.wording.search(message):
            continue
        changed = rung.change(draft, message)
        if changed is not None and (rung.goes_on or name not in taken):
            return name, changed
        if not rung.goes_on:
            return None  # it was understood, and changed nothing
    return _unknown(draft, first, taken) if "unknown-wording" in rungs else None


def _unknown(draft: Draft, first: Draft, taken: Sequence[str]) -> tuple[str, Draft] | None:
    since = taken[taken.index("tool-search") + 1 :] if "tool-search" in taken else taken
    for name, change in _BLIND:
        if name in (taken if name in _ONCE else since):
            continue
        changed = change(_restored(first, taken) if name == "tool-search" else draft, "")
        if changed is not None:
            return name, changed
    return None


def _restored(first: Draft, taken: Sequence[str]) -> Draft:
    """The first draft again, but for what is taken out once and for all."""
    for name, change in _BLIND:
        if name in _ONCE and name in taken:
            first = change(first, "") or first
    return first


def _context_management(draft: Draft, _: str) -> Draft | None:
    if "context_management" not in draft.body:
        return None
    return draft.without_fields("context_management").without_betas(CONTEXT)


def _effort(draft: Draft, _: str) -> Draft | None:
    config = draft.body.get("output_config")
    if not isinstance(config, dict) or "effort" not in config:
        return None
    left = {key: value for key, value in config.items() if key != "effort"}
    changed = draft.with_fields(output_config=left) if left else draft.without_fields(*_CONFIG)
    return changed.without_betas(EFFORT)


def _system_effort(draft: Draft, _: str) -> Draft | None:
    messages = draft.body.get("messages", ())
    if not any("output_config" in message for message in messages):
        return None
    left = [{k: v for k, v in m.items() if k != "output_config"} for m in messages]
    return draft.with_fields(messages=left).without_betas(PER_TURN)


def _adaptive_thinking(draft: Draft, _: str) -> Draft | None:
    thinking = draft.body.get("thinking")
    if not isinstance(thinking, dict) or thinking.get("type") != "adaptive":
        return None
    budget = int(draft.body.get("max_tokens", 1)) - 1
    return draft.with_fields(thinking={**thinking, "type": "enabled", "budget_tokens": budget})


def _system_role(draft: Draft, _: str) -> Draft | None:
    messages = list(draft.body.get("messages", ()))
    if not any(message.get("role") == "system" for message in messages):
        return None
    folded: list[dict[str, Any]] = []
    for message in messages:
        if message.get("role") == "system" and folded:
            folded[-1] = _with_reminder(folded[-1], _text(message))
        else:
            folded.append(message)
    return draft.with_fields(messages=folded).without_betas(PER_TURN, TOOL_CHANGES)


def _with_reminder(message: Mapping[str, Any], text: str) -> dict[str, Any]:
    """A user message with a reminder before the user's own text, which stays last."""
    reminder = {"type": "text", "text": f"<system-reminder>{text}</system-reminder>"}
    content = message.get("content")
    blocks = content if isinstance(content, list) else [{"type": "text", "text": str(content)}]
    return {**message, "content": [*blocks[:-1], reminder, *blocks[-1:]]}


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "".join(str(block.get("text", "")) for block in blocks if isinstance(block, dict))


def _safeguards(draft: Draft, _: str) -> Draft | None:
    if "safeguards" not in draft.body:
        return None
    return draft.without_fields("safeguards").without_betas(SAFEGUARDS)


def _max_tokens(draft: Draft, message: str) -> Draft | None:
    found = _TOO_MANY.search(message)
    if found is None or int(draft.body.get("max_tokens", 0)) <= int(found.group(1)):
        return None
    return draft.with_fields(max_tokens=int(found.group(1)))


def _token_count(draft: Draft, _: str) -> Draft | None:
    return draft.without_betas(TOKEN_COUNT) if TOKEN_COUNT in draft.betas else None


def _display(draft: Draft, _: str) -> Draft | None:
    thinking = draft.body.get("thinking")
    if not isinstance(thinking, dict) or "display" not in thinking:
        return None
    left = {key: value for key, value in thinking.items() if key != "display"}
    return draft.with_fields(thinking=left)


def _updates(draft: Draft, _: str) -> Draft | None:
    if DISPLAY_UPDATES not in draft.betas:
        return None
    swap = {DISPLAY_UPDATES: REDACT_THINKING}
    return replace(draft, betas=tuple(swap.get(beta, beta) for beta in draft.betas))


def _plain_tools(draft: Draft, _: str) -> Draft | None:
    """All tools in full, none of them to be searched for."""
    if TOOL_SEARCH not in draft.betas:
        return None
    listed = [tool for tool in draft.body.get("tools") or () if isinstance(tool, dict)]
    given = [tool for tool in listed if tool.get("name") not in _SEARCH_TOOLS]
    names = {tool.get("name") for tool in given}
    full = [*given, *(tool for tool in tools(ENGINE_DESKTOP.tools) if tool["name"] not in names)]
    full.sort(key=lambda tool: str(tool.get("name")))
    return draft.with_fields(tools=full).without_betas(TOOL_SEARCH)


_CONFIG = ("output_config",)
_ONCE = ("safeguards", "thinking-updates", "tool-search")
_BLIND: tuple[tuple[str, Change], ...] = (
    # the order of the first and the fourth is inferred: only their number was seen
    ("safeguards", _safeguards),
    ("token-count", _token_count),
    ("display", _display),
    ("thinking-updates", _updates),
    ("tool-search", _plain_tools),
)
RUNGS: Mapping[str, Rung] = {
    "context-management": Rung(re.compile(r"context_management"), _context_management),
    "system-effort": Rung(re.compile(r"output_config: Extra inputs"), _system_effort),
    "effort": Rung(re.compile(rf"does not support the effort parameter|{EFFORT}"), _effort),
    "adaptive-thinking": Rung(
        re.compile(r"adaptive thinking is not supported"), _adaptive_thinking
    ),
    "system-role": Rung(
        re.compile(r"messages\.\d+\.role: Input should be 'user' or 'assistant'"), _system_role
    ),
    "safeguards": Rung(re.compile(r"safeguards"), _safeguards),
    "max-tokens": Rung(_TOO_MANY, _max_tokens, goes_on=True),
}
