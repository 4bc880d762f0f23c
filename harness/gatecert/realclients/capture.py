"""Captures: documents of shapes, as in ``fixtures/captures``. No I/O but for reading and writing.

Nothing a prompt or a tool said gets in: :mod:`gatecert.fidelity.notation` writes each request down.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gatecert.fidelity.notation import request_shape
from gatecert.realclients.recorder import Seen
from gatecert.realclients.start import Start
from gatecert.upstream import find_token

_LINE = 110
_DIRECTIVE = re.compile(r" @@gatecert gc-[0-9a-f]{32} \{.*?\} @@", re.DOTALL)
NOTE = (
    "Recorded on loopback with fake credentials through gatecert's embedded gateway. Strings are "
    "replaced by their length (str(N)); short test literals kept as str=...; tools list names and "
    "key names only. <uuid>, <hex64>, <n>, <token>, <key> are patterns."
)


def flow_shape(
    seen: Sequence[Seen], connections: int, exit_code: int | None, start: Start
) -> dict[str, Any]:
    """One flow. Of requests to one path ``start.most`` are kept; a note says what was cut."""
    answered = dict(zip(map(id, seen), answers_given(seen, start.answers), strict=True))
    kept = _kept(seen, start.most)
    shape: dict[str, Any] = {"exit_code": exit_code, "connections": connections}
    if start.call:
        shape["call"] = start.call
    if len(kept) < len(seen):
        shape["note"] = f"cut after {len(kept)} of {len(seen)} requests"
    shape["requests"] = [_request(one, answered[id(one)]) for one in kept]
    return shape


def answers_given(seen: Sequence[Seen], answers: Sequence[str]) -> list[str]:
    """What each request was answered, by the captures' names; ``""`` for one that asks nothing.

    A request without the flow's token was answered with text: it came from a subagent, say.
    """
    given = []
    attempts = 0
    for one in seen:
        asks = one.request.method == "POST" and one.request.path == "/v1/messages"
        if not asks:
            given.append("")
        elif not answers or find_token(one.request.body) is None:
            given.append("text")
        else:
            given.append(answers[min(attempts, len(answers) - 1)])
            attempts += 1
    return given


def document(client: str, version: str, group: str, flows: Mapping[str, Any]) -> dict[str, Any]:
    """A whole capture; ``group`` is ``flows`` or ``calls``."""
    return {"client": client, "version": version, "note": NOTE, group: dict(flows)}


def write(folder: Path, name: str, capture: Mapping[str, Any]) -> Path:
    """Write a capture and return its place."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / name
    place.write_text(_pretty(capture) + "\n", encoding="utf-8")
    return place


def _pretty(node: Any, depth: int = 0) -> str:
    """JSON with whatever fits into a line on one line: a header, a tool, a text block."""
    line = json.dumps(node, ensure_ascii=False)
    if not isinstance(node, dict | list) or len(line) + depth <= _LINE:
        return line
    begin, end = "{}" if isinstance(node, dict) else "[]"
    if isinstance(node, dict):
        parts = [f"{json.dumps(key)}: {_pretty(node[key], depth + 1)}" for key in node]
    else:
        parts = [_pretty(item, depth + 1) for item in node]
    inner = ",\n".join(" " * (depth + 1) + part for part in parts)
    return f"{begin}\n{inner}\n{' ' * depth}{end}"


def _kept(seen: Sequence[Seen], most: int) -> list[Seen]:
    kept: list[Seen] = []
    for one in seen:
        same = [k for k in kept if k.request.path == one.request.path]
        if len(same) < most:
            kept.append(one)
    return kept


def _request(one: Seen, answered: str) -> dict[str, Any]:
    request = one.request
    body = without_directives(request.body)
    shape = request_shape(
        request.method, request.target, request.http_version, request.headers, body
    )
    shape["body_bytes"] = len(request.body)
    return {**shape, "server_answered": answered} if answered else shape


def without_directives(body: bytes) -> bytes:
    """A body as it would be if the prompt did not steer the provider; for its shape only."""
    if b"@@gatecert" not in body:
        return body
    return json.dumps(_clean(json.loads(body))).encode()


def _clean(node: Any) -> Any:
    if isinstance(node, str):
        return _DIRECTIVE.sub("", node)
    if isinstance(node, list):
        return [_clean(item) for item in node]
    if isinstance(node, dict):
        return {key: _clean(value) for key, value in node.items()}
    return node
