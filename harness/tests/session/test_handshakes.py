"""Handshakes: each looks at one fault of a certificate, whatever else is wrong with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import create_server

import pytest

from gatecert.desktop import Exchange, OutgoingRequest
from gatecert.desktop.exchange import Fault
from gatecert.gateways.reference.tls import Certificates, issued, server_context
from gatecert.gateways.target import Target, TlsAddress
from gatecert.session.handshakes import (
    CannotOffer,
    Handshake,
    check_chain,
    check_dates,
    check_name,
    try_old_versions,
)
from gatecert.session.preflight import _sentence

GOOD = issued()
CHECKS = {"name": check_name, "chain": check_chain, "dates": check_dates}


@contextmanager
def showing(shown: Certificates) -> Iterator[TlsAddress]:
    """A server that does nothing but handshakes."""
    context = server_context(shown)
    server = create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = server.accept()
                with suppress(OSError):
                    context.wrap_socket(plain, server_side=True).close()

    threading.Thread(target=serve, daemon=True).start()
    yield TlsAddress(f"https://127.0.0.1:{server.getsockname()[1]}", GOOD.root.decode())
    server.close()


def faults(shown: Certificates) -> set[str]:
    with showing(shown) as address:
        return {what for what, check in CHECKS.items() if not check(address).done}


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        (GOOD, set()),
        (GOOD.without_intermediate, {"chain"}),
        (issued("elsewhere.example"), {"name", "chain"}),
        (issued(days=-1), {"dates", "chain"}),
        (issued("elsewhere.example", days=-1).without_intermediate, {"name", "dates", "chain"}),
    ],
    ids=["good", "no intermediate", "another's", "expired", "all at once"],
)
def test_each_check_finds_its_own_fault(shown: Certificates, wrong: set[str]) -> None:
    """Whatever GOOD's root did not sign fails by its chain as well."""
    assert faults(shown) == wrong


def test_nobody_there_is_told_as_trouble() -> None:
    with showing(GOOD) as address:
        pass
    for check in CHECKS.values():
        assert check(address).trouble


def test_old_versions_are_refused_by_default() -> None:
    with showing(GOOD) as address:
        try:
            assert not try_old_versions(address).done
        except CannotOffer as exc:
            pytest.skip(f"this OpenSSL offers none: {exc}")


def test_a_handshake_is_done_when_a_version_is_agreed_on() -> None:
    assert Handshake(version="TLSv1.3").done
    assert not Handshake(trouble="expired").done


def test_a_run_that_cannot_start_for_a_certificate_says_what_is_wrong_with_it() -> None:
    with showing(issued("elsewhere.example")) as address:
        target = Target("gw", "external", address.base_url, "sk-1")
        request = OutgoingRequest("POST", address.base_url, [])
        said = _sentence(target, Exchange("a test", request, fault=Fault("unreachable", "TLS")))
    assert "its certificate's name (" in said
    assert "its certificate's chain (" in said
    assert "dates" not in said
