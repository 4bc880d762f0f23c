"""What a source of settings is: one file's values by their flat key, and where it ranks. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gatecert.desktop.config.placed import NOWHERE, Place
from gatecert.desktop.config.values import Raw

INDEX = "_meta.json"
MODE_SWITCH = "claude_desktop_config.json"
MANAGED_LINUX = ("managed-settings.json", "enterprise.json")


class SourceError(ValueError):
    """A file that cannot be read as a configuration; ``place`` says where, if it can.

    ``kind`` is ``syntax`` for a mistake in a file whose form is clear, ``foreign`` for anything
    else; ``cause`` is a kind of :class:`JsonError`, ``unescaped``, ``header``,
    ``no-settings`` or ``""``. No message quotes the file.
    """

    def __init__(
        self, reason: str, place: Place = NOWHERE, kind: str = "syntax", cause: str = ""
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place
        self.kind = kind
        self.cause = cause


@dataclass(frozen=True)
class Oddity:
    """Something about a source that no single value explains. ``kind`` is one of a few words."""

    kind: str
    key: str
    detail: str
    place: Place = NOWHERE


@dataclass(frozen=True)
class Source:
    """What one file sets. ``form`` is ``library``, ``mode-switch``, ``managed-json``, ``nested``,
    ``profile``, ``plist``, ``hklm`` or ``hkcu``; ``raws`` are the values by their flat key.

    ``tier`` is ``managed``, ``bootstrap`` or ``local``; a mode switch has ``mode``. ``unread``
    counts values that the client sees and cannot read: they still make the source a managed one.
    """

    path: str
    form: str
    raws: Mapping[str, Raw]
    oddities: tuple[Oddity, ...] = ()
    mode: str = ""
    mode_place: Place = NOWHERE
    unread: int = 0

    @property
    def tier(self) -> str:
        """Who wins: managed over bootstrap over local."""
        if self.form == "nested":
            return "bootstrap"
        return "local" if self.form in ("library", "mode-switch") else "managed"


@dataclass(frozen=True)
class Index:
    """The local library's index: the profile that is applied, and those that there are."""

    path: str
    applied: str
    entries: Mapping[str, str]
    places: Mapping[str, Place] = field(default_factory=dict)
