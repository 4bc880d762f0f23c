"""Runs one client once: a fresh home and folder, a recorder of its own, then its shapes."""

from __future__ import annotations

import base64
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatecert.realclients import process
from gatecert.realclients.bench import Bench
from gatecert.realclients.capture import flow_shape
from gatecert.realclients.recorder import Recorder, Seen
from gatecert.realclients.start import FOLDER_MARK, Start

# what the client finds in its working folder; the picture is one black pixel
FILES: Mapping[str, bytes] = {
    "one.txt": b"one\n",
    "dot.png": base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVQI12NgAAAAAgAB4iG8MwAAAABJRU5ErkJggg=="
    ),
}
_REST_S = 3.0
# base URL and home of the run
MakeStart = Callable[[str, Path], Start]


@dataclass(frozen=True)
class Played:
    """One run of a client: what it sent, how it ended, and how it is written down."""

    seen: list[Seen]
    ended: process.Ended
    shape: dict[str, Any]


async def play(make: MakeStart, bench: Bench) -> Played:
    """Start a client on the bench and wait for its end."""
    with tempfile.TemporaryDirectory(prefix="gatecert-client-") as name:
        home, folder = Path(name) / "home", Path(name) / "work"
        for place in (home, folder):
            place.mkdir()
        for file, data in FILES.items():
            (folder / file).write_bytes(data)
        recorder = Recorder(bench.gateway_port)
        start = make(await recorder.start(), home)
        _put(start.files, home, folder)
        try:
            ended = await _run(start, folder, recorder)
        finally:
            await recorder.stop()
    shape = flow_shape(recorder.seen, recorder.connections, ended.code, start)
    return Played(recorder.seen, ended, shape)


async def _run(start: Start, folder: Path, recorder: Recorder) -> process.Ended:
    if not start.terminal:
        return await process.run(
            start.command, env=start.env, folder=folder, stdin=start.stdin, limit_s=start.limit_s
        )
    return await process.run_in_terminal(
        start.command,
        env=start.env,
        folder=folder,
        stdin=start.stdin,
        limit_s=start.limit_s,
        done=lambda: at_rest(recorder.seen, time.monotonic()),
    )


def at_rest(seen: Sequence[Seen], now_s: float) -> bool:
    """Whether a client has asked for something and then for nothing more for a while.

    Its probe does not count: it comes before anything else.
    """
    asked = any(one.request.method != "HEAD" for one in seen)
    return asked and now_s - max(one.at_s for one in seen) > _REST_S


def _put(files: Mapping[str, str], home: Path, folder: Path) -> None:
    for name, text in files.items():
        place = home / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text.replace(FOLDER_MARK, str(folder)), encoding="utf-8")
