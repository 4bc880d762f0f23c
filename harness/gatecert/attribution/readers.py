"""Where a gateway keeps its log: a file, an address that answers with entries, or a stream of them.

Each is open from before the first request, so that what is older is never taken for an answer.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Protocol

import httpx

from gatecert.attribution.entry import Entry, entries_in, entry_of
from gatecert.gateways.promises import Attribution
from gatecert.requirements import CannotJudge

_POLL_S = 0.05
_TIMEOUT_S = 5.0
_MOST_MISSED, _IMPATIENT_MS = 2, 100
_MOST_KEPT = 5000
_MOST_BYTES = 64 * 1024 * 1024


class LogUnreadable(CannotJudge):
    """The log cannot be read; the sentence says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__("no-means", f"{sentence}; see [attribution] of the target file")


class Source(Protocol):
    """Where entries come from."""

    def fresh(self) -> Iterator[Any]:
        """What has come since the last look. Raises LogUnreadable."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Log:
    """A gateway's log. ``clock`` and ``sleep`` are in seconds."""

    def __init__(
        self,
        places: Attribution,
        source: Source,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.places = places
        self._source = source
        self._clock = clock
        self._sleep = sleep
        self._seen: deque[Entry] = deque(maxlen=_MOST_KEPT)
        self._missed = 0
        self._lock = threading.Lock()

    def of(self, ids: Collection[str], count: int = 1) -> list[Entry]:
        """The entries that name one of these ids, once there are ``count`` or time is up.

        A log that was looked at in vain before is not waited for as long again. Raises
        LogUnreadable.
        """
        within_ms = self.places.within_ms
        patience_ms = within_ms if self._missed < _MOST_MISSED else min(within_ms, _IMPATIENT_MS)
        deadline = self._clock() + patience_ms / 1000
        while True:
            with self._lock:  # requests that are under way together look for their entries together
                self._seen.extend(entry_of(raw, self.places) for raw in self._source.fresh())
                found = [entry for entry in self._seen if entry.names(ids)]
            if len(found) >= count:
                return found
            if self._clock() >= deadline:
                self._missed += 1
                return found
            self._sleep(_POLL_S)

    def close(self) -> None:
        """Close the source."""
        self._source.close()


def open_log(places: Attribution) -> Log:
    """Open the log that a target names. Raises LogUnreadable."""
    if places.reader == "log-file":
        return Log(places, LogFile(Path(places.path)))
    if places.reader == "log-stream":
        return Log(places, LogStream(places.url, places.key))
    return Log(places, LogEndpoint(places.url, places.key))


class LogFile:
    """JSON lines in a file, from its end on; one that is rotated is read from its beginning."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode, self._at = self._state()
        self._rest = b""

    def fresh(self) -> Iterator[Any]:
        """See :class:`Source`."""
        inode, size = self._state()
        if inode != self._inode or size < self._at:
            self._inode, self._at, self._rest = inode, 0, b""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                data = file.read(_MOST_BYTES)
        except OSError as exc:
            raise LogUnreadable(f"the log {self._path} cannot be read ({exc.strerror})") from None
        self._at += len(data)
        lines, newline, rest = (self._rest + data).rpartition(b"\n")
        self._rest = rest
        yield from entries_in_lines((lines + newline).decode("utf-8", "replace"))

    def close(self) -> None:
        """Nothing is kept open."""

    def _state(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return 0, 0  # it may come with the first entry
        except OSError as exc:
            raise LogUnreadable(f"the log {self._path} cannot be read ({exc.strerror})") from None
        return found.st_ino, found.st_size


def entries_in_lines(text: str) -> Iterator[Any]:
    """The JSON objects among lines."""
    for line in text.splitlines():
        yield from entries_in(line)


class LogEndpoint:
    """An address that answers with the newest entries, JSON or JSON lines."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._client = _client(key)
        self._known = {repr(raw) for raw in self._all()}

    def fresh(self) -> Iterator[Any]:
        """See :class:`Source`."""
        for raw in self._all():
            if repr(raw) not in self._known:
                self._known.add(repr(raw))
                yield raw

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _all(self) -> list[Any]:
        data = b""
        try:
            with self._client.stream("GET", self._url) as answer:
                if answer.status_code != 200:
                    raise LogUnreadable(f"the gateway's log answers HTTP {answer.status_code}")
                for piece in answer.iter_bytes():
                    data += piece
                    if len(data) > _MOST_BYTES:
                        raise LogUnreadable("the gateway's log answers with more than 64 MiB")
        except httpx.HTTPError as exc:
            raise LogUnreadable(f"the gateway's log does not answer ({exc})") from None
        return list(entries_in(data.decode("utf-8", "replace")))


class LogStream:
    """An address that sends each entry as a server-sent event, read beside everything else."""

    def __init__(self, url: str, key: str) -> None:
        self._client = _client(key)
        self._lines: deque[str] = deque(maxlen=_MOST_KEPT)
        self._trouble = ""
        self._connected = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(url,), daemon=True)
        self._thread.start()
        self._connected.wait(_TIMEOUT_S)
        if self._trouble:
            raise LogUnreadable(self._trouble)

    def fresh(self) -> Iterator[Any]:
        """See :class:`Source`."""
        while self._lines:
            yield from entries_in(self._lines.popleft())
        if self._trouble:
            raise LogUnreadable(self._trouble)

    def close(self) -> None:
        """Close the connection, which ends the reading."""
        self._client.close()

    def _read(self, url: str) -> None:
        try:
            with self._client.stream("GET", url, timeout=httpx.Timeout(_TIMEOUT_S, read=None)) as r:
                if r.status_code != 200:
                    self._trouble = f"the gateway's log answers HTTP {r.status_code}"
                    return
                self._connected.set()
                for line in r.iter_lines():
                    if line.startswith("data:"):
                        self._lines.append(line.removeprefix("data:").strip())
            self._trouble = "the gateway's log has ended its stream"
        except (httpx.HTTPError, RuntimeError, OSError) as exc:
            self._trouble = f"the gateway's log has broken off ({exc})"
        finally:
            self._connected.set()


def _client(key: str) -> httpx.Client:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(
        headers=headers, trust_env=False, follow_redirects=False, timeout=_TIMEOUT_S
    )
