"""Which parts of a target's custom headers are secret. Pure: names and values only.

Administrators put credentials into custom headers although they should not, and routing headers
hold them inside JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_CREDENTIAL = re.compile(
    r"(^|[-_.])(authorization|authz?|(api|virtual)[-_]?key|key|token|secret|password|pass|pwd|pin|pat"
    r"|jwt|assertion|bearer|cookie|credential|signature)s?($|[-_.])",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(basic|bearer|token) +", re.IGNORECASE)
# one long word of letters and digits together: a key, a JSON Web Token
_LIKE_A_KEY = re.compile(r"(?=\S*[A-Za-z])(?=\S*\d)[\w.~+/=:-]{20,}")
_URL_OR_DATE = re.compile(r"[a-z]+://|\d{4}-\d\d-\d\d", re.IGNORECASE)


def header_secrets(header: str, value: str) -> list[tuple[str, str]]:
    """The secrets in a custom header, each with the name it is shown under.

    A header named like a credential is secret as a whole; of a JSON object its members named so
    are; any other value is if it looks like a key.
    """
    name = f"header-{header.lower()}"
    document = _object(value)
    if document is not None:
        return [(name, found) for found in _members(document)]
    bare = _SCHEME.sub("", value, count=1)
    looks_so = bare != value or (_LIKE_A_KEY.fullmatch(bare) and not _URL_OR_DATE.match(bare))
    return [(name, bare)] if looks_so or _CREDENTIAL.search(header) else []


def _object(value: str) -> Any:
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None


def _members(node: Any, secret: bool = False) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _members(value, secret or bool(_CREDENTIAL.search(key)))
    elif isinstance(node, list):
        for value in node:
            yield from _members(value, secret)
    elif isinstance(node, str) and node and secret:
        yield node
