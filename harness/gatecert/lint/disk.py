"""All reading of the disk: files that are named, and configuration files in folders."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gatecert.desktop.config.keys import KEYS
from gatecert.desktop.config.registry import HEADER
from gatecert.desktop.config.sources import (
    INDEX,
    MANAGED_LINUX,
    MODE_SWITCH,
    Index,
    Source,
    SourceError,
    read_source,
)
from gatecert.lint.finding import Finding
from gatecert.lint.near import all_meant
from gatecert.lint.report import at_place

SUFFIXES = (".json", ".plist", ".mobileconfig", ".reg")
_LIBRARY = "configLibrary"
_NEVER_OURS = {".git", "node_modules"}
# what a search of a folder comes by and skips: links to nothing, and links in a circle
_LEADS_NOWHERE = (errno.ENOENT, errno.ELOOP)
_OURS_BY_NAME = (INDEX, *MANAGED_LINUX, MODE_SWITCH)
_MOST_BYTES = 1_000_000
_MOST_FILES = 10_000
# a key of the client in bytes that could not be read, in ASCII or UTF-16
_SPEAKS_OF_US = re.compile(rb"inference[A-Z]\w|claudefordesktop|Policies\\Claude", re.IGNORECASE)
_FIXES = {
    "trailing-comma": "remove the comma",
    "single-quote": "write double quotes",
    "smart-quote": 'write straight double quotes ("), in a plain text editor',
    "comment": "remove the comment",
    "word": "write true, false or null",
    "escaped": "remove the backslash",
    "escape": "write each backslash twice",
    "end": "add what is missing at the end; was the file copied whole?",
    "header": f"write '{HEADER}' as the first line, or export the key anew",
}
Unreadable = list[tuple[str, str]]


@dataclass(frozen=True)
class File:
    """A configuration file: what it sets, its mode and owner, and whether it is a link."""

    path: Path
    read: Sequence[Source | Index] = ()
    findings: Sequence[Finding] = ()
    mode: int = 0o600
    owner: int = 0
    is_link: bool = False

    @property
    def sources(self) -> list[Source]:
        """The sources in the file; an index is none."""
        return [source for source in self.read if isinstance(source, Source)]


def read_files(paths: Iterable[Path]) -> tuple[list[File], Unreadable]:
    """The files, and those that could not be read, with the reason."""
    files: list[File] = []
    unreadable: Unreadable = []
    for path, named in _files(paths, unreadable):
        try:
            file = _read(path, named)
        except OSError as exc:
            if named or _ours_by_name(path) or exc.errno not in _LEADS_NOWHERE:
                unreadable.append((str(path), exc.strerror or str(exc)))
        except SourceError as exc:
            unreadable.append((str(path), exc.reason))
        else:
            files += [file] if file is not None else []
    return files, unreadable


def _files(paths: Iterable[Path], unreadable: Unreadable) -> Iterator[tuple[Path, bool]]:
    """The files to read, each once, and whether it was named by itself."""

    seen: set[Path] = set()
    for path in paths:
        named = not path.is_dir()
        for found in [path] if named else _walked(path, unreadable):
            if found not in seen:
                seen.add(found)
                yield found, named


def _walked(folder: Path, unreadable: Unreadable) -> Iterator[Path]:
    def failed(exc: OSError) -> None:
        unreadable.append((str(exc.filename), exc.strerror or str(exc)))

    count = 0
    for where, folders, names in os.walk(folder, onerror=failed):
        folders[:] = sorted(set(folders) - _NEVER_OURS)
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES):
                count += 1
                if count > _MOST_FILES:
                    reason = f"holds more than {_MOST_FILES} such files; name a folder inside it"
                    unreadable.append((str(folder), reason))
                    return
                yield Path(where, name)


def _read(path: Path, named: bool) -> File | None:
    """A file, or None for one in a folder that is about something else.

    Raises OSError, and SourceError for a file that is no configuration at all.
    """
    facts = path.stat()
    if not stat.S_ISREG(facts.st_mode):
        raise OSError("is not a file")
    with path.open("rb") as stream:
        data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        if not named and not _speaks_of_us(path, data):
            return None
        raise OSError(f"has more than {_MOST_BYTES} bytes, which no configuration has")
    file = file_of(path, data, named)
    if file is None:
        return None
    mode, link = stat.S_IMODE(facts.st_mode), path.is_symlink()
    return replace(file, mode=mode, owner=facts.st_uid, is_link=link)


def file_of(path: Path, data: bytes, named: bool = True) -> File | None:
    """What a file's bytes hold; None for one that was not named and is about something else.

    Raises SourceError for a file that is no configuration at all.
    """
    try:
        read = read_source(str(path), data)
    except SourceError as exc:
        if not named and not _speaks_of_us(path, data):
            return None
        if exc.kind == "foreign":
            raise
        return File(path, findings=[_not_read(path, exc)])
    if not named and read and not any(map(_is_ours, read)):
        return None
    return File(path, read)


def _not_read(path: Path, exc: SourceError) -> Finding:
    if exc.cause == "no-settings":
        return at_place("sets-nothing", str(path), "", exc.place, exc.reason)
    if exc.cause == "unescaped":
        does = "the client reads nothing of the file"
        return at_place("escaping-lost", str(path), "", exc.place, exc.reason, does=does)
    return at_place(
        "malformed-file", str(path), "", exc.place, exc.reason, fix=_FIXES.get(exc.cause, "")
    )


def _speaks_of_us(path: Path, data: bytes) -> bool:
    return _ours_by_name(path) or bool(_SPEAKS_OF_US.search(data.replace(b"\0", b"")))


def _ours_by_name(path: Path) -> bool:
    return path.name in _OURS_BY_NAME or path.parent.name == _LIBRARY


def _is_ours(source: Source | Index) -> bool:
    if isinstance(source, Index):
        return bool(source.applied or source.entries)
    path = Path(source.path)
    named_so = path.name == MODE_SWITCH or path.parent.name == "claude-desktop"
    by_form = named_so or source.form in ("profile", "hklm", "hkcu")
    known = path.parent.name == _LIBRARY or any(name in KEYS for name in source.raws)
    return known or by_form or bool(source.mode) or bool(all_meant(source.raws))
