"""A listener that nobody should ever call: whoever does was sent there by a request."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from types import TracebackType
from urllib.parse import urlsplit

_LIMIT_S = 1.0
_ANSWER = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def within_earshot(url: str) -> bool:
    """Whether who is called by this URL, or calls it, is on this machine and could call us."""
    host = urlsplit(url).hostname or ""
    if host.lower() == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


class Canary:
    """Listens on a port of its own, keeps the first bytes of every caller, and turns it away."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._socket = socket.create_server((host, 0))
        self.authority = f"{host}:{self._socket.getsockname()[1]}"
        self.heard: list[bytes] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Canary:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    @property
    def url(self) -> str:
        """Its address as a base URL."""
        return f"http://{self.authority}"

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                caller, _ = self._socket.accept()
                with caller, contextlib.suppress(OSError):
                    caller.settimeout(_LIMIT_S)
                    self.heard.append(b"")  # a call counts, even one that says nothing
                    self.heard[-1] = caller.recv(65_536)
                    caller.sendall(_ANSWER)
