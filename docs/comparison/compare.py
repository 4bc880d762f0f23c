"""Sets gatecert beside another tester of the Anthropic API, on one gateway and the same faults.

Run by ``nox -s comparison``: measures (figures.json) and writes docs/comparison.md. Everything runs
on loopback. ``--names A B`` measures some rows again, ``--missing`` those without figures, and
``--page`` writes the page alone. What has been measured is kept if a run is broken off.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "harness" / "tests"))

from live_model import live_model  # noqa: E402
from page import page  # noqa: E402

from gatecert import __version__  # noqa: E402
from gatecert.gateways.defects import DEFECTS  # noqa: E402
from gatecert.gateways.reference.config import (  # noqa: E402
    GatewayConfig,
    KeyRecord,
    MetadataPolicy,
)
from gatecert.gateways.variants import VARIANTS  # noqa: E402
from gatecert.wire import Child  # noqa: E402

FIGURES = HERE / "figures.json"
MODEL = "claude-sonnet-4-6"
# the flags of its README for Anthropic, and those without which it sends a bearer
STYLES = (["--auth-header", "x-api-key", "--no-bearer"], [])
KEYS = {"GOOD_KEY": "active", "OLD_KEY": "expired", "GONE_KEY": "revoked", "FAR_KEY": "active"}
TARGET = """
[gateway]
base_url = "{url}"
api_key_env = "GOOD_KEY"
[gateway.models]
chat = "{model}"
[gateway.keys]
expired_env = "OLD_KEY"
revoked_env = "GONE_KEY"
other_workspace_env = "FAR_KEY"
[promises]
enforces_keys = true
holds_provider_key = true
accepts_x_api_key = true
serves_models = true
serves_count_tokens = true
"""


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", nargs="*", default=[], help="only these rows")
    parser.add_argument("--missing", action="store_true", help="only rows without figures")
    parser.add_argument("--page", action="store_true", help="write the page from the figures")
    arguments = parser.parse_args()
    figures = json.loads(FIGURES.read_text("utf-8")) if FIGURES.exists() else {"rows": {}}
    if not arguments.page:
        everything = [name for _, name in planned([])]
        missing = [name for name in everything if name not in figures["rows"]]
        measure(figures, missing if arguments.missing else arguments.names or everything)
    known = tomllib.loads((HERE / "faults.toml").read_text("utf-8"))
    (HERE.parent / "comparison.md").write_text(page(figures, known), "utf-8")
    return 0


def measure(figures: dict[str, Any], names: list[str]) -> None:
    """Measure the named rows."""
    figures |= {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "gatecert": __version__,
        "llm-comply": run([tool("llm-comply"), "--version"])[1].split()[-1],
        "python": ".".join(map(str, sys.version_info[:3])),
    }
    with live_model("modern") as modern, live_model() as plain:
        for kind, name in planned(names):
            figures["rows"][name] = row(kind, name, modern)
            keep(figures)
        if "reference" in names:
            figures["plain"] = row("", "reference", plain)
            keep(figures)


def keep(figures: dict[str, Any]) -> None:
    """Write the figures."""
    FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", "utf-8")


def planned(names: list[str]) -> list[tuple[str, str]]:
    """Flag and name of each row."""
    rows = [("", "reference")]
    rows += [("--variant", name) for name in VARIANTS]
    rows += [("--defect", name) for name in DEFECTS]
    return [row for row in rows if not names or row[1] in names]


def row(kind: str, name: str, provider: str) -> dict[str, Any]:
    """What both say of one gateway."""
    keys = {variable: f"gk-{secrets.token_urlsafe(24)}" for variable in KEYS}
    records = {
        key: KeyRecord(KEYS[variable], "elsewhere" if variable == "FAR_KEY" else "main")
        for variable, key in keys.items()
    }
    config = GatewayConfig(
        providers={"primary": provider, "backup": f"{provider}/backup", "other": provider},
        provider_key=secrets.token_urlsafe(24),
        keys=records,
        refused_url="http://127.0.0.1:9",
        # its -H option cannot carry the commas of the metadata header
        metadata=MetadataPolicy(header="", default_route="primary"),
    )
    flags = [kind, name] if kind else []
    gateway = Child.python(
        "the gateway", "gatecert.gateways.reference", flags, config=config.to_json()
    )
    try:
        other = [llm_comply(gateway.facts["url"], keys["GOOD_KEY"], style) for style in STYLES]
        found, seconds = black_box(gateway.facts["url"], keys)
    finally:
        gateway.stop()
    return {
        "kind": kind.removeprefix("--") or "reference",
        "llm-comply": sorted({case for cases, _ in other for case in cases}),
        "llm-comply_s": round(other[0][1], 2),
        "black_box": found,
        "black_box_s": round(seconds, 2),
    }


def llm_comply(url: str, key: str, style: list[str]) -> tuple[list[str], float]:
    """The cases that fail, and how long it took."""
    command = [tool("llm-comply"), "--format", "anthropic", "-u", f"{url}/v1", "-k", key]
    command += ["-m", MODEL, "-H", "anthropic-version:2023-06-01", "--json", *style]
    code, out, seconds = run(command)
    results = json.loads(out[out.index("{") :])["results"]
    failed = [result["id"] for result in results if result["status"] == "failed"]
    if bool(failed) != bool(code):
        raise SystemExit(f"llm-comply ended with {code} and {len(failed)} failures:\n{out}")
    return failed, seconds


def black_box(url: str, keys: dict[str, str]) -> tuple[list[str], float]:
    """The requirements that gatecert calls broken where it cannot script the provider."""
    with TemporaryDirectory() as folder:
        target = Path(folder) / "live.toml"
        target.write_text(TARGET.format(url=url, model=MODEL), "utf-8")
        command = [sys.executable, "-P", "-m", "gatecert", "run", "-q", "--enforce-provisional"]
        command += ["--target", str(target), "--out", f"{folder}/run"]
        code, out, seconds = run(command, **keys)
        record = Path(folder) / "run" / "run.json"
        if code not in (0, 1) or not record.exists():
            raise SystemExit(f"gatecert ended with {code}:\n{out}")
        results = json.loads(record.read_text("utf-8"))["results"]
    return sorted(r["id"] for r in results if r["verdict"] in ("fail", "warn", "info")), seconds


def tool(name: str) -> str:
    """A command of this environment."""
    return str(Path(sys.executable).parent / name)


def run(command: list[str], **variables: str) -> tuple[int, str, float]:
    """Exit code, what was printed, and seconds."""
    start = time.perf_counter()
    done = subprocess.run(  # noqa: S603
        command,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    return done.returncode, done.stdout, time.perf_counter() - start


if __name__ == "__main__":
    raise SystemExit(main())
