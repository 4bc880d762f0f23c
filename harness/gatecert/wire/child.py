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
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from gatecert.wire.forked import Forked

# With -P the user's folder is not searched: a secrets.py or a signal.py there would take the place
# of the standard library's. What else the parent searches comes after all that is Python's own.
_START = (
    "import os, runpy, sys; "
    "sys.path += [p for p in sys.argv.pop(1).split(os.pathsep) if p not in sys.path]; "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)
_OUR_ROOT = Path(__file__).resolve().parents[2]
_EXIT_S = 2.0
_MOST_CHARACTERS = 300


class Process(Protocol):
    """What is needed of a child process, as :class:`subprocess.Popen` has it."""

    stdin: IO[bytes] | None
    stdout: IO[bytes] | None
    pid: int

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises subprocess.TimeoutExpired."""

    def kill(self) -> None:
        """End it at once."""


class ChildError(Exception):
    """A child process did not become ready, or said why it cannot.

    ``facts`` is what a child announced that said so itself; empty if it announced nothing.
    """

    def __init__(self, message: str, facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.facts = facts or {}


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
    process: Process
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
        """Start a module as ``python -P -m`` does, and wait for its announcement.

        The module is found where the parent finds its own. ``config`` is handed over as one JSON
        line on standard input, so that no secret stands on a command line. ``log`` receives its
        standard error. Raises ChildError.
        """
        log_begin = log.stat().st_size if log and log.exists() else 0
        try:
            process = _starter(module, args, log)
        except OSError as exc:
            raise ChildError(f"{name} cannot be started: {exc}") from None
        child = cls(name, process, {})
        if config is not None and process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps(config).encode() + b"\n")
                process.stdin.flush()
        line = child._first_line(timeout_s)
        facts = _facts(line)
        if facts is None:
            trouble = child._trouble(line, timeout_s)
            child.stop()
            raise ChildError(f"{name} {trouble}{_last_words(log, log_begin)}")
        if "error" in facts:
            child.stop()
            raise ChildError(str(facts["error"]), facts)
        child.facts = facts
        return child

    def _first_line(self, timeout_s: float) -> bytes | None:
        """What it says first; empty if it ended its output before, None if it takes too long."""
        lines: queue.Queue[bytes] = queue.Queue()
        stdout = self.process.stdout
        if stdout is None:
            return b""
        threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
        try:
            return lines.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def _trouble(self, line: bytes | None, timeout_s: float) -> str:
        if line is None:
            return f"did not become ready within {timeout_s:g} s"
        if line:
            return (
                f"said {line[:_MOST_CHARACTERS].decode('utf-8', 'replace')!r} and not where it is"
            )
        try:
            code = self.process.wait(timeout=_EXIT_S)
        except subprocess.TimeoutExpired:
            return "closed its output before it was ready"
        if code < 0:
            return f"was ended by {_signal_name(-code)} before it was ready"
        return f"ended with exit code {code} before it was ready"

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


def fork_children() -> None:
    """From now on children of this process are forks of it, and no new interpreters.

    For a process that has imported everything already, and has a single thread.
    """
    global _starter  # noqa: PLW0603 - how a whole process starts its children, decided once
    _starter = Forked.start


def _interpreter(module: str, args: Sequence[str], log: Path | None) -> Process:
    stderr: IO[bytes] | int = log.open("ab") if log else subprocess.DEVNULL
    try:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-c", _START, _path(), module, *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            # a Ctrl-C in the terminal is for the parent, which then ends its children
            start_new_session=True,
        )
    finally:
        if not isinstance(stderr, int):
            stderr.close()


_starter: Callable[[str, Sequence[str], Path | None], Process] = _interpreter


def _path() -> str:
    """Where the parent finds modules, but for the folder it was started in."""
    here = Path.cwd()
    others = [folder for entry in sys.path if (folder := Path(entry).absolute()) != here]
    return os.pathsep.join(dict.fromkeys(map(str, [_OUR_ROOT, *others])))


def _facts(line: bytes | None) -> dict[str, Any] | None:
    try:
        facts = json.loads(line or b"")
    except ValueError:
        return None
    return facts if isinstance(facts, dict) else None


def _last_words(log: Path | None, begin: int) -> str:
    """The last line of its standard error, as the end of a sentence; ``""`` if there is none."""
    text = log.read_bytes()[begin:].decode("utf-8", "replace") if log and log.exists() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f": {lines[-1][:_MOST_CHARACTERS]} (log: {log})" if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
