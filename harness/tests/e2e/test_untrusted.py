"""An https address whose certificate the client does not trust: TLS is judged, all else is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.running import gatecert, record
from gatecert.gateways.embedded import EmbeddedGateway, start_embedded
from gatecert.gateways.running import ProviderAddresses

DEAD = "http://127.0.0.1:9"
TLS = {"SEC-60", "SEC-61", "SEC-62", "SEC-63", "SEC-64", "SEC-65"}


@pytest.fixture
def gateway() -> Iterator[EmbeddedGateway]:
    running = start_embedded(ProviderAddresses(DEAD, DEAD))
    yield running
    running.stop()


def flags(gateway: EmbeddedGateway) -> tuple[str, ...]:
    address = gateway.target.tls.base_url
    listen = ("--upstream-listen", "127.0.0.1:0")
    return ("run", "--gateway", address, "--api-key-env", "KEY", *listen, "--out", "r")


def test_what_is_asked_about_tls_is_judged_and_nothing_else(
    gateway: EmbeddedGateway, tmp_path: Path
) -> None:
    ran = gatecert(*flags(gateway), cwd=tmp_path, KEY=gateway.target.api_key)
    assert ran.code == 3
    assert "certificate's chain (" in ran.out
    found = record(tmp_path / "r")
    assert found["state"] == "untrusted"
    broken = {r["id"] for r in found["results"] if r["verdict"] in ("fail", "warn")}
    assert broken == {"SEC-61", "SEC-65"}
    judged = {r["id"] for r in found["results"] if r["verdict"] == "pass"} | broken
    assert judged <= TLS
    untold = [r for r in found["results"] if r["reason_code"] == "untrusted"]
    assert len(untold) > 100
    assert {r["suspect"] for r in untold} == {"gateway"}


def test_with_the_root_named_the_same_address_is_judged_as_any(
    gateway: EmbeddedGateway, tmp_path: Path
) -> None:
    (tmp_path / "root.pem").write_text(gateway.target.tls.ca, "utf-8")
    root = {"SSL_CERT_FILE": str(tmp_path / "root.pem")}
    few = ("-k", "SEC-60 or SEC-61 or CONN-01")
    ran = gatecert(*flags(gateway), *few, cwd=tmp_path, KEY=gateway.target.api_key, **root)
    assert ran.code == 0
    assert {r["verdict"] for r in record(tmp_path / "r")["results"]} == {"pass"}
