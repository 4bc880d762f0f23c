"""Content codings of the provider's answers, piece by piece, so that each event leaves at once."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Protocol

import zstandard

try:
    import brotli  # type: ignore[import-untyped]
except ImportError:  # the same by another maker, where CPython's is not to be had
    import brotlicffi as brotli  # type: ignore[import-not-found]

_GZIP_WINDOW = 31


class Coder(Protocol):
    """Encodes a body that comes in pieces."""

    def piece(self, data: bytes) -> bytes:
        """What can be decoded as far as ``data``."""

    def end(self) -> bytes:
        """What is left to send."""


class _Zlib:
    """gzip (window 31) or what HTTP calls deflate (window 15)."""

    def __init__(self, window: int) -> None:
        self._inner = zlib.compressobj(wbits=window)

    def piece(self, data: bytes) -> bytes:
        return self._inner.compress(data) + self._inner.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._inner.flush()


class _Brotli:
    def __init__(self) -> None:
        self._inner = brotli.Compressor()

    def piece(self, data: bytes) -> bytes:
        return bytes(self._inner.process(data) + self._inner.flush())

    def end(self) -> bytes:
        return bytes(self._inner.finish())


class _Zstandard:
    def __init__(self) -> None:
        self._inner = zstandard.ZstdCompressor().compressobj()

    def piece(self, data: bytes) -> bytes:
        block = zstandard.COMPRESSOBJ_FLUSH_BLOCK
        return self._inner.compress(data) + self._inner.flush(block)

    def end(self) -> bytes:
        return self._inner.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)


class _Identity:
    def piece(self, data: bytes) -> bytes:
        return data

    def end(self) -> bytes:
        return b""


_CODERS: dict[str, Callable[[], Coder]] = {
    "": _Identity,
    "gzip": lambda: _Zlib(_GZIP_WINDOW),
    "deflate": lambda: _Zlib(zlib.MAX_WBITS),
    "br": _Brotli,
    "zstd": _Zstandard,
}
CODINGS = tuple(name for name in _CODERS if name)


def coder(coding: str) -> Coder:
    """An encoder for one body; ``""`` leaves it as it is."""
    return _CODERS[coding]()


def encoded(data: bytes, coding: str) -> bytes:
    """A whole body in a coding."""
    made = coder(coding)
    return made.piece(data) + made.end() if coding else data


def offered(coding: str, accept_encoding: str) -> bool:
    """Whether an ``Accept-Encoding`` names a coding without refusing it."""
    for part in accept_encoding.lower().split(","):
        name, _, parameters = part.partition(";")
        weight = parameters.replace(" ", "").partition("q=")[2]
        if name.strip() == coding:
            return weight.strip("0.") != "" or weight == ""
    return False
