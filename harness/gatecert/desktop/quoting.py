"""Somebody else's words inside a sentence of ours."""

from __future__ import annotations

_MOST_QUOTED = 260
_MOST_READ = 4_000


def quoted(text: str, most: int = _MOST_QUOTED) -> str:
    """The words on one line, without controls, and cut where they are long."""
    shown = (c if c.isprintable() else " " for c in text[:_MOST_READ])
    line = " ".join("".join(shown).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def cited(message: str) -> str:
    """The words in quotation marks, as the end of a sentence."""
    words = quoted(message)
    return f"“{words}”" if words.endswith((".", "…", "!", "?")) else f"“{words}”."
