"""Child processes that serve on loopback.

A child prints one JSON line with its address when it is ready, and ends when its standard input
closes. So nothing outlives the run, not even one that was killed with SIGKILL.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any


class ChildError(Exception):
    """A child process did not become ready, or said why it cannot."""


def announce(**facts: Any) -> None:
    """In the child: tell the parent that we are ready, and where."""
    print(json.dumps(facts), flush=True)


async def wait_for_parent() -> None:
    """In the child: return when the parent closes our standard input or is gone."""
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()

    def read_to_the_end() -> None:
        # os.read, because a thread blocked in a buffered reader stops the interpreter from ending
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(closed.set)

    threading.Thread(target=read_to_the_end, daemon=True).start()
    await closed.wait()


@dataclass
class Child:
    """A serving child process and what it announced."""

    name: str
    process: subprocess.Popen[bytes]
    facts: Mapping[str, Any]

    @classmethod
    def python(
        cls,
        name: str,
        module: str,
        args: Sequence[str] = (),
        *,
        config: Mapping[str, Any] | None = None,
        log: Path | None = None,
        timeout_s: float = 20.0,
    ) -> Child:
        """Start ``python -m module`` and wait for its announcement.

        ``config`` is handed over as one JSON line on standard input, so that no secret stands on a
        command line. ``log`` receives its standard error. Raises ChildError.
        """
        stderr: IO[bytes] | int = log.open("ab") if log else subprocess.DEVNULL
        try:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", module, *args],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                # a Ctrl-C in the terminal is for the parent, which then ends its children
                start_new_session=True,
            )
        finally:
            if not isinstance(stderr, int):
                stderr.close()
        child = cls(name, process, {})
        if config is not None and process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps(config).encode() + b"\n")
                process.stdin.flush()
        child.facts = child._announcement(timeout_s)
        return child

    def _announcement(self, timeout_s: float) -> Mapping[str, Any]:
        lines: queue.Queue[bytes] = queue.Queue()
        stdout = self.process.stdout
        if stdout is None:
            raise ChildError(f"{self.name} was started without a pipe")
        threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
        try:
            facts = json.loads(lines.get(timeout=timeout_s))
        except (queue.Empty, ValueError):
            self.stop()
            raise ChildError(f"{self.name} did not become ready within {timeout_s:g} s") from None
        if "error" in facts:
            self.stop()
            raise ChildError(str(facts["error"]))
        return dict(facts)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End exactly this process: ask first, then kill."""
        _close(self.process.stdin)
        try:
            self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=5)
        _close(self.process.stdout)


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        with contextlib.suppress(OSError):
            pipe.close()
