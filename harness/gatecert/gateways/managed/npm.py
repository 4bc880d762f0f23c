"""Installs npm packages, pinned by a committed lock file, into a cache folder."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gatecert.cache import cache_folder
from gatecert.errors import RunError

if TYPE_CHECKING:
    from gatecert.gateways.running import Say

NODE_AND_NPM = "install Node.js 18.18 or newer with npm"

_OLDEST_NODE = (18, 18)  # the first with --import
_LOCKED = ("package.json", "package-lock.json")
_FLAGS = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    # npm's own waits add up to 70 s before it says that there is no registry
    "--fetch-retries=3",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=5000",
)
_INSTALL_S = 600
_SECRETS = (
    (re.compile(r"//[^\s/]*@"), "//***@"),
    (re.compile(r"(_auth\w*|_password|Bearer|Basic)(\s*[=:]\s*|\s+)\S+"), r"\1 ***"),
)
_CODE = re.compile(r"code (\w+)")
_DETAIL = re.compile(r"\s|code |syscall |errno |address |path |dest |A complete log of this run")


def install_folder(source: Path, title: str) -> Path:
    """The folder in the cache that belongs to the lock file in ``source``."""
    digest = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
    slug = re.sub(r"[^a-z0-9.]+", "-", title.lower())
    return cache_folder() / "npm" / f"{slug}-{digest[:16]}"


def install(source: Path, title: str, say: Say) -> Path:
    """Install what ``source`` locks, unless the cache has it, and return the folder.

    ``title`` is what the user calls it. A folder of the cache is complete if it is there, however
    many runs install at once and whichever of them is interrupted. Raises RunError.
    """
    folder = install_folder(source, title)
    if not folder.is_dir():
        npm = _program("npm", title)
        find_node(title)
        say(f"installing {title} from npm into {folder} (once)")
        try:
            _fill(folder, source, npm, title)
        except OSError as exc:
            raise RunError(
                f"{title} cannot be installed into {folder}: {exc.strerror or exc}; "
                "set GATECERT_CACHE to a folder that can be written"
            ) from None
    return folder


def find_node(title: str) -> str:
    """The path of a Node.js that is new enough. Raises RunError if there is none."""
    node = _program("node", title)
    answer = _run([node, "--version"], Path.cwd(), title, 20)
    version = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    if version is None or tuple(map(int, version.groups())) < _OLDEST_NODE:
        said = answer.stdout.strip()[:80]
        raise RunError(f"{title} needs a newer Node.js than {said!r} ({node}): {NODE_AND_NPM}")
    return node


def one_line(output: str, code: int) -> str:
    """What went wrong, out of the output of an npm that exited with ``code``: no secret in it."""
    for pattern, replacement in _SECRETS:
        output = pattern.sub(replacement, output)
    lines = [re.sub(r"^npm (error|ERR!) ?", "", line) for line in output.splitlines()]
    codes = [match.group(1) for line in lines if (match := _CODE.match(line))]
    sentences = [line.strip() for line in lines if line.strip() and not _DETAIL.match(line)]
    said = ": ".join([*codes[:1], *sentences[:1]])
    return said[:400] or f"npm exited with {code} and said nothing"


def _fill(folder: Path, source: Path, npm: str, title: str) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder.parent)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name in _LOCKED:
            shutil.copyfile(source / name, scratch / name)
        _npm_ci(npm, scratch, title)
        _publish(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove what a killed install left behind; none runs longer than its limit."""
    for scratch in parent.glob(".*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - scratch.stat().st_mtime > 2 * _INSTALL_S:
                shutil.rmtree(scratch, ignore_errors=True)


def _npm_ci(npm: str, folder: Path, title: str) -> None:
    done = _run([npm, "ci", *_FLAGS], folder, title, _INSTALL_S)
    if done.returncode != 0:
        why = one_line(done.stdout, done.returncode)
        raise RunError(
            f"npm could not install {title}: {why}; it needs a registry that npm can reach, "
            f"and a working npm: {NODE_AND_NPM}"
        )


def _publish(scratch: Path, folder: Path) -> None:
    try:
        scratch.rename(folder)
    except OSError:
        # another run was quicker; its folder is as good as ours
        if not folder.is_dir():
            raise


def _run(
    command: list[str], folder: Path, title: str, limit_s: float
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        name = Path(command[0]).name
        raise RunError(f"{name}, which {title} needs, was not done after {limit_s:g} s") from None


def _program(name: str, title: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise RunError(f"{title} needs {name}, which is not on the PATH: {NODE_AND_NPM}")
    return path
