"""HTTP/1.1 as it is on the wire: a server on h11, a client of raw bytes, child processes."""

from gatecert.wire.child import Child, ChildError, announce, wait_for_parent
from gatecert.wire.rawclient import RawAnswer, RawConnection, read_answers
from gatecert.wire.server import ClientGone, Headers, Reply, Request, Server

__all__ = [
    "Child",
    "ChildError",
    "ClientGone",
    "Headers",
    "RawAnswer",
    "RawConnection",
    "Reply",
    "Request",
    "Server",
    "announce",
    "read_answers",
    "wait_for_parent",
]
