"""Large bodies in short: what a check needs of 32 MB is whether they are the same ones. Pure.

The long strings of a JSON body are replaced by their length and hash, so that it can be compared
part by part, in whatever order and spacing a gateway wrote it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

LARGE_BODY_BYTES = 4 * 1024 * 1024
_LONG_CHARS = 65_536
_SHOWN_BYTES = 4_096


def shortened(value: Any) -> Any:
    """A JSON value with each string of more than 64 Ki characters replaced by a line about it."""
    if isinstance(value, str) and len(value) > _LONG_CHARS:
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        return f"<{len(value)} characters, sha256 {digest}>"
    if isinstance(value, list):
        return [shortened(entry) for entry in value]
    if isinstance(value, dict):
        return {name: shortened(entry) for name, entry in value.items()}
    return value


def short_body(body: bytes) -> bytes:
    """A large body in short; the beginning of one that is no JSON."""
    try:
        return json.dumps(shortened(json.loads(body))).encode()
    except (ValueError, RecursionError):
        return body[:_SHOWN_BYTES]
