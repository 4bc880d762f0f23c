"""Which ``anthropic-beta`` values a request carries, and in which order: rules as data.

A rule is a value and the words that must hold for it, a word with a minus must not. The words are
facts about the client surface, the model and the request; :meth:`EngineProfile.situation` gives
them. The order of the rules is the order on the wire, which is why a value may have two rules.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

Rule = tuple[str, str]

# Source: recordings of engine 2.1.330 and 2.1.197, Nov 2026 (observed).
RULES_330: tuple[Rule, ...] = (
    ("claude-code-20250219", "-haiku"),
    ("context-1m-2025-08-07", "1m"),
    ("interleaved-thinking-2025-05-14", ""),
    ("redact-thinking-2026-02-12", "experimental interactive title"),
    ("context-management-2025-06-27", "experimental"),
    ("claude-code-20250219", "haiku main"),
    ("per-turn-control-2026-07-01", "experimental per-turn"),
    ("mid-conversation-tool-changes-2026-07-01", "experimental per-turn"),
    ("*", "main"),
    ("thinking-token-count-2026-05-13", "experimental"),
    ("advanced-tool-use-2025-11-20", "experimental main tool-search"),
    ("effort-2025-11-24", "effort"),
    ("extended-cache-ttl-2025-04-11", "cache-1h"),
    ("fallback-credit-2026-06-01", "credit"),
    ("dangerous-tool-use-2026-09-03", "experimental main interactive"),
    ("thinking-display-updates-2026-08-18", "experimental main -print"),
    ("afk-mode-2026-01-31", "experimental main interactive -compact"),
    ("structured-outputs-2025-12-15", "experimental title"),
)
RULES_197: tuple[Rule, ...] = (
    ("claude-code-20250219", "-haiku"),
    ("context-1m-2025-08-07", "1m"),
    ("interleaved-thinking-2025-05-14", ""),
    ("redact-thinking-2026-02-12", "experimental interactive"),
    ("thinking-token-count-2026-05-13", "experimental"),
    ("context-management-2025-06-27", "experimental"),
    ("prompt-caching-scope-2026-01-05", "experimental"),
    ("claude-code-20250219", "haiku main"),
    ("mid-conversation-system-2026-04-07", "announced-role-system"),
    ("*", "main"),
    ("effort-2025-11-24", "effort"),
    ("extended-cache-ttl-2025-04-11", "cache-1h"),
    ("fallback-credit-2026-06-01", "credit"),
    ("structured-outputs-2025-12-15", "title"),
)

# the same in every situation that was recorded
COUNT_TOKENS_BETAS = (
    "claude-code-20250219",
    "interleaved-thinking-2025-05-14",
    "context-management-2025-06-27",
    "token-counting-2024-11-01",
)
# engine 2.1.197 asks for one token where counting is not served
COUNT_FALLBACK_BETAS = COUNT_TOKENS_BETAS[:-1]


def betas_for(
    rules: Sequence[Rule], situation: Collection[str], own: Sequence[str] = ()
) -> tuple[str, ...]:
    """The values whose rules hold, in order; ``own`` are the user's, at the place of ``*``."""
    values: list[str] = []
    for value, words in rules:
        if _holds(words, situation):
            values += own if value == "*" else [value]
    return tuple(values)


def _holds(words: str, situation: Collection[str]) -> bool:
    return all(
        (word[1:] not in situation) if word.startswith("-") else (word in situation)
        for word in words.split()
    )
