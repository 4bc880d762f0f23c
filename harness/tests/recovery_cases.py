"""Answers and drafts for tests of the recovery: what a gateway may send, in memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gatecert.desktop import Exchange, OutgoingRequest
from gatecert.desktop.draft import Draft
from gatecert.desktop.exchange import Chunk, Fault
from gatecert.desktop.recovery import Clock, Persisted, RetryPolicy, persist
from gatecert.fidelity.faults import answer

URL = "http://127.0.0.1:8787/v1/messages?beta=true"
MESSAGES = [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]


def draft(
    *, stream: bool = True, betas: Sequence[str] = ("claude-code-20250219",), **body: Any
) -> Draft:
    fields = {"model": "claude-sonnet-4-6", "messages": MESSAGES, "max_tokens": 32_000}
    return Draft("chat turn", {**fields, **body, "stream": stream}, tuple(betas), 600)


def request(asked: Draft | None = None) -> OutgoingRequest:
    asked = asked or draft()
    headers = [("anthropic-beta", ",".join(asked.betas)), ("X-Stainless-Timeout", "600")]
    return OutgoingRequest("POST", URL, headers, json.dumps(dict(asked.body)).encode())


def status(code: int, *headers: tuple[str, str], message: str = "no") -> Exchange:
    body = {"type": "error", "error": {"type": "x", "message": message}}
    sent = [Chunk(0.0, json.dumps(body).encode())]
    return Exchange("chat turn", request(), status=code, headers=list(headers), chunks=sent)


def fault(name: str, asked: Draft | None = None, *, headers_s: float = 360.0) -> Exchange:
    """The recorder's fault of this name."""
    asked = asked or draft()
    return answer(name, request(asked), stream=asked.stream, headers_s=headers_s)


def no_answer(kind: str, seconds: float = 0.0) -> Exchange:
    return Exchange("chat turn", request(), fault=Fault(kind, "x"), end_ms=seconds * 1000)


def play(
    policy: RetryPolicy, *script: Exchange | str, first: Draft | None = None, **given: Any
) -> Persisted:
    """A whole turn, each request answered by the next of the script and the rest by its last."""
    served = iter(script)
    last = [script[0]]

    def send(asked: Draft) -> Exchange:
        last[0] = next(served, last[0])
        return fault(last[0], asked) if isinstance(last[0], str) else last[0]

    clock = Clock(sleep=lambda seconds: None, chance=lambda: 0.5)
    return persist(send, first or draft(), policy, **{"clock": clock, **given})
