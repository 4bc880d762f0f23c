"""The requests that follow an answer which was not enough. Pure: a draft from a draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gatecert.desktop.draft import Draft
from gatecert.desktop.profiles.traits import TRAITS_330, traits_of

_FALLBACK_TOKENS = 64_000
_REFUSAL_BETA = "fallback-credit-2026-06-01"
# about as long as the recorded ones; the sentences are ours
AFTER_LOSS = (
    "The connection was lost in the middle of your answer, and only its beginning arrived. Go on "
    "exactly where it stops. Do not repeat anything and do not comment on it."
)
AFTER_LIMIT = (
    "Your answer reached the limit for output tokens. Go on exactly where it stops, without any "
    "repetition or comment, and split what is left to do into smaller pieces where you can."
)
_NUDGE = (
    "Your last answer had no text in it. Please answer the user now, in text or by a tool call."
)
_AFTER_REFUSAL = (
    "The message before was refused. Look at it once more: if an ordinary reading of it is "
    "harmless, answer that reading, shortly and plainly; if there is none, say in one sentence "
    "what you cannot help with and what you can do instead."
)


def has_new_safeguards(model: str) -> bool:
    """Whether a refusal is told, and asked about again, as for the newest models.

    A model that the engine does not know is taken for one of them.
    """
    traits = traits_of(model, TRAITS_330)
    return traits.per_turn or not traits.part


def without_stream(draft: Draft, *, writes_it: bool, timeout_s: int | None) -> Draft:
    """The same to be answered whole; ``writes_it`` says ``stream: false`` instead of nothing.

    ``timeout_s`` (s) is announced instead of the stream's, which None leaves.
    """
    most = min(int(draft.body.get("max_tokens", _FALLBACK_TOKENS)), _FALLBACK_TOKENS)
    whole = draft.with_fields(max_tokens=most)
    whole = whole.with_fields(stream=False) if writes_it else whole.without_fields("stream")
    return whole if timeout_s is None else replace(whole, timeout_s=timeout_s)


def continued(draft: Draft, blocks: Sequence[Mapping[str, Any]], sentence: str) -> Draft:
    """The conversation with what came, and the demand for the rest."""
    kept = [_sendable(block) for block in blocks if block.get("type") != "tool_use"]
    added = [_said("assistant", kept), _said("user", [{"type": "text", "text": sentence}])]
    return draft.with_fields(messages=_recached([*draft.body.get("messages", ()), *added]))


def nudged(draft: Draft, sentence: str = _NUDGE) -> Draft:
    """The same with a sentence after the user's last words."""
    messages = list(draft.body.get("messages", ()))
    last = next((n for n in range(len(messages) - 1, -1, -1) if messages[n]["role"] == "user"), -1)
    if last < 0:
        return draft
    content = messages[last].get("content")
    blocks = content if isinstance(content, list) else [{"type": "text", "text": str(content)}]
    messages[last] = {**messages[last], "content": [*blocks, {"type": "text", "text": sentence}]}
    return draft.with_fields(messages=_recached(messages))


def after_refusal(draft: Draft, blocks: Sequence[Mapping[str, Any]]) -> Draft:
    """The one repeat after a refusal, with what was said before it, if anything was."""
    again = continued(draft, blocks, _AFTER_REFUSAL) if blocks else nudged(draft, _AFTER_REFUSAL)
    if not has_new_safeguards(str(draft.body.get("model", ""))):
        return again
    return replace(again, betas=(*draft.betas, _REFUSAL_BETA))


def after_tools(draft: Draft, blocks: Sequence[Mapping[str, Any]]) -> Draft:
    """The next turn of a tool loop in which every tool fails: enough to see that it is asked."""
    results = [
        {
            "tool_use_id": block.get("id"),
            "type": "tool_result",
            "content": "the tool is not there",
            "is_error": True,
        }
        for block in blocks
        if block.get("type") == "tool_use"
    ]
    answer = _said("assistant", [_sendable(block) for block in blocks])
    messages = [*draft.body.get("messages", ()), answer, _said("user", results)]
    return draft.with_fields(messages=_recached(messages))


def _recached(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The cache mark of the conversation on its last block, and nowhere else."""
    bare = [{**m, "content": _unmarked(m.get("content"))} for m in messages]
    blocks = bare[-1]["content"] if bare else None
    marked = any(m.get("content") != b["content"] for m, b in zip(messages, bare, strict=True))
    if marked and isinstance(blocks, list) and blocks and isinstance(blocks[-1], dict):
        blocks[-1] = {**blocks[-1], "cache_control": {"type": "ephemeral"}}
    return bare


def _unmarked(content: Any) -> Any:
    if not isinstance(content, list):
        return content
    return [
        {k: v for k, v in block.items() if k != "cache_control"}
        if isinstance(block, dict)
        else block
        for block in content
    ]


def _said(role: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {"role": role, "content": content}


def _sendable(block: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if key != "partial_json"}
