"""The provider as a process of its own: ``python -m gatecert.upstream [HOST:PORT]``.

Prints one JSON line with its address and serves until its standard input closes.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import sys

from gatecert.upstream.address import address_text, provider_url, why_not
from gatecert.upstream.server import Upstream
from gatecert.wire import announce, wait_for_parent


def closed_port() -> tuple[socket.socket, int]:
    """A port on loopback that refuses connections for as long as the socket is kept."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    return holder, int(holder.getsockname()[1])


async def serve(host: str, port: int) -> None:
    """Serve until the parent is gone."""
    try:
        host, port = await Upstream().listen(host, port)
    except (OSError, UnicodeError) as exc:
        address = address_text(host, port)
        in_use = getattr(exc, "errno", None) == errno.EADDRINUSE
        trouble = f"the provider's address {address} {why_not(exc)}"
        announce(error=trouble, address=address, in_use=in_use)
        return
    holder, refused_port = closed_port()
    announce(url=provider_url(host, port), refused_url=f"http://127.0.0.1:{refused_port}")
    with holder:
        await wait_for_parent()


def main(argv: list[str]) -> int:
    """Run the provider; ``argv`` is ``[HOST:PORT]``."""
    host, _, port = (argv[0] if argv else "127.0.0.1:0").rpartition(":")
    asyncio.run(serve(host.strip("[]"), int(port)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
