"""Request bodies of the engine, in its shape and size and with our own filler text.

Key order, block structure and block sizes follow recordings of real engines; what differs between
releases, client surfaces and models is in :mod:`gatecert.desktop.profiles`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from gatecert.desktop.messages import cache_control, marked, opening, seed_of
from gatecert.desktop.profiles import ENGINE_DESKTOP, EngineProfile, bare_model
from gatecert.desktop.prompt import (
    WEB_SEARCH_TOOL,
    Json,
    attribution,
    filler,
    safeguards,
    text_block,
    tools,
)

_SEARCH_SYSTEM_CHARS = 160
_CLASSIC = "claude-sonnet-4-6"  # a model whose conversation starts with one message
_CLEAR_THINKING = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}


def encode(body: Json) -> bytes:
    """A body as JSON.stringify writes it: no blanks, no escapes for non-ASCII text.

    A surrogate without its pair becomes an escape, since UTF-8 has no bytes for it.
    """
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace")


def turn_body(
    profile: EngineProfile,
    model: str,
    messages: Sequence[Json],
    *,
    session_id: str,
    stream: bool,
    extra: Json | None = None,
    subagent: bool = False,
) -> Json:
    """The body of a chat turn. ``extra`` replaces or adds top-level fields."""
    names = profile.tools_for_subagent() if subagent else profile.tools_for(model)
    body: Json = {
        "model": sent_model(profile, model),
        "messages": list(messages),
        "system": _system(profile, model, seed_of(messages), subagent),
        "tools": tools(names),
        "metadata": {"user_id": user_id(session_id)},
        "max_tokens": profile.traits(model).max_tokens,
        **_thinking(profile, model, off=subagent and profile.release.subagents_wait),
        **profile.switches.body,
    }
    if profile.experimental and profile.mode == "interactive" and profile.release.has_safeguards:
        body["safeguards"] = safeguards(refused_calls=profile.release.refused_calls)
    if effort := profile.effort(model):
        body["output_config"] = {"effort": effort}
    return {**body, "stream": stream, **(extra or {})}


def title_body(profile: EngineProfile, model: str, text: str, session_id: str) -> Json:
    """The body of the side request that finds a title, sent before a first turn."""
    question = filler(profile.release.title_chars) + text
    body = _side_body(profile, model, question, session_id, profile.release.title_system_chars)
    body = {**body, "tools": [], **_side_tail(profile, model, session_id)}
    if profile.experimental or profile.release.title_schema:
        config = body.get("output_config", {})
        body["output_config"] = {**config, "format": _title_format()}
    return {**body, "stream": True}


def search_body(profile: EngineProfile, model: str, query: str, session_id: str) -> Json:
    """The body of the side request behind the tool WebSearch."""
    question = f"Search the web for this query: {query}"
    choice = {"type": "tool", "name": "web_search"}
    return {
        **_side_body(profile, model, question, session_id, _SEARCH_SYSTEM_CHARS),
        "tools": [WEB_SEARCH_TOOL],
        "tool_choice": choice,
        **_side_tail(profile, model, session_id),
        "stream": True,
    }


def count_body(model: str, text: str) -> Json:
    """The body of a token count."""
    return {
        "model": bare_model(model),
        "messages": [{"role": "user", "content": text}],
        "tools": [],
    }


def count_fallback_body(model: str, session_id: str) -> Json:
    """What engine 2.1.197 sends where counting is not served: a message of one token."""
    return {
        "model": bare_model(model),
        "max_tokens": 1,
        "messages": [{"role": "user", "content": "count"}],
        "metadata": {"user_id": user_id(session_id)},
    }


def probe_body(model: str) -> Json:
    """The connection test of the host: one token, one dot, nothing else."""
    return {"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "."}]}


def first_message(text: str) -> Json:
    """The user message of a first turn on the desktop: reminders first, the user's text last."""
    return marked(ENGINE_DESKTOP, _CLASSIC, opening(ENGINE_DESKTOP, _CLASSIC, text))[0]


def sent_model(profile: EngineProfile, model: str) -> str:
    """The model's id as it goes into a body: without the mark of 1M context, unless kept."""
    return model if profile.switches.keep_wide_mark else bare_model(model)


def user_id(session_id: str) -> str:
    """``metadata.user_id``: a JSON string with device, account and session."""
    device = hashlib.sha256(b"gatecert device").hexdigest()
    ids = {"device_id": device, "account_uuid": "", "session_id": session_id}
    return json.dumps(ids, separators=(",", ":"))


def _system(profile: EngineProfile, model: str, seed: str, subagent: bool) -> list[Json]:
    """Attribution, identity and instructions; the last two are cached."""
    chars = profile.traits(model).instruction_chars or profile.instruction_chars
    chars = profile.subagent_instruction_chars if subagent else chars
    sizes = (profile.identity_chars, chars)
    mark = {"cache_control": cache_control(profile)}
    cached = [{**text_block(filler(size)), **mark} for size in sizes if size]
    first = [attribution(profile, seed, subagent=subagent)] if profile.switches.attribution else []
    return [*first, *cached]


def _thinking(profile: EngineProfile, model: str, *, off: bool) -> Json:
    """The fields that thinking brings with it."""
    traits, wanted = profile.traits(model), profile.switches.thinking
    if off or wanted == "off":
        return {"thinking": {"type": "disabled"}, "temperature": 1}
    thinking: Json = {"budget_tokens": traits.max_tokens - 1, "type": "enabled"}
    if traits.adaptive and wanted == "adaptive":
        thinking = {"type": "adaptive"}
    if profile.display:
        thinking["display"] = profile.display
    kept = {"context_management": _CLEAR_THINKING} if profile.experimental else {}
    return {"thinking": thinking, **kept}


def _side_body(
    profile: EngineProfile, model: str, question: str, session_id: str, system_chars: int
) -> Json:
    """How a side request begins; it carries no cache marks."""
    system = [
        attribution(profile, question),
        text_block(filler(profile.identity_chars)),
        text_block(filler(system_chars)),
    ]
    return {
        "model": sent_model(profile, model),
        "messages": [{"role": "user", "content": [text_block(question)]}],
        "system": system if profile.switches.attribution else system[1:],
    }


def _side_tail(profile: EngineProfile, model: str, session_id: str) -> Json:
    """How a side request ends: no thinking, which the newest models are not told."""
    newest = profile.traits(model).role_system
    tail: Json = {
        "metadata": {"user_id": user_id(session_id)},
        "max_tokens": profile.traits(model).max_tokens,
    }
    if not newest or (profile.release.side_thinking_off and profile.traits(model).part):
        tail["thinking"] = {"type": "disabled"}
    if not newest:
        tail["temperature"] = 1
    if effort := profile.effort(model):
        tail["output_config"] = {"effort": effort}
    return tail


def _title_format() -> Json:
    schema = {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "schema": schema}
