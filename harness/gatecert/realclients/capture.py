"""Captures: documents of shapes, as in ``fixtures/captures``. No I/O but for reading and writing.

Nothing a prompt or a tool said gets in: :mod:`gatecert.fidelity.notation` writes each request down.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gatecert.fidelity.notation import request_shape
from gatecert.realclients.recorder import Seen

NOTE = (
    "Recorded on loopback with fake credentials through gatecert's embedded gateway. Strings are "
    "replaced by their length (str(N)); short test literals kept as str=...; tools list names and "
    "key names only. <uuid>, <hex64>, <n>, <token>, <key> are patterns."
)


def flow_shape(
    seen: Sequence[Seen], connections: int, exit_code: int | None, most: int
) -> dict[str, Any]:
    """One flow. ``most`` is how many requests to one path are kept; a note says what was cut."""
    kept = _kept(seen, most)
    shape: dict[str, Any] = {"exit_code": exit_code, "connections": connections}
    if len(kept) < len(seen):
        shape["note"] = f"cut after {len(kept)} of {len(seen)} requests"
    shape["requests"] = [_request(one) for one in kept]
    return shape


def document(client: str, version: str, group: str, flows: Mapping[str, Any]) -> dict[str, Any]:
    """A whole capture; ``group`` is ``flows`` or ``calls``."""
    return {"client": client, "version": version, "note": NOTE, group: dict(flows)}


def write(folder: Path, name: str, capture: Mapping[str, Any]) -> Path:
    """Write a capture and return its place."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / name
    text = json.dumps(capture, indent=1, ensure_ascii=False)
    place.write_text(text + "\n", encoding="utf-8")
    return place


def _kept(seen: Sequence[Seen], most: int) -> list[Seen]:
    kept: list[Seen] = []
    for one in seen:
        same = [k for k in kept if k.request.path == one.request.path]
        if len(same) < most:
            kept.append(one)
    return kept


def _request(one: Seen) -> dict[str, Any]:
    request = one.request
    shape = request_shape(
        request.method, request.target, request.http_version, request.headers, request.body
    )
    return {**shape, "server_answered": str(one.status)}
