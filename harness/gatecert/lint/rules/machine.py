"""What concerns files as they lie on a machine: permissions, the library, and who hides whom."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from gatecert.desktop.config.config import Client, in_force, read_config
from gatecert.desktop.config.headers import KEY as HEADERS
from gatecert.desktop.config.headers import named_values
from gatecert.desktop.config.keys import KEYS
from gatecert.desktop.config.placed import NOWHERE
from gatecert.desktop.config.sources import INDEX, MANAGED_LINUX, Index, Source
from gatecert.lint.disk import File
from gatecert.lint.finding import Finding
from gatecert.lint.report import at_place
from gatecert.lint.secrets import carries_credential, is_placeholder

# where the client keeps the files of one user; managed files must be readable by all
_OF_A_USER = (Path(".config/Claude-3p"), Path("Library/Application Support/Claude-3p"))
_WINDOWS = frozenset({"hklm", "hkcu"})
_SYSTEMS = {"hklm": "windows", "hkcu": "windows", "profile": "macos", "plist": "macos"}
_SYSTEMS |= {"managed-json": "linux"}
_HOMES = {
    "/Library/Application Support/": "macos",
    "/.config/": "linux",
    "/AppData/Local/": "windows",
}


def permissions(file: File) -> Iterator[Finding]:
    """Who may read and write a file, where the system knows modes."""
    if os.name != "posix":
        return
    if file.mode & stat.S_IROTH and any(map(_holds_secret, file.sources)):
        detail = f"holds a secret and has mode {file.mode:04o}"
        severity = "" if _is_in_use(file.path) or file.mode & stat.S_IWOTH else "note"
        yield at_place("readable-by-others", str(file.path), "", NOWHERE, detail, severity=severity)
    if file.path.name in MANAGED_LINUX:
        why = _unsafe(file)
        if why:
            yield at_place("unsafe-ownership", str(file.path), "", NOWHERE, why)


def _is_in_use(path: Path) -> bool:
    """Whether it is a file that the client of the user reads who runs this."""
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home, as in some containers
        return False
    return any(path.absolute().is_relative_to(home / folder) for folder in _OF_A_USER)


def _holds_secret(source: Source) -> bool:
    for name, raw in source.raws.items():
        if name in KEYS and KEYS[name].secret and isinstance(raw.value, str):
            if raw.value.strip() and not is_placeholder(raw.value):
                return True
        elif name == HEADERS:
            headers = named_values(raw.value).items()
            if any(carries_credential(header, text) for header, text in headers):
                return True
    return False


def _unsafe(file: File) -> str:
    """Why the client would not read a managed file on Linux, or ``""``.

    Who owns it, and its group, count only where it is in use; elsewhere a package will set them.
    """
    in_use = file.path.parent == Path("/etc/claude-desktop")
    packaged = file.path.parent.name == "claude-desktop"
    if file.is_link:
        return "it is a symbolic link"
    if in_use and file.owner != 0:
        return "root does not own it"
    if file.mode & stat.S_IWOTH:
        return f"everyone may write to it (mode {file.mode:04o})"
    if packaged and file.mode & stat.S_IWGRP:
        return f"its group may write to it (mode {file.mode:04o})"
    return ""


def library(files: Sequence[File]) -> Iterator[Finding]:
    """Whether each local library applies a profile that is there."""
    present = {file.path for file in files}
    for file in files:
        for index in file.read:
            if isinstance(index, Index) and _is_library(file.path):
                yield from _index(file.path, index, present)


def _is_library(index: Path) -> bool:
    """Whether profiles can be expected beside an index; alone elsewhere it is just an example."""
    siblings = [path for path in index.parent.glob("*.json") if path.name != INDEX]
    return index.parent.name == "configLibrary" or bool(siblings)


def _index(path: Path, index: Index, present: set[Path]) -> Iterator[Finding]:
    place = index.places.get("appliedId", NOWHERE)
    profile = path.with_name(f"{Path(index.applied).name}.json")
    detail = ""
    if not index.applied:
        detail = "appliedId is not set"
    elif profile not in present and not _is_file(profile):
        detail = "appliedId names a profile whose file is not in the folder"
    elif index.applied not in index.entries:
        detail = "appliedId names a profile that is not among the entries"
    if detail:
        yield at_place("no-profile-applied", str(path), "appliedId", place, detail)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no disk can hold
        return False


def hidden(sources: Sequence[Source], client: Client) -> Iterator[Finding]:
    """Sources of one machine that have no effect because another wins."""
    for group in _machines(sources):
        winner, losers = in_force(group)
        for loser, _ in losers:
            if winner is not None and _differ(winner, loser, client):
                detail = f"{_named(loser)} is hidden by {_named(winner)}"
                first = next((raw.place for raw in loser.raws.values()), NOWHERE)
                yield at_place("not-in-force", loser.path, "", first, detail)


def _machines(sources: Sequence[Source]) -> Iterator[list[Source]]:
    """Groups of sources that lie on one machine.

    Both hives, in one export or alone in one folder; the two managed files of Linux in one folder;
    and a managed source beside a library as the client keeps it, if there is nothing else.
    """
    by_folder: dict[Path, list[Source]] = {}
    for source in sources:
        by_folder.setdefault(Path(source.path).parent, []).append(source)
    for inside in by_folder.values():
        hives = [s for s in inside if s.form in _WINDOWS]
        if len(hives) == 2 and len(inside) == 2:
            yield hives
        else:
            for path in {s.path for s in hives}:
                yield [s for s in hives if s.path == path]
        yield sorted((s for s in inside if s.form == "managed-json"), key=_newer_name_first)
    yield _with_library([s for s in sources if s.form != "mode-switch"])


def _with_library(sources: Sequence[Source]) -> list[Source]:
    """A managed source and the library that it hides; nothing if they lie on several machines.

    They do where there are files of several systems, folders or libraries: a collection, as in the
    repository of an administrator who ships to all of them.
    """
    local = [s for s in sources if s.form == "library" and _in_library(Path(s.path))]
    managed = [s for s in sources if s.tier == "managed"]
    systems = {_SYSTEMS[s.form] for s in managed}
    systems |= {found for s in local if (found := _system_of(Path(s.path)))}
    libraries, places = ({Path(s.path).parent for s in group} for group in (local, managed))
    alone = len(local) + len(managed) == len(sources)
    if alone and len(systems) == len(libraries) == len(places) == 1:
        return [managed[0], *local]
    return []


def _system_of(library: Path) -> str:
    """The system whose folders a library lies in, or ``""`` if its path does not tell."""
    home = f"/{library.as_posix()}"
    return next((system for folder, system in _HOMES.items() if folder in home), "")


def _newer_name_first(source: Source) -> int:
    name = Path(source.path).name
    return MANAGED_LINUX.index(name) if name in MANAGED_LINUX else len(MANAGED_LINUX)


def _in_library(path: Path) -> bool:
    return path.parent.name == "configLibrary" or path.with_name(INDEX).is_file()


def _differ(one: Source, other: Source, client: Client) -> bool:
    first, second = read_config(one, client).settings, read_config(other, client).settings
    return {k: s.value for k, s in first.items()} != {k: s.value for k, s in second.items()}


def _named(source: Source) -> str:
    words = {"hklm": "HKLM", "hkcu": "HKCU", "profile": "a configuration profile"}
    words |= {"library": "the local library", "plist": "a managed preference file"}
    return words.get(source.form, f"the managed {Path(source.path).name}")
