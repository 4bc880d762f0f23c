"""Signed configuration profiles: the property list inside a CMS message. No I/O.

Only the content is taken out; whether the signature holds is not judged. Source: the encoding rules
of ASN.1 (ITU-T X.690): tag, length, content; strings of octets may come in pieces.
"""

from __future__ import annotations

from collections.abc import Iterator

_OCTETS = 0x04
_CONSTRUCTED = 0x20
_MOST_LEVELS = 40
_MOST_PIECES = 100_000


def content_of(data: bytes) -> bytes | None:
    """The property list in a CMS message, ``b""`` if there is none, None for any other file."""
    if data[:1] != b"\x30" or data[1:2] not in (b"\x80", b"\x81", b"\x82", b"\x83", b"\x84"):
        return None
    pieces = b"".join(_octets(data))
    start = min(
        (at for mark in (b"<?xml", b"<plist") if (at := pieces.find(mark)) >= 0), default=-1
    )
    end = pieces.find(b"</plist>", start)
    return pieces[start : end + len(b"</plist>")] if 0 <= start < end else b""


def _octets(data: bytes) -> Iterator[bytes]:
    """The strings of octets, in order, whatever they stand in. Stops where the data is broken."""
    at, ends, count = 0, [len(data)], 0
    while at < len(data) and count < _MOST_PIECES and len(ends) < _MOST_LEVELS:
        count += 1
        while len(ends) > 1 and at >= ends[-1]:
            ends.pop()
        head = _head(data, at)
        if head is None:
            return
        tag, start, length = head
        if tag & _CONSTRUCTED:  # of its own length, or up to an end mark
            ends.append(len(data) if length is None else min(start + length, len(data)))
            at = start
            continue
        if length is None or start + length > len(data):
            return
        if tag == _OCTETS:
            yield data[start : start + length]
        at = start + length


def _head(data: bytes, at: int) -> tuple[int, int, int | None] | None:
    """The tag, where the content begins, and its length; None for the length until an end mark."""
    if at + 2 > len(data) or data[at] & 0x1F == 0x1F:  # long tags do not occur here
        return None
    first = data[at + 1]
    if first < 0x80:
        return data[at], at + 2, first
    if first == 0x80:
        return data[at], at + 2, None
    size = first & 0x7F
    if size > 4 or at + 2 + size > len(data):
        return None
    return data[at], at + 2 + size, int.from_bytes(data[at + 2 : at + 2 + size], "big")
