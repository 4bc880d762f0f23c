"""Reads the captures of real clients: flows of requests, and single calls of SDKs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatecert.errors import UsageError

Json = Any

_CUT = re.compile(r"cut after (\d+) of (\d+) requests")


@dataclass(frozen=True)
class CapturedFlow:
    """The requests of one flow in the order in which they arrived.

    ``total`` is how many there were, of which only the first may have been kept. ``connections`` is
    None where they were not counted. ``later`` are requests that came somewhere after those kept.
    ``call`` is the SDK's method, ``""`` for a flow of an engine.
    """

    capture: str
    name: str
    requests: Sequence[Mapping[str, Json]]
    total: int
    connections: int | None = None
    later: Sequence[Mapping[str, Json]] = ()
    call: str = ""

    @property
    def answers(self) -> list[str]:
        """What the recording server answered to each message, by its names for answers."""
        named = [request.get("server_answered") for request in self.requests]
        return [str(name) for name in named if name]


def read_captures(folder: Path) -> list[CapturedFlow]:
    """Every flow of every capture in a folder. Raises UsageError."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder of captures")
    flows = []
    for file in sorted(folder.glob("*.json")):
        document = read_json(file)
        if not isinstance(document, dict):
            continue
        for kind in ("flows", "calls"):
            flows += [_flow(file, name, raw) for name, raw in document.get(kind, {}).items()]
    if not flows:
        raise UsageError(f"{folder} holds no capture with flows or calls")
    return flows


def read_json(file: Path) -> Json:
    """A JSON file. Raises UsageError."""
    try:
        return json.loads(file.read_text("utf-8"))
    except OSError as exc:
        raise UsageError(f"{file} cannot be read: {exc.strerror}") from None
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"{file} is not JSON: {exc}") from None


def _flow(file: Path, name: str, raw: Json) -> CapturedFlow:
    try:
        requests = list(raw.get("requests", []))
        cut = _CUT.search(raw.get("note", ""))
        later = [raw["fallback_request"]] if "fallback_request" in raw else []
        for request in (*requests, *later):
            _check(request)
        return CapturedFlow(
            file.stem,
            name,
            requests,
            total=int(cut.group(2)) if cut else len(requests),
            connections=raw.get("connections"),
            later=later,
            call=str(raw.get("call", "")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise UsageError(f"{file}: flow {name} is no flow of requests ({exc!r})") from None


def _check(request: Mapping[str, Json]) -> None:
    for name, value in request["headers_in_order"]:
        if not (isinstance(name, str) and isinstance(value, str)):
            raise TypeError("a header is not a pair of texts")
    for key in ("method", "path", "http"):
        if not isinstance(request[key], str):
            raise TypeError(f"{key} is no text")
