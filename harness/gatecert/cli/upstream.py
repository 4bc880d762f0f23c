"""``gatecert upstream``: the scripted provider by itself."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal

from gatecert.errors import EXIT_CONFORMANT, RunError, UsageError
from gatecert.gateways.targetfile import listen_address
from gatecert.upstream.address import address_text, provider_url, why_not
from gatecert.upstream.server import Upstream


def serve_upstream(arguments: argparse.Namespace) -> int:
    """Serve until interrupted. Raises UsageError and RunError."""
    address = listen_address(arguments.listen, "--listen")
    if not address:
        raise UsageError("--listen is empty; give it as HOST:PORT")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(address))
    print("stopped")
    return EXIT_CONFORMANT


async def _serve(address: str) -> None:
    # raised in the middle of the loop, an interrupt can be lost
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(one, stop.set)
    host, _, port = address.rpartition(":")
    try:
        host, number = await Upstream(standalone=True).listen(host.strip("[]"), int(port))
    except (OSError, UnicodeError) as exc:
        raise RunError(
            f"the address {address} {why_not(exc)}; choose another with --listen"
        ) from None
    where = provider_url(host, number)
    if address_text(host, number) not in where:
        where += " and every other address of this machine"
    print(f"scripted provider at {where} (backup below /backup); Ctrl-C stops it", flush=True)
    await stop.wait()
