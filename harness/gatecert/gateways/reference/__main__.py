"""The embedded gateway as a process, with ``--defect NAME`` or ``--variant NAME+NAME`` if wanted.

Reads its configuration as one JSON line on standard input, prints one with its address, and serves
until standard input closes.
"""

from __future__ import annotations

import asyncio
import json
import sys

from gatecert.gateways.defects import DEFECTS
from gatecert.gateways.reference.config import GatewayConfig
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.reference.tls import NoCertificates
from gatecert.gateways.variants import varied
from gatecert.wire import announce, wait_for_parent

_HTTPS_STAGES = ("listen_tls", "certificates", "tls_context")
_NEEDS_TLS = (
    "this defect or variant is one of the https address, which needs the extra gatecert[tls]"
)


def gateway_class(kind: str, name: str) -> type[ReferenceGateway]:
    """The reference gateway, bent by a defect or varied harmlessly."""
    if kind == "--defect":
        return DEFECTS[name].gateway
    if kind == "--variant":
        return varied(name)
    return ReferenceGateway


def differs_in_https(kind: type[ReferenceGateway]) -> bool:
    """Whether a gateway differs from the reference in how it serves https."""
    return any(getattr(kind, s) is not getattr(ReferenceGateway, s) for s in _HTTPS_STAGES)


async def serve(gateway: ReferenceGateway) -> None:
    """Serve on a free port until the parent is gone."""
    try:
        host, port = await gateway.listen("127.0.0.1", 0)
    except OSError as exc:
        announce(error=f"the embedded gateway cannot listen: {exc.strerror}")
        return
    tls_url, root = "", b""
    try:
        tls_url, root = await gateway.listen_tls(host)
    except NoCertificates:
        if differs_in_https(type(gateway)):  # as plain http it would be the gateway as it is
            announce(error=_NEEDS_TLS)
            return
    announce(url=f"http://{host}:{port}", tls_url=tls_url, tls_root=root.decode())
    await wait_for_parent()


def main(argv: list[str]) -> int:
    """Run the embedded gateway."""
    config = GatewayConfig.from_json(json.loads(sys.stdin.buffer.readline()))
    kind, name = argv if len(argv) == 2 else ("", "")
    asyncio.run(serve(gateway_class(kind, name)(config)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
