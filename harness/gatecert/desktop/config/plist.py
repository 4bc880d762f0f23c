"""macOS property lists: configuration profiles (``.mobileconfig``) and preference files.

Source: Apple's description of configuration profiles (a payload whose ``PayloadType`` is the
preference domain, or the older ``com.apple.ManagedClient.preferences`` with ``Forced`` settings).
No I/O.
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

from gatecert.desktop.config.keys import KEYS
from gatecert.desktop.config.placed import NOWHERE, Node, Place
from gatecert.desktop.config.plistplaces import Path, Places, places_of
from gatecert.desktop.config.signed import content_of

DOMAIN = "com.anthropic.claudefordesktop"
_MANAGED_CLIENT = "com.apple.ManagedClient.preferences"
_PAYLOAD_KEYS = re.compile(r"Payload[A-Z]\w*")
_MOST_LEVELS = 50
_MOST_VALUES = 100_000


class PlistError(ValueError):
    """The bytes are no property list that can be read here; the message says why."""

    def __init__(self, reason: str, place: Place = NOWHERE) -> None:
        super().__init__(reason)
        self.place = place


@dataclass(frozen=True)
class PlistValue:
    """One key of the client's domain: its value, where it stands, and its members' places.

    ``depth`` is ``wrapped`` for a key that stands in a dictionary of its own inside the payload,
    where the client does not look; else ``""``.
    """

    name: str
    node: Node
    place: Place
    twice: bool = False
    depth: str = ""


@dataclass(frozen=True)
class PlistFile:
    """The client's keys, and whether the file is a configuration profile.

    ``domains`` are the other payload types and domains in a profile; ``foreign`` is the one whose
    payload holds keys of the client although it is not the client's, with its place.
    """

    values: tuple[PlistValue, ...]
    profile: bool
    domains: tuple[str, ...] = ()
    foreign: str = ""
    foreign_place: Place = NOWHERE


def parse_plist(data: bytes) -> PlistFile:
    """A property list, XML or binary, or a signed profile. Raises PlistError."""
    signed = content_of(data)
    if signed == b"":
        raise PlistError("the file is signed (CMS) and holds no property list")
    document = _loaded(signed or data)
    places = places_of(b"" if signed else data)
    payloads = document.get("PayloadContent")
    if not isinstance(payloads, list):
        return PlistFile(tuple(_values(document, (), places)), False)
    found = list(_payloads(payloads))
    ours = [one for one in found if one[0] == DOMAIN]
    others = tuple(dict.fromkeys(domain for domain, _, _ in found if domain != DOMAIN))
    if ours:
        values = [v for _, settings, path in ours for v in _values(settings, path, places)]
        return PlistFile(tuple(values), True, others)
    for domain, settings, path in found:
        if any(name in KEYS for name in settings):
            values = list(_values(settings, path, places))
            where = places.keys.get((*path, "PayloadType"), NOWHERE)
            return PlistFile(tuple(values), True, others, domain, where)
    return PlistFile((), True, others)


def _loaded(data: bytes) -> dict[str, Any]:
    try:
        document = plistlib.loads(data)
    except ExpatError as exc:
        place = Place(exc.lineno, exc.offset + 1)
        raise PlistError(
            "not well-formed XML (an & is written &amp;, a < is &lt;)", place
        ) from None
    except Exception:
        raise PlistError("not a property list") from None
    if not isinstance(document, dict):
        raise PlistError("the property list is not a dictionary")
    return document


Payload = tuple[str, Mapping[str, Any], Path]


def _payloads(payloads: list[Any]) -> Iterator[Payload]:
    """The domains that a profile sets, what it sets there, and where that stands."""
    for number, payload in enumerate(payloads):
        if isinstance(payload, dict):
            path: Path = ("PayloadContent", number)
            if payload.get("PayloadType") == _MANAGED_CLIENT:
                yield from _forced(payload.get("PayloadContent"), (*path, "PayloadContent"))
            else:
                own = {k: v for k, v in payload.items() if not _PAYLOAD_KEYS.fullmatch(str(k))}
                own |= _wrapped(payload)
                yield str(payload.get("PayloadType")), own, path


def _wrapped(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A dictionary of settings inside a payload, under the name that it has there."""
    inner = payload.get("PayloadContent")
    return {"PayloadContent": inner} if isinstance(inner, dict) else {}


def _forced(content: Any, path: Path) -> Iterator[Payload]:
    for domain, ways in content.items() if isinstance(content, dict) else ():
        forced = ways.get("Forced") if isinstance(ways, dict) else None
        for number, each in enumerate(forced if isinstance(forced, list) else ()):
            settings = each.get("mcx_preference_settings") if isinstance(each, dict) else None
            if isinstance(settings, dict):
                place = (*path, domain, "Forced", number, "mcx_preference_settings")
                yield str(domain), settings, place


def _values(settings: Mapping[str, Any], path: Path, places: Places) -> Iterator[PlistValue]:
    budget = _Budget()
    for name, value in settings.items():
        here = (*path, name)
        if name == "PayloadContent" and isinstance(value, dict):
            yield from _inside(value, here, places, budget)
            continue
        node = _node(value, here, places, budget)
        yield PlistValue(
            str(name), node, places.keys.get(here, NOWHERE), twice=here in places.twice
        )


def _inside(
    settings: Mapping[str, Any], path: Path, places: Places, budget: _Budget
) -> Iterator[PlistValue]:
    for name, value in settings.items():
        here = (*path, name)
        node = _node(value, here, places, budget)
        yield PlistValue(str(name), node, places.keys.get(here, NOWHERE), depth="wrapped")


class _Budget:
    """Counts values: a small binary list can stand for a huge one."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise PlistError(f"more than {_MOST_VALUES} values, which no configuration has")


def _node(value: Any, path: Path, places: Places, budget: _Budget) -> Node:
    budget.spend()
    if len(path) > _MOST_LEVELS:
        raise PlistError(f"nested deeper than {_MOST_LEVELS} levels")
    place = places.keys.get(path, NOWHERE)
    if isinstance(value, dict):
        members = {str(k): _node(v, (*path, k), places, budget) for k, v in value.items()}
        names = {str(k): places.keys.get((*path, k), NOWHERE) for k in value}
        plain = {name: node.value for name, node in members.items()}
        twice = tuple(str(k) for k in value if (*path, k) in places.twice)
        return Node(plain, place, members, names, (), twice)
    if isinstance(value, list):
        items = tuple(_node(v, (*path, i), places, budget) for i, v in enumerate(value))
        return Node([item.value for item in items], place, items=items)
    return Node(value, place)
