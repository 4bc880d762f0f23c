"""The messages of a conversation as the engine keeps and sends them. Pure.

Messages are kept without cache marks; :func:`marked` sets them for one request.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatecert.desktop.profiles import EngineProfile
from gatecert.desktop.prompt import Json, filler, reminder, text_block


def opening(profile: EngineProfile, model: str, text: str) -> list[Json]:
    """What a conversation starts with: reminders, the user's text, and for the newest models a
    message of role ``system``.
    """
    reminders = [reminder(size) for size in profile.reminders_for(model)]
    first = {"role": "user", "content": [*reminders, text_block(text)]}
    return [first, *_role_system(profile, model)]


def subagent_opening(profile: EngineProfile, model: str, prompt: str) -> list[Json]:
    """What a subagent's conversation starts with."""
    sizes = profile.subagent_reminders
    if profile.tool_search:
        sizes = (_SEARCH_REMINDER, *sizes)
    first = {"role": "user", "content": [*map(reminder, sizes), text_block(prompt)]}
    return [first, *_role_system(profile, model)]


_SEARCH_REMINDER = 360  # the tools that a subagent finds by searching


def marked(profile: EngineProfile, model: str, messages: Sequence[Json]) -> list[Json]:
    """The messages with the cache mark of a request: on the last block of the last message.

    A message whose content is plain text carries none, so that the one before has it; the message
    of role ``system`` is written as a block for it, where its own effort level is sent.
    """
    out = list(messages)
    if out and out[-1]["role"] == "system" and _has_own_effort(profile, model):
        out[-1] = {**out[-1], "content": [text_block(out[-1]["content"])]}
    for place in reversed(range(len(out))):
        content = out[place]["content"]
        if isinstance(content, list) and content:
            last = {**content[-1], "cache_control": cache_control(profile)}
            out[place] = {**out[place], "content": [*content[:-1], last]}
            break
    return out


def cache_control(profile: EngineProfile) -> Json:
    """A cache mark."""
    ttl = profile.switches.cache_ttl
    return {"type": "ephemeral", **({"ttl": ttl} if ttl else {})}


def with_reply(
    messages: Sequence[Json], blocks: Sequence[Json], *, same_message: bool = False
) -> list[Json]:
    """The conversation with the assistant's answer, each block as it came.

    An answer that carries the id of the one before (``same_message``) is merged into it, tool calls
    last. Source: observed on engine 2.1.330.
    """
    out = list(messages)
    before = [place for place, message in enumerate(out) if message["role"] == "assistant"]
    if not (same_message and before):
        return [*out, {"role": "assistant", "content": list(blocks)}]
    together = [*out[before[-1]]["content"], *blocks]
    out[before[-1]] = {"role": "assistant", "content": sorted(together, key=_is_call)}
    return out


def with_user(messages: Sequence[Json], blocks: Sequence[Json]) -> list[Json]:
    """The conversation with more from the user's side; two such messages in a row become one."""
    last = messages[-1] if messages else {}
    if last.get("role") == "user" and isinstance(last.get("content"), list):
        return [*messages[:-1], {"role": "user", "content": [*last["content"], *blocks]}]
    return [*messages, {"role": "user", "content": list(blocks)}]


def tool_result(call: Json, content: str | list[Json], *, is_error: bool | None = None) -> Json:
    """The result of a tool call, its keys in the engine's order.

    ``is_error`` None leaves the flag out, as the engine does for tools other than Bash.
    """
    result: Json = {"tool_use_id": call["id"], "type": "tool_result", "content": content}
    return result if is_error is None else {**result, "is_error": is_error}


def seed_of(messages: Sequence[Json]) -> str:
    """The text that a conversation began with."""
    content = messages[0].get("content") if messages else ""
    if isinstance(content, list):
        texts = [b.get("text", "") for b in content if isinstance(b, dict)]
        return str(texts[-1]) if texts else ""
    return str(content or "")


def _role_system(profile: EngineProfile, model: str) -> list[Json]:
    if not profile.traits(model).role_system:
        return []
    message: Json = {"role": "system", "content": filler(profile.role_system_chars)}
    if _has_own_effort(profile, model):
        message["output_config"] = {"effort": profile.effort(model)}
    return [message]


def _has_own_effort(profile: EngineProfile, model: str) -> bool:
    return profile.experimental and profile.traits(model).per_turn


def _is_call(block: Json) -> bool:
    return block.get("type") == "tool_use"
