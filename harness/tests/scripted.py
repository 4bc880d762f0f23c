"""A transport that answers from a script, for whole flows without a network."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

from gatecert.desktop import DesktopApp, EngineProfile, Exchange, GatewaySettings, OutgoingRequest
from gatecert.desktop.exchange import Chunk
from gatecert.desktop.transport import OnChunk
from gatecert.upstream import Block, Plan, messages_api

Answer = Sequence[Block]
TEXT: Answer = (Block("text", ("Done.",)),)


def call(name: str, number: int = 1, **arguments: Any) -> Block:
    return Block("tool_use", (json.dumps(arguments),), name, f"toolu_{number}")


class ScriptedWire:
    """Gives the answers to messages in turn, the last one for all later ones."""

    def __init__(self, *answers: Answer, count_status: int = 200) -> None:
        self.sent: list[OutgoingRequest] = []
        self.closed = False
        self._answers = answers or (TEXT,)
        self._count_status = count_status
        self._given = 0
        self._lock = threading.Lock()

    def send(
        self, purpose: str, request: OutgoingRequest, on_chunk: OnChunk | None = None
    ) -> Exchange:
        with self._lock:
            self.sent.append(request)
            answer = self._next() if purpose != "subagent" else TEXT
        if on_chunk is None:
            return Exchange(purpose, request, status=self._count_status)
        chunks = [Chunk(0.0, piece) for piece in pieces(answer)]
        for chunk in chunks:
            on_chunk(chunk.data)
        return Exchange(purpose, request, status=200, chunks=chunks)

    def close(self) -> None:
        self.closed = True

    def _next(self) -> Answer:
        answer = self._answers[min(self._given, len(self._answers) - 1)]
        self._given += 1
        return answer

    @property
    def lines(self) -> list[str]:
        """Method and target of each request."""
        return [f"{r.method} {r.url.removeprefix('http://127.0.0.1:1')}" for r in self.sent]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies, as JSON."""
        return [json.loads(request.body) for request in self.sent if request.body]


def pieces(answer: Answer) -> list[bytes]:
    if not answer:
        return [b": nothing\n\n"]
    script = messages_api.events(Plan(blocks=answer), "gc-t", "m")
    return [messages_api.encode(event) for event in script]


def app(profile: EngineProfile, wire: ScriptedWire, **settings: Any) -> DesktopApp:
    given = {"api_key": "sk-1", "chat_model": "claude-sonnet-4-6", **settings}
    return DesktopApp(
        GatewaySettings("http://127.0.0.1:1", **given), lambda: wire, profile
    ).launch()
