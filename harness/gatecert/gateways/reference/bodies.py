"""Bodies that a configuration shapes: error envelopes, and requests with listed fields. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

_PLACE = re.compile(r"\{(status|type|message|prefixed)\}")


def filled_in(template: str, status: int, kind: str | None, message: str) -> bytes:
    """A JSON template with status, error type and message in their places."""
    values: dict[str, Any] = {
        "status": status,
        "type": kind,
        "message": message,
        "prefixed": f"anthropic error: {message}",
    }
    # in one pass: a message may hold what looks like a place
    return _PLACE.sub(lambda found: json.dumps(values[found[1]]), template).encode()


def told_anew(template: str, status: int, body: bytes) -> bytes:
    """A provider's error in the gateway's own envelope; what is no such error stays as it is."""
    try:
        error = json.loads(body)["error"]
        return filled_in(template, status, error.get("type"), str(error["message"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return body


def only_fields(body: bytes, names: Collection[str]) -> bytes:
    """A body with these fields at its top alone, in their order; what is no object stays."""
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(whole, dict):
        return body
    kept = {name: whole[name] for name in names if name in whole}
    return json.dumps(kept, separators=(",", ":")).encode()
