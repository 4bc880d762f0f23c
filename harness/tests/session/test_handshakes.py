"""Handshakes: each looks at one fault of a certificate, whatever else is wrong with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_server

import pytest

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
from gatecert.session.preflight import untrusted

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


def untrusted_at(base_url: str) -> str:
    return untrusted(Target("gw", "external", base_url, "sk-1"))


def test_a_certificate_that_the_client_does_not_trust_is_told_with_all_that_is_wrong() -> None:
    with showing(issued("elsewhere.example")) as address:
        said = untrusted_at(address.base_url)
    assert "its certificate's name (" in said
    assert "its certificate's chain (" in said
    assert "dates" not in said


def test_an_address_that_is_trusted_or_says_nothing_of_certificates_is_not_told_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "root.pem").write_bytes(GOOD.root)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
    with showing(GOOD) as address:
        assert untrusted_at(address.base_url) == ""
        plain = address.base_url.replace("https:", "http:")
    assert untrusted_at(plain) == ""
    assert untrusted_at(address.base_url) == ""  # nobody is there any more
