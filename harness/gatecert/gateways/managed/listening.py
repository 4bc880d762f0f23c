"""Where a process listens, by the word of Linux's /proc."""

from __future__ import annotations

import contextlib
import socket
import struct
from pathlib import Path

_LISTEN = "0A"


def listening_addresses(pid: int) -> list[tuple[str, int]] | None:
    """Host and port of every TCP socket on which a process listens.

    None where it cannot be seen: off Linux, or when /proc may not be read.
    """
    proc = Path("/proc") / str(pid)
    try:
        inodes = _socket_inodes(proc / "fd")
        tables = [(proc / "net" / name) for name in ("tcp", "tcp6")]
        lines = [line for table in tables if table.exists() for line in _rows(table)]
    except OSError:
        return None
    return [_address(row[1]) for row in lines if row[3] == _LISTEN and row[9] in inodes]


def _socket_inodes(folder: Path) -> set[str]:
    found = set()
    for link in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed while we looked
            name = str(link.readlink())
            if name.startswith("socket:["):
                found.add(name.removeprefix("socket:[").removesuffix("]"))
    return found


def _rows(table: Path) -> list[list[str]]:
    return [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]


def _address(text: str) -> tuple[str, int]:
    """``0100007F:1F90`` → 127.0.0.1, 8080: 32-bit words as this machine orders their bytes."""
    digits, _, port = text.partition(":")
    words = [int(digits[i : i + 8], 16) for i in range(0, len(digits), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words)), int(port, 16)
