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
from pathlib import Path

from gatecert.errors import GatecertError, RunError, UsageError
from gatecert.realclients import namespace, telling
from gatecert.realclients.clients import PROGRAMS, chosen
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
    made.add_argument(
        "--faults", action="store_true", help="show faults to Claude Code instead of running flows"
    )
    where = made.add_mutually_exclusive_group()
    where.add_argument("--out", type=Path, help="folder for the captures (default: in reports/)")
    where.add_argument(
        "--refresh", action="store_true", help="keep captures of new versions in fixtures/ too"
    )
    made.add_argument("--strict", action="store_true", help="exit 1 if a kept capture differs")
    return made


def run_inside(clients: Sequence[Installed], flows: str, out: Path, *, faults: bool) -> None:
    """Run the clients in the namespace. Raises RunError."""
    job = {
        "flows": flows,
        "faults": faults,
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
            # its input stays open: when it closes we are gone, and all in the namespace ends
            print(json.dumps(job), file=process.stdin, flush=True)
            process.wait(timeout=_LIMIT_S)
        except BrokenPipeError:
            process.wait()
        except subprocess.TimeoutExpired:
            raise RunError(f"the real clients were not done after {_LIMIT_S} s") from None
        finally:
            # --kill-child ends all that is in the namespace with it
            process.kill()
    if process.returncode != 0:
        raise RunError("the real clients could not be run; see the line above")


def check(options: argparse.Namespace) -> None:
    """Raise UsageError for flags that do not go together."""
    if options.refresh and not _KEPT.is_dir():
        raise UsageError(f"--refresh needs a checkout: there is no {_KEPT} here")
    if options.refresh and options.flows != "*":
        raise UsageError("--refresh keeps whole captures: leave --flows out")
    if options.faults and any(not name.startswith("claude-code") for name in options.clients):
        raise UsageError("--faults is for claude-code only")


def main(argv: Sequence[str] | None = None) -> int:
    """Install, run, compare. Exit code 1 with ``--strict`` and a difference, 2 and 3 as ever."""
    options = parser().parse_args(argv)
    try:
        check(options)
        namespace.check_available()
        names = options.clients or (["claude-code"] if options.faults else [])
        clients = [install(client, print) for client in chosen(names, newest=options.newest)]
        out = options.out or Path("reports") / time.strftime("clients-%Y%m%d-%H%M%S")
        run_inside(clients, options.flows, out, faults=options.faults)
        print(f"captures: {out}")
        compared = telling.tell_faults if options.faults else telling.tell
        found = sum(compared(one.client, out, _KEPT) for one in clients)
        if options.refresh:
            telling.keep(out, _KEPT)
    except GatecertError as exc:
        print(f"gatecert: {exc}", file=sys.stderr)
        return exc.exit_code
    return 1 if found and options.strict else 0


if __name__ == "__main__":
    raise SystemExit(main())
