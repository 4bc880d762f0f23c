"""Runs a credential helper: one child process, no shell, a deadline, and bounded output.

The one place of the client that starts a foreign program. POSIX; on Windows the client starts
script wrappers too, which is not simulated.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from gatecert.desktop.credentials.credential import CredentialError

Now = Callable[[], float]

_MOST_BYTES = 64 * 1024
_LOOK_AGAIN_S = 0.05


@dataclass(frozen=True)
class Printed:
    """What a helper that ended with exit code 0 wrote; never shown, because a token is in it."""

    stdout: bytes = field(repr=False)
    stderr: bytes = field(default=b"", repr=False)


class RunHelper(Protocol):
    """Runs a helper and gives what it printed."""

    def __call__(self, path: str, environment: Mapping[str, str], timeout_s: float) -> Printed:
        """Run ``path`` without arguments, with ``environment`` on top of our own.

        Raises CredentialError: ``spawn-failed``, ``timed-out``, ``non-zero-exit``, ``unusable``.
        """


def run_helper(
    path: str, environment: Mapping[str, str], timeout_s: float, now: Now = time.monotonic
) -> Printed:
    """See :class:`RunHelper`. What it started in its own process group ends with it."""
    deadline = now() + timeout_s
    child = _started(path, environment)
    try:
        printed = _read(child, deadline, now)
        if printed is None:
            raise CredentialError("timed-out", f"the helper did not end within {timeout_s:g} s")
    finally:
        _end(child)
    if child.returncode != 0:
        raise CredentialError("non-zero-exit", f"the helper {_end_of(child.returncode)}")
    return printed


def _end_of(returncode: int) -> str:
    by_signal = f"was ended by signal {-returncode}"
    return by_signal if returncode < 0 else f"ended with exit {returncode}"


def _started(path: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - the administrator names the helper
            [path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "no file can have its path"
        raise CredentialError("spawn-failed", f"the helper could not be started: {why}") from None


def _read(child: subprocess.Popen[bytes], deadline: float, now: Now) -> Printed | None:
    """What it printed until it ended; None at the deadline."""
    out, err = child.stdout, child.stderr
    if out is None or err is None:
        raise AssertionError("the helper was started with pipes")
    kept = {out.fileno(): b"", err.fileno(): b""}
    with selectors.DefaultSelector() as selector:
        for number in kept:
            os.set_blocking(number, False)
            selector.register(number, selectors.EVENT_READ)
        ended = False
        while not ended or selector.get_map():
            if now() >= deadline:
                return None
            ended = child.poll() is not None
            # a grandchild may hold the pipes open: the helper's own end is what counts
            ready = selector.select(0 if ended else _LOOK_AGAIN_S)
            if ended and not ready:
                break
            for key, _ in ready:
                _take(key.fd, kept, selector)
    return Printed(kept[out.fileno()], kept[err.fileno()])


def _take(number: int, kept: dict[int, bytes], selector: selectors.BaseSelector) -> None:
    data = os.read(number, _MOST_BYTES)
    if not data:
        selector.unregister(number)
    kept[number] += data
    if len(kept[number]) > _MOST_BYTES:
        raise CredentialError("unusable", f"the helper printed more than {_MOST_BYTES} bytes")


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill whatever is left of the helper and what it started, and let go of it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for pipe in (child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()
