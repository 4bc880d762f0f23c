"""How the SDKs are started: each by a small driver, in an interpreter that sees its packages only.

No I/O but for finding the interpreters.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from gatecert.errors import RunError
from gatecert.realclients.bench import TOKEN
from gatecert.realclients.calls import AgentFlow, Call
from gatecert.realclients.flows import S45, S46, plans_of
from gatecert.realclients.start import QUIET, Start, client_environment, prompt

_DRIVERS = Path(__file__).with_name("drivers")


def python_call(call: Call, packages: Path, base_url: str, home: Path) -> Start:
    """A call of the Python SDK installed in ``packages``."""
    return Start(
        command=_python("sdk_calls.py"),
        env={**client_environment(base_url, home), "PYTHONPATH": str(packages), **call.env},
        stdin=[_wanted(call)],
        limit_s=call.limit_s,
        answers=call.answers,
        call=call.call,
    )


def typescript_call(call: Call, packages: Path, base_url: str, home: Path) -> Start:
    """A call of the TypeScript SDK installed in ``packages``. Raises RunError without Node.js."""
    node = shutil.which("node")
    if node is None:
        raise RunError("the TypeScript SDK needs Node.js, which is not on the PATH")
    return Start(
        command=[node, str(_DRIVERS / "sdk_calls.mjs"), str(packages)],
        env={**client_environment(base_url, home), **call.env},
        stdin=[_wanted(call)],
        limit_s=call.limit_s,
        answers=call.answers,
        call=call.call,
    )


def agent_flow(flow: AgentFlow, packages: Path, base_url: str, home: Path) -> Start:
    """A flow of the Agent SDK installed in ``packages``."""
    prompts = [prompt(text, plans_of(flow.answers, S46)) for text in flow.prompts]
    wanted = {"prompts": prompts, "options": dict(flow.options), "client": flow.client}
    return Start(
        command=_python("agent_flows.py"),
        env={
            **client_environment(base_url, home),
            "PYTHONPATH": str(packages),
            "ANTHROPIC_AUTH_TOKEN": TOKEN,
            **(QUIET if flow.quiet else {}),
            **flow.env,
        },
        stdin=[_json(wanted)],
        limit_s=flow.limit_s,
        answers=flow.answers,
    )


def _python(driver: str) -> list[str]:
    # -S: without our own site-packages, whose versions of shared packages would win or mix
    return [sys.executable, "-S", "-P", str(_DRIVERS / driver)]


def _wanted(call: Call) -> bytes:
    text = prompt("hi", plans_of(call.answers, S45))
    return _json({"call": call.call, "options": dict(call.options), "prompt": text})


def _json(wanted: Mapping[str, object]) -> bytes:
    return json.dumps(wanted).encode()
