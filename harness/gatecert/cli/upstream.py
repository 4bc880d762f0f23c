"""``gatecert upstream``: the scripted provider by itself."""

from __future__ import annotations

import argparse
import asyncio
import errno

from gatecert.errors import EXIT_CONFORMANT, RunError
from gatecert.gateways.targetfile import listen_address
from gatecert.upstream.server import Upstream


def serve_upstream(arguments: argparse.Namespace) -> int:
    """Serve until interrupted. Raises UsageError and RunError."""
    host, _, port = listen_address(arguments.listen, "--listen").rpartition(":")
    try:
        asyncio.run(_serve(host.strip("[]"), int(port)))
    except KeyboardInterrupt:
        print("stopped")
    except OSError as exc:
        why = "is in use" if exc.errno == errno.EADDRINUSE else f"cannot be had: {exc.strerror}"
        raise RunError(
            f"the address {arguments.listen} {why}; choose another with --listen"
        ) from None
    return EXIT_CONFORMANT


async def _serve(host: str, port: int) -> None:
    host, port = await Upstream().listen(host, port)
    print(f"scripted provider at http://{host}:{port} (backup below /backup); Ctrl-C stops it")
    await asyncio.Event().wait()
