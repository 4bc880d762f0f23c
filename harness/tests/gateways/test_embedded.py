"""The embedded gateway where the extra for https is not installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatecert.gateways.reference.config import GatewayConfig

CONFIG = json.dumps(GatewayConfig({}, {}, {}, refused_url="").to_json())


def announced(folder: Path, *flags: str) -> dict[str, str]:
    (folder / "trustme.py").write_text("raise ImportError('not installed')\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "gatecert.gateways.reference", *flags],
        input=f"{CONFIG}\n",
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    facts: dict[str, str] = json.loads(done.stdout.splitlines()[0])
    return facts


def test_it_serves_http_alone(tmp_path: Path) -> None:
    facts = announced(tmp_path)
    assert facts["url"].startswith("http://")
    assert facts["tls_url"] == ""


@pytest.mark.parametrize(
    "name", ["intermediate-is-missing", "speaks-tls-1.0", "plain-http-on-the-tls-port"]
)
def test_a_defect_of_https_says_what_it_needs(name: str, tmp_path: Path) -> None:
    assert "gatecert[tls]" in announced(tmp_path, "--defect", name)["error"]
