"""Where the app's settings lie on a user's machine. All reading and writing of settings is here."""

from __future__ import annotations

import json
import os
import stat
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Protocol

from gatecert.desktop.activation import Activation, Snapshot, Unreadable, activated
from gatecert.desktop.config.config import Client
from gatecert.desktop.config.keys import version_of
from gatecert.desktop.config.sources import (
    INDEX,
    MANAGED_LINUX,
    MODE_SWITCH,
    Index,
    Source,
    SourceError,
    read_source,
)
from gatecert.desktop.credentials.keychain import Keychain, MemoryKeychain
from gatecert.desktop.launch_rules import activate
from gatecert.desktop.profiles import bare_model
from gatecert.desktop.settings import GatewaySettings

LIBRARY = "configLibrary"
SERVICE = "Claude-3p"
_PACKAGE = ("Packages", "Claude_pzs8sxrjxfjjc", "LocalCache", "Local")
_MOST_BYTES = 4_000_000


class ManagedError(RuntimeError):
    """The form is read-only because an administrator manages the configuration."""


class Machine(Protocol):
    """A user's machine, as the app sees it."""

    client: Client

    @property
    def managed(self) -> bool:
        """Whether an administrator's configuration makes the app's form read-only."""

    def activation(self) -> Activation:
        """What an app that is launched now starts as."""

    def apply(self, settings: GatewaySettings) -> None:
        """Write settings as the app's form does. Raises ManagedError."""


class GivenSettings:
    """The simplest machine: no files, one set of settings, which is always in force."""

    managed = False

    def __init__(self, settings: GatewaySettings) -> None:
        self.client = Client()
        self._settings = settings

    def activation(self) -> Activation:
        """Third-party mode with the settings."""
        return activated(self._settings)

    def apply(self, settings: GatewaySettings) -> None:
        """Put other settings in place of these."""
        self._settings = settings


@dataclass
class LocalMachine:
    """A machine with files: the app's ``Claude-3p`` folder, and an administrator's files.

    Keys that are typed into the form go to the keychain; those that a tool wrote into the library
    are read too. ``consented`` is the user's answer on a gateway that bootstrap delivered.
    ``root_uid`` is the user who must own a managed file on Linux.
    """

    folder: Path
    managed_files: Sequence[Path] = ()
    client: Client = field(default_factory=Client)
    keychain: Keychain = field(default_factory=MemoryKeychain)
    consented: bool = True
    root_uid: int = 0

    @property
    def managed(self) -> bool:
        """Whether an administrator's configuration makes the app's form read-only."""
        return self.snapshot().managed

    def activation(self) -> Activation:
        """What an app that is launched now starts as; an unreadable file is part of the answer."""
        return activate(self.snapshot(), self.client)

    def snapshot(self) -> Snapshot:
        """What the machine says now."""
        sources: list[Source] = []
        unreadable: list[Unreadable] = []
        try:
            applied = self._index()
        except (OSError, SourceError) as exc:
            applied = ""
            if os.path.lexists(self.folder / LIBRARY / INDEX):
                unreadable.append(Unreadable(INDEX, "local", _reason(exc)))
        paths = [(path, "managed") for path in self.managed_files]
        local = [self._profile(applied)] if applied else []
        paths += [(path, "local") for path in [*local, self.folder / MODE_SWITCH]]
        for path, tier in paths:
            if not os.path.lexists(path):
                continue
            try:
                sources += self._read(path, tier)
            except (OSError, SourceError) as exc:
                unreadable.append(Unreadable(path.name, tier, _reason(exc)))
        stored = self.keychain.get(SERVICE, applied) if applied else None
        return Snapshot(tuple(sources), tuple(unreadable), stored, self.consented)

    def apply(self, settings: GatewaySettings) -> None:
        """Write the library as the form does, and the key to the keychain. Raises ManagedError.

        The mode switch is left alone (reported: applying does not always change the mode).
        """
        if self.managed:
            raise ManagedError("the configuration is managed: its form is read-only")
        applied = self._applied() or str(uuid.uuid4())
        key = settings.key()
        if key is None:
            self.keychain.remove(SERVICE, applied)
        else:
            self.keychain.put(SERVICE, applied, key)
        _write(self._profile(applied), profile(settings))
        if not self._applied():
            index = {"appliedId": applied, "entries": [{"id": applied, "name": "Default"}]}
            _write(self.folder / LIBRARY / INDEX, index)

    def switch_mode(self, mode: str) -> None:
        """Choose normal sign-in (``1p``) or third-party inference (``3p``) for the next launch."""
        _write(self.folder / MODE_SWITCH, {"deploymentMode": mode})

    def _profile(self, applied: str) -> Path:
        return self.folder / LIBRARY / f"{applied}.json"

    def _applied(self) -> str:
        """The applied profile's id, or ``""``."""
        try:
            return self._index()
        except (OSError, SourceError):
            return ""

    def _index(self) -> str:
        """The id in the library's index, or ``""``; one that would leave the folder is none.

        Raises OSError and SourceError.
        """
        path = self.folder / LIBRARY / INDEX
        read = read_source(str(path), _bytes(path))
        ids = [index.applied for index in read if isinstance(index, Index)]
        return ids[0] if ids and ids[0] == Path(ids[0]).name else ""

    def _read(self, path: Path, tier: str) -> list[Source]:
        if tier == "managed" and path.name in MANAGED_LINUX:
            _check_ownership(path, self.root_uid)
        read = read_source(str(path), _bytes(path))
        return [source for source in read if isinstance(source, Source)]


def user_folder(system: str, home: PurePath, *, packaged: bool = False) -> PurePath:
    """The ``Claude-3p`` folder of a user on ``macos``, ``windows`` or ``linux``.

    ``packaged`` is the MSIX build, which reads a copy of its own: what a tool writes to the usual
    place has no effect there (reported).
    """
    if system == "macos":
        return home / "Library" / "Application Support" / SERVICE
    if system == "linux":
        return home / ".config" / SERVICE
    local = home / "AppData" / "Local"
    return (local.joinpath(*_PACKAGE) if packaged else local) / SERVICE


def client_of(version: str, *, after_cut_off: bool = True) -> Client:
    """A client of a release such as ``1.46388.4``. Raises ValueError."""
    return Client(version_of(version), after_cut_off)


def profile(settings: GatewaySettings) -> Mapping[str, Any]:
    """A profile of the library, in the file's own keys; the API key is not part of it."""
    custom = dict(settings.custom_headers)
    return {
        "inferenceProvider": "gateway",
        "inferenceGatewayBaseUrl": settings.base_url,
        "inferenceGatewayAuthScheme": settings.auth_scheme,
        **({"inferenceCustomHeaders": custom} if custom else {}),
        "inferenceModels": [_model(settings.chat_model)],
    }


def _model(name: str) -> str | Mapping[str, Any]:
    bare = bare_model(name)
    return name if bare == name else {"name": bare, "supports1m": True, "prefer1m": True}


def _check_ownership(path: Path, root_uid: int) -> None:
    """The rules for a managed file on Linux. Raises OSError."""
    facts = path.lstat()
    if stat.S_ISLNK(facts.st_mode):
        raise OSError("it is a symbolic link")
    if facts.st_uid != root_uid:
        raise OSError("root does not own it")
    if facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise OSError("group or others may write to it")


def _reason(exc: OSError | SourceError) -> str:
    return exc.reason if isinstance(exc, SourceError) else exc.strerror or str(exc)


def _bytes(path: Path) -> bytes:
    """What a file holds. Raises OSError; a pipe is none, because it would be waited for."""
    if path.exists() and not path.is_file():
        raise OSError("it is no regular file")
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise OSError(f"has more than {_MOST_BYTES} bytes")
    return data


def _write(path: Path, document: Mapping[str, Any]) -> None:
    """Replace a file at once, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
    fresh.replace(path)
