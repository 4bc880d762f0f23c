"""What of a file may stand in a message: names that are plainly names, and nothing else.

A secret may stand anywhere in a file, even where a name is expected.
"""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z_$][\w.$-]{0,59}", re.ASCII)
_MODEL = re.compile(r"[A-Za-z@][\w.@:/\[\]-]{0,99}", re.ASCII)
_KEY_BEGINS = re.compile(r"(?i)\b(sk|pk|gk|ghp|gho|xox[a-z]|glpat|akia|eyj)[-_.]?[a-z0-9]{6}")
_KEY_PREFIX = re.compile(r"(?i)\b(sk|pk|gk)[-_]")
_LONG_RUN = re.compile(r"[A-Za-z0-9]{14,}")


def shown(name: str) -> str:
    """A name in quotes; one that may be a secret, or could act on a terminal, is not shown."""
    return repr(name) if is_plain(name) else f"(a name of {len(name)} characters, not shown)"


def shown_model(name: str) -> str:
    """A model's name in quotes, if it is plainly one."""
    plain = _MODEL.fullmatch(name) and not _opaque(name)
    return repr(name) if plain else f"(a name of {len(name)} characters, not shown)"


def is_plain(name: str) -> bool:
    """Whether a name is plainly a name."""
    return bool(_NAME.fullmatch(name)) and not _opaque(name)


def _opaque(text: str) -> bool:
    """Whether a part of it looks like a key: a known beginning, or a long run of mixed signs."""
    runs = _LONG_RUN.findall(text)
    mixed = any(re.search(r"\d", run) and re.search(r"[A-Za-z]", run) for run in runs)
    return bool(mixed or _KEY_BEGINS.search(text) or _KEY_PREFIX.search(text))
