"""How the events of a streamed answer become the bytes of its writes. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatecert.upstream import messages_api as api
from gatecert.upstream.compression import coder
from gatecert.upstream.directives import Plan


def frames(plan: Plan, token: str, model: str) -> Iterator[bytes]:
    """Each event as it is written, with its comment if the plan wants some."""
    comment = f": keep-alive{plan.newline}{plan.newline}".encode() if plan.comments else b""
    for event in api.events(plan, token, model):
        yield comment + api.encode(event, plan.newline)


class Writes:
    """Turns frames into writes: compressed and split as the plan says."""

    def __init__(self, chunks: Sequence[int], coding: str) -> None:
        self._packer = coder(coding)
        self._sizes = list(chunks)
        self._waiting = b""

    def of(self, frame: bytes) -> list[bytes]:
        """The writes that a frame completes."""
        packed = self._packer.piece(frame)
        return self._split(packed) if self._sizes else [packed]

    def rest(self) -> bytes:
        """What is left when there are no more frames."""
        return self._waiting + self._packer.end()

    def _split(self, data: bytes) -> list[bytes]:
        data, place, done = self._waiting + data, 0, []
        while len(data) - place >= self._sizes[0]:
            size = self._sizes.pop(0) if len(self._sizes) > 1 else self._sizes[0]
            done.append(data[place : place + size])
            place += size
        self._waiting = data[place:]
        return done
