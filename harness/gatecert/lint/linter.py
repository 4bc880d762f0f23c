"""Judges configurations: one source for itself, and the sources of a machine together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatecert.desktop.config.config import Client, Config, read_config
from gatecert.desktop.config.source import Source, SourceError
from gatecert.lint.disk import File, file_of, read_files
from gatecert.lint.finding import Finding
from gatecert.lint.policy import Policy
from gatecert.lint.rules import credentials, files, headers, machine, metadata, models, urls


@dataclass(frozen=True)
class Linted:
    """How many files were judged, and what was found, in the order of files and places.

    ``unreadable`` are the paths that could not be read at all, each with the reason.
    """

    files: int
    findings: Sequence[Finding]
    unreadable: Sequence[tuple[str, str]] = ()


def lint(paths: Iterable[Path], client: Client, policy: Policy) -> Linted:
    """Judge files, and the configuration files in folders."""
    return _judged(*read_files(paths), client, policy)


def lint_data(path: str, data: bytes, client: Client, policy: Policy) -> Linted:
    """Judge the bytes of one file that need not be on a disk."""
    try:
        file = file_of(Path(path), data)
    except SourceError as exc:
        return Linted(0, [], [(path, exc.reason)])
    return _judged([file] if file else [], [], client, policy)


def _judged(
    read: Sequence[File], unreadable: Sequence[tuple[str, str]], client: Client, policy: Policy
) -> Linted:
    findings = [found for file in read for found in _of_file(file, client, policy)]
    findings += machine.library(read)
    findings += machine.hidden([s for file in read for s in file.sources], client)
    ordered = sorted(set(findings), key=lambda found: found.order)
    return Linted(len(read), ordered, unreadable)


def _of_file(file: File, client: Client, policy: Policy) -> list[Finding]:
    findings = list(file.findings)
    for source in file.sources:
        findings += judge(source, client, policy)
    return [*findings, *machine.permissions(file)]


def judge(source: Source, client: Client, policy: Policy) -> list[Finding]:
    """What is wrong with one source, taken for itself."""
    config = read_config(source, client)
    findings = [
        *files.oddities(source),
        *files.mode_switch(source),
        *files.values(config),
        *files.unknown_keys(config, client),
        *files.activation(config),
        *files.inert(config, client),
        *files.emptiness(config),
        *credentials.misplaced(config),
        *urls.user_info(config, client),
        *urls.bootstrap_url(config),
    ]
    if _is_gateway(config):
        findings += [
            *urls.base_url(config, client),
            *credentials.credentials(config, client),
            *headers.custom_headers(config, client),
            *metadata.metadata(config, policy),
            *models.models(config, policy),
        ]
    return [*findings, *models.surfaces(config)]


def _is_gateway(config: Config) -> bool:
    provider = config.get(files.PROVIDER)
    if provider is not None:
        return provider == "gateway"
    return any(name.startswith("inferenceGateway") for name in config.settings)
