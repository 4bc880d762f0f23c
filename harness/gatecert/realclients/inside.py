"""The part that runs inside the namespace: ``python -m gatecert.realclients.inside``.

Standard input is one JSON line with the job: which installed clients, which flows, and the folder
for the captures. Prints a line for each flow.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

from gatecert.errors import GatecertError, RunError
from gatecert.realclients import capture, engine, namespace, sdks
from gatecert.realclients.bench import Bench, bench
from gatecert.realclients.calls import AGENT, SDK
from gatecert.realclients.clients import Client, chosen
from gatecert.realclients.faults import FAULTS
from gatecert.realclients.flows import MODELS, engine_flows
from gatecert.realclients.install import Installed, engine_program
from gatecert.realclients.recovery import observed
from gatecert.realclients.stage import MakeStart, play

FAULTS_NOTE = (
    "claude -p with JSON output; in the place 'desktop stream' with stream-JSON and partial "
    "messages, 150 ms apart. Through gatecert's embedded gateway. "
    "Names and fields as in errors-claude-code.json, and to_host."
)


def starts(installed: Installed) -> Iterator[tuple[str, MakeStart]]:
    """Each flow of a client by name. Raises RunError if it cannot be started at all."""
    driver, folder = installed.client.program.driver, installed.folder
    if driver == "engine":
        program = engine_program(installed)
        version = installed.client.version
        for flow in engine_flows(version):
            yield flow.name, partial(engine.start, flow, program, version=version)
    elif driver == "agent-sdk":
        for agent in AGENT:
            yield agent.name, partial(sdks.agent_flow, agent, folder)
    else:
        call_of = sdks.python_call if driver == "python-sdk" else sdks.typescript_call
        for call in SDK:
            yield call.name, partial(call_of, call, folder)


def record(installed: Installed, pattern: str, running: Bench, out: Path) -> int:
    """Run the flows of one client and write its capture; returns how many were run."""
    flows: dict[str, Any] = {}
    for name, make in starts(installed):
        if not fnmatch(name, pattern):
            continue
        begin = time.monotonic()
        played = asyncio.run(play(make, running))
        took = time.monotonic() - begin
        flows[name] = played.shape
        print(f"{installed.client.title}: {name}: {len(played.seen)} requests, {took:.1f} s")
    program = installed.client.program
    document = capture.document(program.title, installed.client.version, program.group, flows)
    if flows:
        capture.write(out, installed.client.file_name, document)
    return len(flows)


def record_faults(installed: Installed, pattern: str, running: Bench, out: Path) -> int:
    """Show each fault to a Claude Code and write what it did; returns how many were shown."""
    client, results = installed.client, {}
    program = engine_program(installed)
    for fault in FAULTS:
        if not fnmatch(fault.key, pattern):
            continue
        make = partial(engine.start, fault.flow(), program, version=client.version)
        results[fault.key] = observed(asyncio.run(play(make, running)))
        modes = results[fault.key]["modes"]
        print(f"{client.title}: {fault.key}: {' '.join(modes)}")
    name = f"{client.program.capture}-{client.version}"
    if results:
        document = {"note": FAULTS_NOTE, "results": {name: results}}
        capture.write(out, f"errors-{name}.json", document)
    return len(results)


def main() -> int:
    """Do the job. Exit code 3 with one line if it cannot be done."""
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        namespace.enter()
        with bench(MODELS) as running:
            work = record_faults if job["faults"] else record
            done = sum(
                work(_installed(raw), job["flows"], running, Path(job["out"]))
                for raw in job["clients"]
            )
        if not done:
            raise RunError(f"no flow is called {job['flows']!r}")
    except GatecertError as exc:
        print(f"gatecert: {exc}", file=sys.stderr)
        return exc.exit_code
    return 0


def _end_with_parent() -> None:
    """End at once when our input closes: as the namespace's first process we take all with us."""
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 4096):
            pass
    os._exit(RunError.exit_code)


def _installed(raw: Mapping[str, str]) -> Installed:
    program = chosen([raw["name"]])[0].program
    return Installed(Client(program, raw["version"]), Path(raw["folder"]))


if __name__ == "__main__":
    raise SystemExit(main())
