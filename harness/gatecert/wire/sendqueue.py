"""What the operating system has not delivered yet of what was sent on a socket."""

from __future__ import annotations

import struct

try:
    import fcntl
    import termios
except ImportError:  # Windows does not tell
    _ASKED = None
else:
    # of a socket, what its peer has not acknowledged (tcp(7), SIOCOUTQ)
    _ASKED = getattr(termios, "TIOCOUTQ", None)


def undelivered_bytes(descriptor: int) -> int:
    """The bytes that the peer's system has not acknowledged; 0 where nobody tells."""
    if _ASKED is None:
        return 0
    try:
        told: bytes = fcntl.ioctl(descriptor, _ASKED, struct.pack("i", 0))
    except (OSError, ValueError):  # it is closed
        return 0
    return int(struct.unpack("i", told)[0])
