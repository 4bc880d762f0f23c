"""``gatecert lint``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gatecert.desktop.config.config import Client
from gatecert.desktop.config.keys import NEWEST, version_of
from gatecert.errors import EXIT_USAGE, UsageError
from gatecert.lint import FORMATS, PAGES, Policy, at_least, lint, read_policy

EXIT_CLEAN = 0
EXIT_FINDINGS = 1


def lint_files(arguments: argparse.Namespace) -> int:
    """Judge configuration files, or list the codes. Raises UsageError."""
    if arguments.list_codes:
        sys.stdout.write(PAGES[arguments.list_codes]())
        return EXIT_CLEAN
    if "" in arguments.paths:  # a variable of a script that is not set; Path takes it for here
        raise UsageError("lint: a path is empty; name a file or a folder")
    if not arguments.paths:
        raise UsageError("lint: name a file or a folder; see gatecert lint --help")
    paths = [Path(path) for path in arguments.paths]
    for path in paths:
        if not _is_there(path):
            raise UsageError(f"{path}: there is no such file or folder")
    linted = lint(paths, _client(arguments), _policy(arguments.policy))
    sys.stdout.write(FORMATS[arguments.format](linted))
    if linted.unreadable:
        return EXIT_USAGE
    if not linted.files:
        raise UsageError("no configuration of Claude Desktop in " + ", ".join(arguments.paths))
    return EXIT_FINDINGS if at_least(linted.findings, arguments.fail_on) else EXIT_CLEAN


def _is_there(path: Path) -> bool:
    try:
        return path.exists() or path.is_symlink()
    except OSError:  # a name that no disk can hold
        return False


def _client(arguments: argparse.Namespace) -> Client:
    try:
        version = version_of(arguments.client_version) if arguments.client_version else NEWEST
    except ValueError as exc:
        raise UsageError(f"--client-version: {exc}") from None
    return Client(version, after_cut_off=arguments.era == "after")


def _policy(path: str | None) -> Policy:
    return read_policy(Path(path)) if path else Policy()
