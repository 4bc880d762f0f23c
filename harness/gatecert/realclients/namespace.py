"""A network namespace that has loopback only. Real clients run nowhere else."""

from __future__ import annotations

import fcntl
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterable

from gatecert.errors import RunError

# a process namespace too: whatever a client leaves running ends with the first process in it
COMMAND = (
    *("unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child"),
    "--mount-proc",
)
_REFUSAL = "the real clients run only in a network namespace that has loopback only"
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


def check_available() -> None:
    """Raise RunError if no such namespace can be had."""
    if shutil.which(COMMAND[0]) is None:
        raise RunError(f"{_REFUSAL}; this needs Linux and unshare (package util-linux)")
    done = subprocess.run(  # noqa: S603
        [*COMMAND, "true"], capture_output=True, text=True, timeout=20, check=False
    )
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise RunError(f"{_REFUSAL}, and it cannot be had here ({said}); nothing was run")


def enter() -> None:
    """Inside: bring loopback up, and make sure that nothing else is there. Raises RunError."""
    check_loopback_only(name for _, name in socket.if_nameindex())
    _bring_up("lo")


def check_loopback_only(interfaces: Iterable[str]) -> None:
    """Raise RunError if there is any interface besides ``lo``."""
    others = sorted(set(interfaces) - {"lo"})
    if others:
        raise RunError(f"{_REFUSAL}; here is also {others[0]}; nothing was run")


def _bring_up(name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", name.encode(), 0)
        answer = fcntl.ioctl(sock.fileno(), _SIOCGIFFLAGS, request)
        flags = struct.unpack("16sh14x", answer)[1]
        up = struct.pack("16sh14x", name.encode(), flags | _IFF_UP)
        fcntl.ioctl(sock.fileno(), _SIOCSIFFLAGS, up)
