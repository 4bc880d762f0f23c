"""``python -m gatecert.realclients``: install real clients, run them, write and compare captures.

Installing needs their registries; running happens in a network namespace that has loopback only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gatecert.errors import GatecertError, RunError, UsageError
from gatecert.realclients import compare, namespace
from gatecert.realclients.clients import PROGRAMS, Client, chosen
from gatecert.realclients.install import Installed, install

_KEPT = Path("fixtures/captures")
_LIMIT_S = 1800


def parser() -> argparse.ArgumentParser:
    """The flags."""
    known = ", ".join(f"{p.name} ({', '.join(p.pinned)})" for p in PROGRAMS)
    made = argparse.ArgumentParser(prog="python -m gatecert.realclients", description=__doc__)
    made.add_argument("clients", nargs="*", metavar="NAME[@VERSION]", help=f"known: {known}")
    made.add_argument("--newest", action="store_true", help="a name means its newest version")
    made.add_argument("--flows", default="*", metavar="PATTERN", help="only flows so named")
    where = made.add_mutually_exclusive_group()
    where.add_argument("--out", type=Path, help="folder for the captures (default: in reports/)")
    where.add_argument(
        "--refresh", action="store_true", help="write captures that are not kept yet to fixtures/"
    )
    made.add_argument("--strict", action="store_true", help="exit 1 if a kept capture differs")
    return made


def run_inside(clients: Sequence[Installed], flows: str, out: Path) -> None:
    """Run the clients in the namespace. Raises RunError."""
    job = {
        "flows": flows,
        "out": str(out.absolute()),
        "clients": [
            {
                "name": one.client.program.name,
                "version": one.client.version,
                "folder": str(one.folder),
            }
            for one in clients
        ],
    }
    command = [*namespace.COMMAND, sys.executable, "-u", "-m", "gatecert.realclients.inside"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            process.communicate(json.dumps(job) + "\n", timeout=_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise RunError(f"the real clients were not done after {_LIMIT_S} s") from None
        finally:
            # --kill-child ends all that is in the namespace with it
            process.kill()
    if process.returncode != 0:
        raise RunError("the real clients could not be run; see the line above")


def tell(clients: Sequence[Installed], out: Path, kept: Path) -> int:
    """Print what differs from the captures that are kept; returns how many there are.

    A version that is not kept is compared with the nearest older one, and what is new in it does
    not count.
    """
    found = 0
    for one in clients:
        client, fresh = one.client, _read(out / one.client.file_name)
        version = _version_kept(client, kept)
        if not version:
            print(f"{client.title}: no capture of this program is kept")
            continue
        before = _read(kept / replace(client, version=version).file_name)
        lines = compare.differences(before, fresh)
        common = len(set(_flows(before)) & set(_flows(fresh)))
        print(f"{client.title}: {len(lines)} differences from {version} in {common} flows")
        for line in lines:
            print(f"  {line}")
        found += len(lines) if version == client.version else 0
    return found


def _version_kept(client: Client, kept: Path) -> str:
    """The version to compare with: the same, or else the nearest older one."""
    beginning = f"{client.program.capture}-"
    names = [place.stem.removeprefix(beginning) for place in kept.glob(f"{beginning}[0-9]*.json")]
    return compare.nearest(client.version, names)


def keep(clients: Sequence[Installed], out: Path, kept: Path) -> None:
    """Put captures of versions that are not kept yet beside the others; none is overwritten."""
    for one in clients:
        place = kept / one.client.file_name
        if not place.exists():
            place.write_bytes((out / one.client.file_name).read_bytes())
            print(f"{one.client.title}: kept as {place}")


def main(argv: Sequence[str] | None = None) -> int:
    """Install, run, compare. Exit code 1 with ``--strict`` and a difference, 2 and 3 as ever."""
    options = parser().parse_args(argv)
    try:
        if options.refresh and not _KEPT.is_dir():
            raise UsageError(f"--refresh needs a checkout: there is no {_KEPT} here")
        namespace.check_available()
        wanted = chosen(options.clients, newest=options.newest)
        clients = [install(client, print) for client in wanted]
        out = options.out or Path("reports") / time.strftime("clients-%Y%m%d-%H%M%S")
        run_inside(clients, options.flows, out)
        print(f"captures: {out}")
        found = tell(clients, out, _KEPT)
        if options.refresh:
            keep(clients, out, _KEPT)
    except GatecertError as exc:
        print(f"gatecert: {exc}", file=sys.stderr)
        return exc.exit_code
    return 1 if found and options.strict else 0


def _read(place: Path) -> dict[str, Any]:
    return dict(json.loads(place.read_text(encoding="utf-8")))


def _flows(capture: dict[str, Any]) -> list[str]:
    return [name for group in ("flows", "calls") for name in capture.get(group) or ()]


if __name__ == "__main__":
    raise SystemExit(main())
