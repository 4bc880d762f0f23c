"""Requests beside one another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import TracebackType


class Together(ThreadPoolExecutor):
    """So many threads for requests that are under way at the same time.

    A Ctrl-C waits for none of them: the provider may hold their answers for ten seconds. They end
    when it is stopped.
    """

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for all that is under way, unless interrupted."""
        interrupted = isinstance(raised, KeyboardInterrupt)
        self.shutdown(wait=not interrupted, cancel_futures=interrupted)
