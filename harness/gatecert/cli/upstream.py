"""``gatecert upstream``: the scripted provider by itself."""

from __future__ import annotations

import argparse
import asyncio

from gatecert.errors import EXIT_CONFORMANT, RunError, UsageError
from gatecert.gateways.targetfile import listen_address
from gatecert.upstream.__main__ import why_not
from gatecert.upstream.client import address_text, provider_url
from gatecert.upstream.server import Upstream


def serve_upstream(arguments: argparse.Namespace) -> int:
    """Serve until interrupted. Raises UsageError and RunError."""
    address = listen_address(arguments.listen, "--listen")
    if not address:
        raise UsageError("--listen is empty; give it as HOST:PORT")
    try:
        asyncio.run(_serve(address))
    except KeyboardInterrupt:
        print("stopped")
    return EXIT_CONFORMANT


async def _serve(address: str) -> None:
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
    await asyncio.Event().wait()
