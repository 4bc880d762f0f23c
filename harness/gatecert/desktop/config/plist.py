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

from gatecert.desktop.config.placed import Place

DOMAIN = "com.anthropic.claudefordesktop"
_MANAGED_CLIENT = "com.apple.ManagedClient.preferences"
_PAYLOAD_KEYS = re.compile(r"Payload[A-Z]\w*")
_SIGNED = b"\x30\x82"  # the DER of a CMS message
_MOST_LEVELS = 50


class PlistError(ValueError):
    """The bytes are no property list that can be read here; the message says why."""


@dataclass(frozen=True)
class PlistValue:
    """One key of the client's domain: the value in its own type, and where its key stands."""

    name: str
    value: Any
    place: Place


@dataclass(frozen=True)
class PlistFile:
    """The client's keys, and whether the file is a configuration profile.

    ``domains`` are the other payload types or domains in a profile.
    """

    values: tuple[PlistValue, ...]
    profile: bool
    domains: tuple[str, ...]


def parse_plist(data: bytes) -> PlistFile:
    """A property list, XML or binary. Raises PlistError."""
    if data.startswith(_SIGNED):
        raise PlistError("the profile is signed; lint it before it is signed, or extract it")
    try:
        document = plistlib.loads(data)
    except ExpatError as exc:
        raise PlistError(f"not well-formed XML: {exc}") from None
    except Exception as exc:  # noqa: BLE001 - plistlib lets through whatever a broken file causes
        raise PlistError(f"not a property list ({type(exc).__name__})") from None
    if not isinstance(document, dict):
        raise PlistError("the property list is not a dictionary")
    places = _Places(data)
    payloads = document.get("PayloadContent")
    if not isinstance(payloads, list):
        return PlistFile(tuple(_values(document, places)), False, ())
    values: list[PlistValue] = []
    domains: list[str] = []
    for payload in payloads:
        if isinstance(payload, dict):
            for domain, settings in _settings(payload):
                if domain == DOMAIN:
                    values += _values(settings, places)
                else:
                    domains.append(domain)
    return PlistFile(tuple(values), True, tuple(domains))


def _settings(payload: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The domains that a payload sets, and what it sets there."""
    kind = payload.get("PayloadType")
    if kind != _MANAGED_CLIENT:
        own = {k: v for k, v in payload.items() if not _PAYLOAD_KEYS.fullmatch(str(k))}
        yield str(kind), own
        return
    content = payload.get("PayloadContent")
    for domain, ways in content.items() if isinstance(content, dict) else ():
        forced = ways.get("Forced") if isinstance(ways, dict) else None
        for each in forced if isinstance(forced, list) else ():
            settings = each.get("mcx_preference_settings") if isinstance(each, dict) else None
            if isinstance(settings, dict):
                yield str(domain), settings


def _values(settings: Mapping[str, Any], places: _Places) -> Iterator[PlistValue]:
    for name, value in settings.items():
        yield PlistValue(str(name), _plain(value), places.of(str(name)))


def _plain(value: Any, level: int = 0) -> Any:
    """The value as JSON has it; dates and data, which no key takes, become None."""
    if level > _MOST_LEVELS:
        return None
    if isinstance(value, dict):
        return {str(key): _plain(inner, level + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, level + 1) for inner in value]
    return value if isinstance(value, str | bool | int | float) else None


class _Places:
    """Where keys stand in XML; a binary list has no lines."""

    def __init__(self, data: bytes) -> None:
        self._text = "" if data.startswith(b"bplist") else data.decode("utf-8", "replace")

    def of(self, name: str) -> Place:
        found = re.search(rf"<key>\s*{re.escape(_xml(name))}\s*</key>", self._text)
        if found is None:
            return Place()
        before = self._text[: found.start()]
        return Place(before.count("\n") + 1, found.start() - before.rfind("\n"))


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
