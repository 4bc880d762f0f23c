"""A gateway that is nothing but an address, with a live model behind it: every requirement says
pass, fail, not applicable, or that it could not run and why; none says error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_model import live_model

from e2e.running import gatecert, record
from gatecert.gateways.embedded import EmbeddedGateway, start_embedded
from gatecert.gateways.running import ProviderAddresses

DEAD = "http://127.0.0.1:9"
# what needs no script: keys, addresses, discovery, refusals, and turns whichever words they bring
JUDGED = {
    *("CONN-01", "CONN-02", "ERR-08", "META-03", "MODEL-01", "MODEL-05", "MODEL-06", "MODEL-07"),
    *("AUTH-01", "AUTH-02", "AUTH-03", "AUTH-04", "AUTH-07", "AUTH-13", "AUTH-14", "AUTH-15"),
    *("URL-01", "URL-02", "URL-03", "URL-04", "URL-05", "URL-06", "URL-08", "URL-09", "URL-10"),
    *("MSG-22", "MSG-23", "STREAM-02", "STREAM-07", "STREAM-27", "ERR-39", "ERR-40"),
}
PROMISES = (
    "enforces_keys",
    "accepts_x_api_key",
    "serves_models",
    "serves_count_tokens",
    "holds_provider_key",
    "validates_metadata",
)


@pytest.fixture
def model() -> Iterator[str]:
    with live_model("compresses") as url:
        yield url


def run(folder: Path, gateway: EmbeddedGateway, *flags: str) -> dict[str, Any]:
    """Certify a gateway of which only the address is known; the record."""
    target = gateway.target
    promises = "\n".join(f"{name} = true" for name in PROMISES)
    (folder / "live.toml").write_text(
        f"""
        [gateway]
        base_url = "{target.base_url}"
        api_key_env = "LIVE_KEY"
        [gateway.models]
        chat = "claude-sonnet-4-6"
        [gateway.headers]
        x-portkey-metadata = '{target.headers["x-portkey-metadata"]}'
        [gateway.keys]
        expired_env = "OLD_KEY"
        [promises]
        required_metadata_keys = ["tenant", "team"]
        {promises}
        """
    )
    keys = {"LIVE_KEY": target.api_key, "OLD_KEY": target.keys.expired}
    ran = gatecert("run", "--target", "live.toml", "--out", "r", *flags, cwd=folder, **keys)
    assert ran.code in (0, 1, 3), ran.out + ran.err
    return record(folder / "r")


def by_verdict(left: dict[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for result in left["results"]:
        found.setdefault(result["verdict"], set()).add(result["id"])
    return found


def test_a_good_gateway_passes_whatever_can_be_judged(tmp_path: Path, model: str) -> None:
    gateway = start_embedded(ProviderAddresses(model, DEAD))
    try:
        left = run(tmp_path, gateway)
    finally:
        gateway.stop()
    found = by_verdict(left)
    assert set(found) == {"pass", "could-not-run", "not-applicable"}
    assert found["pass"] >= JUDGED
    assert not left["complete"]
    assert set(left["not_verified"]) == found["could-not-run"]


def test_what_could_not_run_says_why(tmp_path: Path, model: str) -> None:
    gateway = start_embedded(ProviderAddresses(model, DEAD))
    try:
        left = run(tmp_path, gateway, "--area", "errors", "--area", "fallback")
    finally:
        gateway.stop()
    reasons = {r["reason_code"]: r["reason"] for r in left["results"] if r["verdict"] != "pass"}
    assert set(reasons) == {"live-provider", "no-promise"}
    assert "cannot be scripted; add [upstream] listen" in reasons["live-provider"]


def test_a_live_provider_that_is_out_leaves_no_error_of_ours(tmp_path: Path) -> None:
    gateway = start_embedded(ProviderAddresses(DEAD, DEAD))
    try:
        found = by_verdict(run(tmp_path, gateway))
    finally:
        gateway.stop()
    assert "error" not in found
    assert {"CONN-02", "STREAM-02", "MSG-22"} <= found["fail"]
    assert {"AUTH-03", "URL-09", "MODEL-01"} <= found["pass"]  # these need no provider


@pytest.mark.parametrize(
    ("defect", "identifier"),
    [
        ("drops-event-lines", "STREAM-02"),
        ("obeys-accept", "MSG-22"),
        ("forgets-content-encoding", "MSG-23"),
        ("refuses-both-headers", "AUTH-13"),
        ("unknown-path-is-500", "URL-03"),
        ("no-dated-model", "MODEL-05"),
        ("names-its-own-model", "MODEL-07"),
        ("streams-by-http-1.0", "STREAM-27"),
    ],
)
def test_a_fault_is_found_without_a_script(
    tmp_path: Path, model: str, defect: str, identifier: str
) -> None:
    gateway = start_embedded(ProviderAddresses(model, DEAD), defect=defect)
    try:
        left = run(tmp_path, gateway, "-k", identifier)
    finally:
        gateway.stop()
    (result,) = left["results"]
    assert result["verdict"] in ("fail", "warn")


def test_what_a_wrong_address_serves_cannot_be_judged_from_outside(
    tmp_path: Path, model: str
) -> None:
    gateway = start_embedded(ProviderAddresses(model, DEAD), defect="double-v1-skips-care")
    try:
        left = run(tmp_path, gateway, "-k", "URL-03")
    finally:
        gateway.stop()
    (result,) = left["results"]
    assert (result["verdict"], result["reason_code"]) == ("could-not-run", "live-provider")
