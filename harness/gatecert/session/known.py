"""Known deviations: what a target is recorded to do wrong, each with a reason and a link.

A file of them lets CI stay green without hiding anything: a listed deviation that still shows is
``known``, one that is gone is ``fixed``, everything else fails as ever. An entry may say in
``shows`` what words the deviation is known by; another one of the same requirement then fails.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatecert.errors import UsageError
from gatecert.gateways.tables import near

_NEEDED = ("reason", "link")
_OPTIONAL = ("shows",)


@dataclass(frozen=True)
class KnownDeviations:
    """Reason and link by requirement, and where they were read."""

    path: str = ""
    gateway: str = ""
    version: str = ""
    entries: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def check_gateway(self, name: str) -> None:
        """Raise UsageError if the file is about another gateway than ``name`` (or ``name@1.2``)."""
        if self.gateway and self.gateway != name.partition("@")[0]:
            raise UsageError(
                f"{self.path}: these are known deviations of {self.gateway!r}, "
                f"and the target is {name!r}"
            )

    def to_json(self) -> dict[str, Any] | None:
        """What the record says of the file; None if there is none."""
        if not self.path:
            return None
        return {
            "path": self.path,
            "gateway": self.gateway,
            "version": self.version,
            "entries": len(self.entries),
        }


def read_known(path: Path, identifiers: Iterable[str]) -> KnownDeviations:
    """Read a file of known deviations.

    Raises UsageError for an unreadable file, an identifier that no requirement has, an entry
    without reason or link, or a key that is not known.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise UsageError(f"{path}: cannot be read ({exc.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path}: is not valid TOML: {exc}") from None
    unknown = sorted(set(raw) - {"gateway", "version", "known"})
    if unknown:
        raise UsageError(
            f"{path}: unknown key {unknown[0]!r}{near(unknown[0], ['gateway', 'version', 'known'])}"
        )
    entries = raw.get("known", {})
    if not isinstance(entries, dict):
        raise UsageError(f"{path}: known must be a table: write [known.AUTH-01] and so on")
    for identifier, entry in entries.items():
        _check_entry(path, identifier, entry, list(identifiers))
    return KnownDeviations(
        path.name, str(raw.get("gateway", "")), str(raw.get("version", "")), entries
    )


def _check_entry(path: Path, identifier: str, entry: Any, identifiers: list[str]) -> None:
    if identifier not in identifiers:
        raise UsageError(
            f"{path}: [known.{identifier}] is no requirement{near(identifier, identifiers)}"
        )
    place = f"{path}: [known.{identifier}]"
    if not isinstance(entry, dict) or not set(_NEEDED) <= set(entry):
        raise UsageError(f"{place} needs {' and '.join(_NEEDED)}")
    known = [*_NEEDED, *_OPTIONAL]
    for key, value in entry.items():
        if key not in known:
            raise UsageError(f"{place}: unknown key {key!r}{near(key, known)}")
        if not isinstance(value, str) or not value.strip():
            raise UsageError(f"{place} {key} must be a text, not empty")
