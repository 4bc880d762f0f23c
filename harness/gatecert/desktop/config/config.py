"""From sources to what is in force: which source wins, and what each value comes to. No I/O.

Source: the client's configuration reference. A managed source wins outright, unless it carries
nothing but update keys; HKLM hides HKCU; nothing is merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gatecert.desktop.config.headers import KEY, OLD_KEY, named_values
from gatecert.desktop.config.keys import KEYS, NEWEST, Key, Version, is_open
from gatecert.desktop.config.placed import Place
from gatecert.desktop.config.sources import Source
from gatecert.desktop.config.values import UNSET, Misread, Raw, Read, read_value

_ORDER = ("hklm", "hkcu", "profile", "plist", "managed-json", "nested", "library", "mode-switch")


@dataclass(frozen=True)
class Client:
    """The client that reads: its version, and whether it runs after the cut-off of 7 Oct 2026."""

    version: Version = NEWEST
    after_cut_off: bool = True


@dataclass(frozen=True)
class Setting:
    """A value in force, and where it comes from."""

    key: str
    value: object = field(repr=False)
    raw: Raw
    path: str

    @property
    def place(self) -> Place:
        """Where its key stands."""
        return self.raw.place


@dataclass(frozen=True)
class Misreading:
    """A value that the client takes as unset, and why."""

    key: str
    raw: Raw
    path: str
    misread: Misread


@dataclass(frozen=True)
class Config:
    """What one source comes to for a client: settings, misreadings, and keys it does not know.

    ``too_new`` are keys that came with a later release than the client's.
    """

    source: Source
    settings: Mapping[str, Setting]
    misreadings: Sequence[Misreading] = ()
    unknown: Mapping[str, Raw] = field(default_factory=dict)
    too_new: Mapping[str, Raw] = field(default_factory=dict)

    def get(self, key: str) -> object:
        """The value of a key, or None if it is unset."""
        setting = self.settings.get(key)
        return None if setting is None else setting.value

    def text(self, key: str) -> str:
        """The value of a string key, or ``""``."""
        value = self.get(key)
        return value if isinstance(value, str) else ""

    def flag(self, key: str, default: bool) -> bool:
        """The value of a boolean key."""
        value = self.get(key)
        return value if isinstance(value, bool) else default


def read_config(source: Source, client: Client) -> Config:
    """Each value of a source as the client reads it."""
    settings: dict[str, Setting] = {}
    misreadings: list[Misreading] = []
    unknown: dict[str, Raw] = {}
    too_new: dict[str, Raw] = {}
    for name, raw in source.raws.items():
        key = KEYS.get(name)
        if key is None:
            if not is_open(name):
                unknown[name] = raw
        elif key.since > client.version:
            too_new[name] = raw
        else:
            value = _read(key, raw, client)
            if isinstance(value, Misread):
                misreadings.append(Misreading(name, raw, source.path, value))
            elif value is not UNSET:
                settings[name] = Setting(name, value, raw, source.path)
    old = settings.get(OLD_KEY)
    if old is not None and KEY not in settings and not client.after_cut_off:
        settings[KEY] = Setting(KEY, named_values(old.value), old.raw, source.path)
    return Config(source, settings, misreadings, unknown, too_new)


def _read(key: Key, raw: Raw, client: Client) -> Read:
    """The value; before the cut-off, the older forms of headers count as well."""
    value = read_value(key, raw)
    older = isinstance(value, Misread) and key.name == KEY and not client.after_cut_off
    return named_values(raw.value) or value if older else value


def in_force(sources: Iterable[Source]) -> tuple[Source | None, list[tuple[Source, Source]]]:
    """The source that counts, and those that lose, each with the one that hides it.

    Sources are taken to lie on one machine. A mode switch takes no part.
    """
    candidates = [s for s in sources if (s.raws or s.unread) and s.form != "mode-switch"]
    ranked = sorted(candidates, key=lambda source: _ORDER.index(source.form))
    locking = [source for source in ranked if not _updates_only(source)]
    if not locking:
        return (ranked[0] if ranked else None), []
    winner = locking[0]
    return winner, [(source, winner) for source in locking[1:]]


def _updates_only(source: Source) -> bool:
    named = source.tier == "managed" and not source.unread
    return named and all(name in KEYS and KEYS[name].update_only for name in source.raws)
