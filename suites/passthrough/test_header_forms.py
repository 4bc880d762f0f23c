"""Headers in unusual forms: long ones, other letters, other cases, addresses."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace

from gatecert.suite import (
    MAY,
    MUST,
    SHOULD,
    DesktopApp,
    ScriptedProvider,
    answered,
    expect,
    headed_turns,
    plain_request,
    requirement,
    same,
)

_HOP = "gateway → provider"
_ADDRESS_HEADERS = ("x-forwarded-for", "forwarded", "x-real-ip", "x-client-ip", "true-client-ip")
_ADDRESS = re.compile(r"\d+(?:\.\d+){3}|\[?[0-9a-fA-F]*:[0-9a-fA-F:]+\]?")
# the connection's own headers, which the client's library writes in a case of its own
_OF_THE_CONNECTION = ("host", "connection", "content-length", "accept-encoding")


@requirement(
    "PASS-11",
    SHOULD,
    source="official: treat headers as an open list",
    why="A long list of betas, or metadata with many fields, ends in a 400 without a word of the reason.",
    fix="Allow header lines of 8 kB, and 16 kB in all.",
    since="0.2",
    hints={"nginx": "large_client_header_buffers 4 16k;"},
)
def test_long_header_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A header of 6 kB arrives unchanged."""
    value = ("0123456789abcdef" * 384)[: 6 * 1024]
    _arrive(desktop, provider, {"x-acme-long": value})


@requirement(
    "PASS-12",
    SHOULD,
    source="observed: the client sends letters up to U+00FF in custom headers as single bytes",
    why="Everybody whose name or team has an umlaut gets a server error, or is filed under another name.",
    fix="Treat header values as bytes; do not decode them as UTF-8 or refuse them.",
    since="0.2",
)
def test_latin_letters_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A header with Latin-1 letters is served and arrives as the same bytes."""
    _arrive(desktop, provider, {"x-acme-user": "J\xfcrgen \xc9tienne Stra\xdfe"})


@requirement(
    "PASS-13",
    MUST,
    source="standard: RFC 9110, header names are the same in any case; clients differ in it",
    why="A client whose library writes header names in another way is refused, as if it had no key.",
    fix="Compare header names without regard to case.",
    since="0.2",
)
def test_header_names_in_any_case(desktop: DesktopApp) -> None:
    """A turn is answered when all its header names are in lower case, and in upper case."""
    for named, case in (("lower", str.lower), ("upper", str.upper)):
        request = plain_request(desktop, "Hello", ["claude-code-20250219"])
        headers = [
            (k if k.lower() in _OF_THE_CONNECTION else case(k), v) for k, v in request.headers
        ]
        turn = desktop.engine.send(f"a turn in {named} case", replace(request, headers=headers))
        answered(turn, f"a turn whose header names are in {named} case")


@requirement(
    "PASS-14",
    MAY,
    source="field: proxies that append the caller's address to X-Forwarded-For by default",
    why="The provider learns addresses and structure of the internal network.",
    fix="Set no X-Forwarded-For, Forwarded or X-Real-IP towards a provider outside.",
    since="0.2",
    hints={
        "haproxy": "http-request del-header x-forwarded-for (and no option forwardfor)",
        "nginx": 'proxy_set_header X-Forwarded-For "";',
        "traefik": "a headers middleware with customRequestHeaders X-Forwarded-For empty",
    },
)
def test_client_address_stays_inside(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """No header tells the provider an internal address of the client."""
    for _, receipt in headed_turns(desktop, provider, {}):
        for name in _ADDRESS_HEADERS:
            value = receipt.header(name) or ""
            inside = [text for text in _ADDRESS.findall(value) if _internal(text)]
            expect(
                not inside,
                "no internal address in a header to the provider",
                f"{name}: {value}",
                hop=_HOP,
                silent=True,
            )


def _arrive(desktop: DesktopApp, provider: ScriptedProvider, headers: Mapping[str, str]) -> None:
    for _, receipt in headed_turns(desktop, provider, headers):
        for name, value in headers.items():
            same(value, receipt.header(name), f"{name} at the provider", hop=_HOP)


def _internal(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return address.is_private or address.is_loopback or address.is_link_local
