"""The loopback redirect of a sign-in: listens for the browser that comes back (RFC 8252)."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from gatecert.desktop.credentials.credential import CredentialError
from gatecert.desktop.credentials.oauth import CALLBACK

_PAGE = b"<!doctype html><title>Signed in</title><p>You can close this window."
_READ_S = 5.0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # browsers open connections ahead, and may not wait for their turn

    def server_bind(self) -> None:
        """Bind, and ask no name server who 127.0.0.1 is, as the library would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, *_: Any) -> None:
        """Nothing: whoever hangs up early is no news, and the library would print a traceback."""


class Listener:
    """Waits for one callback. ``redirect_uri`` is what the identity provider is told."""

    def __init__(self, server: _Server, came: queue.Queue[str]) -> None:
        self.redirect_uri = f"http://127.0.0.1:{server.server_address[1]}{CALLBACK}"
        self._came = came

    def target(self, timeout_s: float) -> str:
        """The target of the callback. Raises CredentialError if nobody comes back in time."""
        try:
            return self._came.get(timeout=timeout_s)
        except queue.Empty:
            raise CredentialError(
                "timed-out", f"the sign-in did not come back within {timeout_s:g} s"
            ) from None


@contextmanager
def listening(port: int | None) -> Iterator[Listener]:
    """A listener on 127.0.0.1 while the block runs. Raises CredentialError if the port is taken."""
    came: queue.Queue[str] = queue.Queue()

    class Callback(BaseHTTPRequestHandler):
        timeout = _READ_S

        def do_GET(self) -> None:
            ours = self.path.partition("?")[0] == CALLBACK
            try:
                self._say(200 if ours else 404, _PAGE if ours else b"")
            finally:  # a browser that does not wait for the page has brought the code all the same
                if ours:
                    came.put(self.path)

        def _say(self, status: int, page: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: Any) -> None:
            """Nothing: the target holds the code."""

    try:
        server = _Server(("127.0.0.1", port or 0), Callback)
    except OSError as exc:
        raise CredentialError(
            "port-taken", f"the sign-in cannot listen on port {port}: {exc.strerror}"
        ) from None
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Listener(server, came)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
