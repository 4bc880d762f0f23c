"""Requirements as data: identifier, level, source, and what they need from a target."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import pytest

Level = Literal["MUST", "SHOULD", "MAY"]
MUST: Level = "MUST"
SHOULD: Level = "SHOULD"
MAY: Level = "MAY"

AREAS = (
    "connection",
    "auth",
    "urls",
    "metadata",
    "models",
    "messages",
    "streaming",
    "errors",
    "fallback",
    "overhead",
)
_IDENTIFIER = re.compile(r"[A-Z]{2,8}-\d{2}")
_SOURCE_KINDS = ("official", "guide", "observed", "field", "standard")
_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Source:
    """Where a requirement comes from.

    ``kind`` is ``official`` (the client's documentation), ``guide`` (the gateway vendor's set-up
    guide), ``observed`` (a recording of the real client), ``field`` (a reported breakage) or
    ``standard`` (an RFC or the like). ``reference`` names the place.
    """

    kind: str
    reference: str

    @classmethod
    def parse(cls, text: str) -> Source:
        """Read ``kind: reference``. Raises ValueError for an unknown kind."""
        kind, colon, reference = text.partition(": ")
        if kind not in _SOURCE_KINDS or not colon:
            raise ValueError(f"source {text!r} is not '<{'|'.join(_SOURCE_KINDS)}>: reference'")
        return cls(kind, reference)


@dataclass(frozen=True)
class Requirement:
    """One promise a gateway makes to the client.

    ``needs`` names what a target must promise or describe before the requirement applies; ``why``
    says what breaks for the user of Claude Desktop and ``fix`` what to change in the gateway.
    ``sentence``, ``area`` and ``node`` are filled in from the test function.
    """

    id: str
    level: Level
    source: Source
    why: str
    fix: str
    needs: Sequence[str] = ()
    sentence: str = ""
    area: str = ""
    node: str = ""


def requirement(
    identifier: str,
    level: Level,
    *,
    source: str,
    why: str,
    fix: str,
    needs: Sequence[str] = (),
) -> Callable[[_F], _F]:
    """Make a test function a requirement. Raises ValueError for a malformed statement."""
    if not _IDENTIFIER.fullmatch(identifier):
        raise ValueError(f"identifier {identifier!r} is not of the form AREA-01")
    if level not in (MUST, SHOULD, MAY):
        raise ValueError(f"{identifier}: level {level!r} is none of MUST, SHOULD, MAY")
    stated = Requirement(identifier, level, Source.parse(source), why, fix, tuple(needs))
    mark = pytest.mark.requirement(stated)

    def apply(function: _F) -> _F:
        if not (function.__doc__ or "").strip():
            raise ValueError(f"{identifier}: the test function needs a docstring, its sentence")
        marked: _F = mark(getattr(pytest.mark, level.lower())(function))
        return marked

    return apply
