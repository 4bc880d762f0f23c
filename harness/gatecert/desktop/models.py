"""Which model names the client offers. Pure.

Source: the name filter of desktop 1.46388 (read out of the client): another vendor's token vetoes,
then a family word or *claude* or *anthropic* is needed.
"""

from __future__ import annotations

import re
from typing import Any

FAMILIES = ("sonnet", "opus", "haiku", "fable", "mythos")
_OURS = ("claude", "anthropic", *FAMILIES)
_ENGINE_WORDS = ("claude", "anthropic")
_OTHER_VENDORS = (
    "deepseek gemini gemma glm gpt grok kimi llama mistral nemotron openai qwen codex nova- "
    "ark-code ds- m2."
).split()
_BARE_FAMILY = re.compile(rf"({'|'.join(FAMILIES)})", re.IGNORECASE)


def is_offered(name: str) -> bool:
    """Whether the desktop's picker would offer a model of this name."""
    lowered = name.lower()
    vetoed = any(token in lowered for token in _OTHER_VENDORS)
    return not vetoed and any(word in lowered for word in _OURS)


def is_bare_family(name: str) -> bool:
    """Whether a name is a tier alias alone, which only discovery can resolve."""
    return bool(_BARE_FAMILY.fullmatch(name))


def usable_models(body: Any) -> list[str]:
    """The ids of a discovery answer that the desktop's picker would offer."""
    data = body.get("data") if isinstance(body, dict) else None
    listed = data if isinstance(data, list) else []
    entries = [entry for entry in listed if isinstance(entry, dict)]
    return [name for entry in entries if is_offered(name := str(entry.get("id", "")))]


def engine_keeps(name: str, rule: str) -> bool:
    """Whether the engine's own discovery keeps an id: it must ``contain`` a word or ``begin`` so.

    Source: observed on engines 2.1.330 (contain) and 2.1.197 (begin).
    """
    lowered = name.lower()
    if rule == "begin":
        return lowered.startswith(_ENGINE_WORDS)
    return any(word in lowered for word in _ENGINE_WORDS)
