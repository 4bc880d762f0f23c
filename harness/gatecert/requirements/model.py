"""Requirements as data: identifier, level, source, and what they need from a target."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import pytest

from gatecert import __version__

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
    "passthrough",
    "fallback",
    "security",
    "overhead",
)
# gateways for which a requirement may have a hint, as their own documentation calls them
GATEWAYS = {
    "apache": "Apache",
    "apisix": "Apache APISIX",
    "azure-apim": "Azure API Management",
    "bifrost": "Bifrost",
    "caddy": "Caddy",
    "claude-code-router": "claude-code-router",
    "cloudflare": "Cloudflare",
    "envoy": "Envoy",
    "haproxy": "HAProxy",
    "kong": "Kong",
    "litellm": "LiteLLM",
    "nginx": "nginx",
    "portkey": "Portkey",
    "traefik": "Traefik",
}
FIRST_VERSION = "0.1"
_IDENTIFIER = re.compile(r"[A-Z]{2,8}-\d{2}")
_VERSION = re.compile(r"\d+\.\d+")
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
    ``hints`` say where a known gateway has the setting, by its key in :data:`GATEWAYS`.
    ``since`` is the version of gatecert that brought it; for that one it is provisional.
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
    since: str = FIRST_VERSION
    hints: Mapping[str, str] = field(default_factory=dict)

    @property
    def provisional(self) -> bool:
        """Whether it is new in this version; then breaking it decides nothing yet."""
        return self.since != FIRST_VERSION and self.since == ".".join(__version__.split(".")[:2])


def requirement(
    identifier: str,
    level: Level,
    *,
    source: str,
    why: str,
    fix: str,
    needs: Sequence[str] = (),
    since: str = FIRST_VERSION,
    hints: Mapping[str, str] | None = None,
) -> Callable[[_F], _F]:
    """Make a test function a requirement. Raises ValueError for a malformed statement."""
    if not _IDENTIFIER.fullmatch(identifier):
        raise ValueError(f"identifier {identifier!r} is not of the form AREA-01")
    if level not in (MUST, SHOULD, MAY):
        raise ValueError(f"{identifier}: level {level!r} is none of MUST, SHOULD, MAY")
    if not _VERSION.fullmatch(since):
        raise ValueError(f"{identifier}: since {since!r} is not of the form 0.2")
    for gateway in hints or {}:
        if gateway not in GATEWAYS:
            raise ValueError(f"{identifier}: no gateway of GATEWAYS is called {gateway!r}")
    stated = Requirement(
        *(identifier, level, Source.parse(source), why, fix, tuple(needs)),
        since=since,
        hints=dict(hints or {}),
    )
    mark = pytest.mark.requirement(stated)

    def apply(function: _F) -> _F:
        if not (function.__doc__ or "").strip():
            raise ValueError(f"{identifier}: the test function needs a docstring, its sentence")
        marked: _F = mark(getattr(pytest.mark, level.lower())(function))
        return marked

    return apply
