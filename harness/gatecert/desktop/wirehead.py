"""The head of a request as bytes: headers stay where the client put them. Pure.

h11 writes ``Host`` first whatever the order of its headers, as RFC 9110 advises. Real clients of
Claude Desktop write it near the end, and a gateway may see the difference.
"""

from __future__ import annotations

from collections.abc import Sequence

_HOST = b"host"
_LINE_END = b"\r\n"


def host_in_place(head: bytes, names: Sequence[str]) -> bytes:
    """The head with ``Host`` where ``names`` has it; bytes that are no such head stay as they are.

    ``head`` begins with the request line, ``names`` are the header names in the client's order.
    """
    lowered = [name.lower().encode("latin-1") for name in names]
    lines = head.split(_LINE_END)
    if lowered.count(_HOST) != 1 or len(lines) < len(lowered) + 1 or _name(lines[1]) != _HOST:
        return head
    host = lines.pop(1)
    lines.insert(1 + lowered.index(_HOST), host)
    return _LINE_END.join(lines)


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()
