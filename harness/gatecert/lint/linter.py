"""Reads files and folders and finds what is wrong with them. All reading of the disk is here."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatecert.desktop.config.config import Client, Config, in_force, read_config
from gatecert.desktop.config.keys import KEYS
from gatecert.desktop.config.placed import Place
from gatecert.desktop.config.sources import (
    INDEX,
    MANAGED_LINUX,
    Index,
    Source,
    SourceError,
    read_source,
)
from gatecert.lint.finding import Finding
from gatecert.lint.policy import Policy
from gatecert.lint.report import at_place
from gatecert.lint.rules import credentials, files, headers, models, urls


SUFFIXES = (".json", ".plist", ".mobileconfig", ".reg")
_MOST_BYTES = 4_000_000
_MOST_FILES = 10_000


@dataclass(frozen=True)
class Linted:
    """What was read, and what was found, in the order of files and places.

    ``unreadable`` are the paths that could not be read at all, each with the reason.
    """

    files: int
    findings: Sequence[Finding]
    unreadable: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class _File:
    path: Path
    read: Sequence[Source | Index]
    findings: Sequence[Finding] = ()


def lint(paths: Iterable[Path], client: Client, policy: Policy) -> Linted:
    """Judge files, and the configuration files in folders."""
    read: list[_File] = []
    unreadable: list[tuple[str, str]] = []
    for path, named in _files(paths):
        try:
            read.append(_read(path, named))
        except OSError as exc:
            unreadable.append((str(path), exc.strerror or str(exc)))
    findings = [f for file in read for f in file.findings]
    sources = [s for file in read for s in file.read if isinstance(s, Source)]
    for source in sources:
        findings += judge(source, client, policy)
    for file in read:
        findings += _permissions(file)
    findings += _library(read)
    findings += _hidden(sources, client)
    return Linted(len(read), sorted(set(findings), key=lambda f: f.order), unreadable)


def judge(source: Source, client: Client, policy: Policy) -> list[Finding]:
    """What is wrong with one source, taken for itself."""
    config = read_config(source, client)
    findings = [
        *files.oddities(source),
        *files.mode_switch(source),
        *files.values(config, client),
        *files.unknown_keys(config, client),
        *files.activation(config),
        *credentials.misplaced(config),
    ]
    if _is_gateway(config):
        findings += [
            *urls.base_url(config, client),
            *credentials.credentials(config, client),
            *headers.custom_headers(config, client, policy),
            *models.models(config, client, policy),
        ]
    return [*findings, *models.surfaces(config, client, policy)]


def _is_gateway(config: Config) -> bool:
    provider = config.get("inferenceProvider")
    if provider is not None:
        return provider == "gateway"
    return any(name.startswith("inferenceGateway") for name in config.source.raws)


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    """The files to read, and whether each was named by itself."""
    for path in paths:
        if path.is_dir():
            yield from ((found, False) for found in _walked(path))
        else:
            yield path, True


def _walked(folder: Path) -> Iterator[Path]:
    count = 0
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES):
                count += 1
                if count > _MOST_FILES:
                    return
                yield Path(where, name)


def _read(path: Path, named: bool) -> _File:
    """A file; one that was found in a folder and is about something else is passed over.

    Raises OSError.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("is no file")
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise OSError(f"has more than {_MOST_BYTES} bytes, which no configuration has")
    try:
        read = read_source(str(path), data)
    except SourceError as exc:
        return _File(path, [], [_unreadable(path, exc)])
    if not named and not any(_is_ours(source) for source in read):
        return _File(path, [])
    return _File(path, read)


def _unreadable(path: Path, exc: SourceError) -> Finding:
    return at_place(
        "unreadable",
        str(path),
        "",
        exc.place,
        f"{exc.reason}; the client reads nothing of the file",
        "mend the file",
    )


def _is_ours(source: Source | Index) -> bool:
    if isinstance(source, Index) or source.form not in ("library", "mode-switch"):
        return True
    return bool(source.mode) or any(name in KEYS for name in source.raws)


def _permissions(file: _File) -> Iterator[Finding]:
    if os.name != "posix":
        return
    sources = [s for s in file.read if isinstance(s, Source)]
    facts = file.path.lstat()
    mode = stat.S_IMODE(facts.st_mode)
    if any(_holds_secret(source) for source in sources) and mode & (stat.S_IRGRP | stat.S_IROTH):
        yield at_place(
            "readable-by-others",
            str(file.path),
            "",
            Place(),
            f"holds a key and has mode {mode:04o}: others on the machine can read it",
            "chmod 600, or let a credential helper or sign-in give the key",
        )
    if file.path.name in MANAGED_LINUX and file.path.parent == Path("/etc/claude-desktop"):
        yield from _ownership(file.path, facts)


def _holds_secret(source: Source) -> bool:
    return any(KEYS[name].secret and raw.value for name, raw in source.raws.items() if name in KEYS)


def _ownership(path: Path, facts: os.stat_result) -> Iterator[Finding]:
    """The rules for a managed file on Linux: owned by root, not writable by others, no link."""
    why = ""
    if stat.S_ISLNK(facts.st_mode):
        why = "it is a symbolic link"
    elif facts.st_uid != 0:
        why = "root does not own it"
    elif facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        why = "group or others may write to it"
    if why:
        yield at_place(
            "unsafe-ownership",
            str(path),
            "",
            Place(),
            f"the client finds itself managed by a file that it will not read, because {why}; "
            "local settings are switched off too",
            "chown root:root, chmod 644, and no link",
        )


def _library(read: Sequence[_File]) -> Iterator[Finding]:
    """Whether each local library applies a profile that is there."""
    present = {file.path for file in read}
    for file in read:
        for index in file.read:
            if not isinstance(index, Index):
                continue
            profile = file.path.with_name(f"{index.applied}.json")
            if index.applied and (profile in present or profile.is_file()):
                continue
            what = "applies no profile" if not index.applied else "applies one that is not there"
            yield at_place(
                "no-profile-applied",
                str(file.path),
                "appliedId",
                index.places.get("appliedId", Place()),
                f"the library {what}: the app starts without settings",
                "apply a profile in the app, or name one that is in the folder",
            )


def _hidden(sources: Sequence[Source], client: Client) -> Iterator[Finding]:
    """Sources of one machine that have no effect because another wins."""
    for group in _machines(sources):
        winner, losers = in_force(group)
        for loser, _ in losers:
            if winner is None or not _differ(winner, loser, client):
                continue
            yield at_place(
                "not-in-force",
                loser.path,
                "",
                Place(),
                f"has no effect: {_named(winner)} wins outright, and nothing is merged",
                "set everything in one source, and remove the other",
            )


def _machines(sources: Sequence[Source]) -> Iterator[list[Source]]:
    """Groups of sources that lie on one machine: the hives of one export, and a managed source
    beside a local library."""
    by_path: dict[str, list[Source]] = {}
    for source in sources:
        by_path.setdefault(source.path, []).append(source)
    yield from (group for group in by_path.values() if len(group) > 1)
    local = [s for s in sources if s.form == "library" and _in_library(Path(s.path))]
    managed = [s for s in sources if s.tier == "managed"]
    if local and managed:
        yield [managed[0], *local]


def _in_library(path: Path) -> bool:
    return path.parent.name == "configLibrary" or path.with_name(INDEX).is_file()


def _differ(one: Source, other: Source, client: Client) -> bool:
    first, second = read_config(one, client).settings, read_config(other, client).settings
    shared = {name: setting.value for name, setting in second.items()}
    return shared != {name: setting.value for name, setting in first.items()}


def _named(source: Source) -> str:
    words = {"hklm": "HKLM", "hkcu": "HKCU", "profile": "a configuration profile"}
    return words.get(source.form, f"the managed {Path(source.path).name}")
