"""Which parts of a target's custom headers are secret. Pure: names and values only.

Administrators put credentials into custom headers although they should not, and routing headers
hold them inside JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from gatecert.credentials import looks_like_a_key, named_like_a_credential

_SCHEME = re.compile(r"(basic|bearer|token) +", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{1,15}", re.IGNORECASE)


def header_secrets(header: str, value: str) -> list[tuple[str, str]]:
    """The secrets in a custom header, each with the name it is shown under.

    A header named like a credential is secret as a whole, unless its value is a plain word; of a
    JSON object its members named so are; any other value is if it looks like a key.
    """
    name = f"header-{header.lower()}"
    document = _object(value)
    if document is not None:
        return [(name, found) for found in _members(document)]
    bare = _SCHEME.sub("", value, count=1)
    if bare != value or looks_like_a_key(bare):
        return [(name, bare)]
    return [(name, bare)] if named_like_a_credential(header) and not _WORD.fullmatch(bare) else []


def _object(value: str) -> Any:
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None


def _members(node: Any) -> Iterator[str]:
    """The texts that stand directly under a name of a credential."""
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str) and value and named_like_a_credential(key):
                yield value
            yield from _members(value)
    elif isinstance(node, list):
        for value in node:
            yield from _members(value)
