"""The gateway's log: one entry for each request, kept in memory, open to whoever has its key."""

from __future__ import annotations

import hmac
import json
import time
from collections import deque
from contextvars import ContextVar
from typing import Any

from gatecert.wire import Request

LOG_PATH = "/gateway/log"
_MOST_ENTRIES = 2000

Noted = dict[str, Any]


class RequestLog:
    """What was noted of each request. Each is noted in its own task, so that none mix."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._entries: deque[Noted] = deque(maxlen=_MOST_ENTRIES)
        self._noted: ContextVar[Noted | None] = ContextVar("noted", default=None)

    def begin(self, request: Request, metadata: Any) -> Noted:
        """Start the entry of a request."""
        noted: Noted = {
            "time": time.time(),
            "method": request.method,
            "path": request.path,
            "metadata": metadata if isinstance(metadata, dict) else None,
            "session": request.header("x-claude-code-session-id"),
            "trace": request.header("x-portkey-trace-id"),
        }
        self._noted.set(noted)
        return noted

    def note(self, **facts: Any) -> None:
        """Add to the entry of the request that is being served."""
        noted = self._noted.get()
        if noted is not None:
            noted.update(facts)

    def end(self, noted: Noted) -> None:
        """The request is done; whatever it was, it is in the log."""
        self._entries.append(noted)

    def opens_to(self, request: Request) -> bool:
        """Whether a request may read the log."""
        offered = (request.header("authorization") or "").removeprefix("Bearer ")
        return bool(self._key) and hmac.compare_digest(offered.encode(), self._key.encode())

    def written(self) -> bytes:
        """The log as JSON, the oldest entry first."""
        return json.dumps({"entries": list(self._entries)}).encode()
