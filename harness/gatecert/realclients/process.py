"""A client's process: bounded in time, in a session of its own, ended with all it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_ASK_EVERY_S = 0.2
_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Ended:
    """How a client ended. ``code`` is None if we ended it; ``output`` is for messages only."""

    code: int | None
    output: str


async def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    folder: Path,
    stdin: Sequence[bytes | float],
    limit_s: float,
) -> Ended:
    """Run a client until it ends or ``limit_s`` is over.

    ``stdin`` holds what it is given, and pauses in seconds; then its standard input is closed.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        env=dict(env),
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=_MOST_BYTES,
    )
    try:
        async with asyncio.timeout(limit_s):
            feeding = asyncio.ensure_future(_feed(process, stdin))
            output = await _all(process)
            feeding.cancel()
            code: int | None = await process.wait()
    except TimeoutError:
        code, output = None, b""
    finally:
        _end_group(process.pid)
        await process.wait()
    return Ended(code, output.decode("utf-8", "replace"))


async def run_in_terminal(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    folder: Path,
    stdin: Sequence[bytes | float],
    limit_s: float,
    done: Callable[[], bool],
) -> Ended:
    """Run a client on a terminal, press the keys in ``stdin``, and end it once it is ``done``."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**env, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"},
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    screen = bytearray()
    asyncio.get_running_loop().add_reader(ours, _read_screen, ours, screen)
    try:
        async with asyncio.timeout(limit_s):
            for key in stdin:
                if isinstance(key, float):
                    await asyncio.sleep(key)
                else:
                    os.write(ours, key)
            while not done():
                await asyncio.sleep(_ASK_EVERY_S)
    except (TimeoutError, OSError):
        pass
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        _end_group(process.pid)
        await process.wait()
        os.close(ours)
    return Ended(None, screen.decode("utf-8", "replace"))


def _read_screen(descriptor: int, screen: bytearray) -> None:
    try:
        data = os.read(descriptor, 65_536)
    except OSError:
        asyncio.get_running_loop().remove_reader(descriptor)
        return
    screen += data[: max(0, _MOST_BYTES - len(screen))]


async def _feed(process: asyncio.subprocess.Process, stdin: Sequence[bytes | float]) -> None:
    if process.stdin is None:
        return
    with contextlib.suppress(ConnectionError):
        for piece in stdin:
            if isinstance(piece, float):
                await asyncio.sleep(piece)
            else:
                process.stdin.write(piece)
                await process.stdin.drain()
    process.stdin.close()


async def _all(process: asyncio.subprocess.Process) -> bytes:
    kept = bytearray()
    while process.stdout is not None and (data := await process.stdout.read(65_536)):
        kept += data[: max(0, _MOST_BYTES - len(kept))]
    return bytes(kept)


def _end_group(pid: int) -> None:
    """End the process group that we started, and nothing else."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
