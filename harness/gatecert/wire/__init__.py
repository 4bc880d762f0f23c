"""HTTP/1.1 as it is on the wire: a small server on h11, and child processes that serve."""

from gatecert.wire.child import Child, ChildError, announce, wait_for_parent
from gatecert.wire.server import ClientGone, Headers, Reply, Request, Server

__all__ = [
    "Child",
    "ChildError",
    "ClientGone",
    "Headers",
    "Reply",
    "Request",
    "Server",
    "announce",
    "wait_for_parent",
]
