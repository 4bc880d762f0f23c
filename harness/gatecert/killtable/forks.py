"""Jobs in forks of this process: what it has imported, a job need not import again."""

from __future__ import annotations

import gc
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Generic, TypeVar

from gatecert.errors import UsageError

_LIMIT_S = 240

Job = TypeVar("Job")
Outcome = TypeVar("Outcome")


class Forks(Generic[Job, Outcome]):
    """Does ``work`` for each job in a process of its own, which is ended after four minutes.

    This process must have a single thread. ``work`` must be able to stand the copy it is run in.
    """

    def __init__(self, work: Callable[[Job], Outcome]) -> None:
        if "fork" not in multiprocessing.get_all_start_methods():
            raise UsageError("the kill table needs a system that can fork, such as Linux")
        self._context = multiprocessing.get_context("fork")
        self._work = work
        gc.collect()
        gc.freeze()  # or each job would copy and look through all that was imported

    def results(self, jobs: Sequence[Job], at_once: int) -> Iterator[tuple[Job, Outcome | None]]:
        """Each job with its outcome as it comes; None for one that ended without any."""
        left = list(jobs)
        running: dict[Connection, tuple[Job, multiprocessing.process.BaseProcess]] = {}
        try:
            while left or running:
                while left and len(running) < at_once:
                    job = left.pop(0)
                    running.update([self._started(job)])
                for ended in wait(list(running)):
                    assert isinstance(ended, Connection)  # noqa: S101 - no other was given
                    outcome = _received(ended)
                    job, process = running.pop(ended)
                    process.join()
                    yield job, outcome
        finally:
            for _, process in running.values():
                process.terminate()
                process.join()

    def _started(
        self, job: Job
    ) -> tuple[Connection, tuple[Job, multiprocessing.process.BaseProcess]]:
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=self._run, args=(job, theirs))
        process.start()
        theirs.close()
        return ours, (job, process)

    def _run(self, job: Job, result: Connection) -> None:
        """In the fork."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_LIMIT_S)
        result.send(self._work(job))


def _received(result: Connection) -> Outcome | None:
    with result, suppress(EOFError):
        outcome: Outcome = result.recv()
        return outcome
    return None
