"""Installs real clients from their registries into the cache folder, by exact version."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gatecert.cache import cache_folder
from gatecert.errors import RunError
from gatecert.gateways.managed import npm
from gatecert.gateways.running import Say
from gatecert.realclients.clients import NEWEST, Client

_LIMIT_S = 600
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]*")
_NPM_LOCK = (
    *("install", "--package-lock-only", "--ignore-scripts", "--omit-lockfile-registry-resolved"),
    *("--no-audit", "--no-fund", "--loglevel=error"),
)


@dataclass(frozen=True)
class Installed:
    """A client on disk, and the folder that holds its packages."""

    client: Client
    folder: Path


def install(client: Client, say: Say) -> Installed:
    """Install a client unless the cache has it. Raises RunError."""
    client = resolved(client)
    if not _VERSION.fullmatch(client.version):
        raise RunError(f"{client.version!r} is no version of {client.program.package}")
    try:
        on_npm = client.program.registry == "npm"
        return Installed(client, _from_npm(client, say) if on_npm else _from_pypi(client, say))
    except OSError as exc:
        raise RunError(f"{client.title} cannot be installed: {exc.strerror or exc}") from None


def engine_program(installed: Installed) -> Path:
    """The native program of an installed Claude Code. Raises RunError if there is none."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = f"{installed.client.program.package}-linux-{machine}"
    program = installed.folder / "node_modules" / package / "claude"
    if not program.is_file():
        raise RunError(f"{installed.client.title} has no native program for this machine")
    return program


def resolved(client: Client) -> Client:
    """The client with ``newest`` replaced by the version its registry names. Raises RunError."""
    if client.version != NEWEST:
        return client
    package = client.program.package
    if client.program.registry == "npm":
        answer = _run(["npm", "view", package, "version"], Path.cwd(), client.title)
        return replace(client, version=answer.strip())
    answer = _run([*_pip("index"), "versions", package], Path.cwd(), client.title)
    match = re.search(rf"^{re.escape(package)} \((\S+)\)", answer, re.MULTILINE)
    if match is None:
        raise RunError(f"the registry names no version of {package}")
    return replace(client, version=match.group(1))


def _from_npm(client: Client, say: Say) -> Path:
    """Lock the version once, then install what is locked, as for managed gateways."""
    source = cache_folder() / "client-locks" / _slug(client)
    if not (source / "package-lock.json").is_file():
        if shutil.which("npm") is None:
            raise RunError(f"{client.title} needs npm: {npm.NODE_AND_NPM}")
        with _scratch(source) as scratch:
            wanted = {"dependencies": {client.program.package: client.version}}
            manifest = {"name": _slug(client), "version": "1.0.0", "private": True, **wanted}
            (scratch / "package.json").write_text(json.dumps(manifest), encoding="utf-8")
            _run(["npm", *_NPM_LOCK], scratch, client.title)
    return npm.install(source, client.title, say)


def _from_pypi(client: Client, say: Say) -> Path:
    folder = cache_folder() / "python" / f"{_slug(client)}-{_python()}"
    if not folder.is_dir():
        say(f"installing {client.title} from PyPI into {folder} (once)")
        with _scratch(folder) as scratch:
            wanted = f"{client.program.package}=={client.version}"
            _run([*_pip("install"), "--target", str(scratch), wanted], scratch, client.title)
    return folder


@contextlib.contextmanager
def _scratch(final: Path) -> Iterator[Path]:
    """A folder beside its final place that moves there when all went well."""
    final.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".new-", dir=final.parent))
    try:
        yield folder
        # another run may have been quicker; its folder is as good as ours
        if not final.is_dir():
            folder.rename(final)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _slug(client: Client) -> str:
    return f"{client.program.name}-{client.version}"


def _python() -> str:
    return f"py{sys.version_info[0]}{sys.version_info[1]}"


def _pip(verb: str) -> list[str]:
    quiet = ["-q"] if verb == "install" else []
    return [sys.executable, "-m", "pip", *quiet, "--disable-pip-version-check", verb]


def _run(command: Sequence[str], folder: Path, title: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_LIMIT_S,
            check=False,
            env={**os.environ, "PIP_NO_INPUT": "1"},
        )
    except subprocess.TimeoutExpired:
        raise RunError(f"{title}: not installed after {_LIMIT_S} s") from None
    if done.returncode != 0:
        why = npm.one_line(done.stderr or done.stdout, done.returncode)
        raise RunError(f"{title} cannot be installed: {why}")
    return done.stdout
