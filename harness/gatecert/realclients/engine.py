"""How Claude Code is started for a flow: command, environment, standard input. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from gatecert.realclients.bench import HELPER, KEY, TOKEN
from gatecert.realclients.flows import Flow, plans_of
from gatecert.realclients.start import FOLDER_MARK, QUIET, Start, client_environment, prompt

_CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "token": {"ANTHROPIC_AUTH_TOKEN": TOKEN},
    "key": {"ANTHROPIC_API_KEY": KEY},
    "both": {"ANTHROPIC_AUTH_TOKEN": TOKEN, "ANTHROPIC_API_KEY": KEY},
    "helper": {},
}
_STREAM_JSON = ("--input-format", "stream-json", "--output-format", "stream-json", "--verbose")
# a client asks for less when its input ends at once
_LINGER_S = 1.5
_TERMINAL_S = 25.0


def start(flow: Flow, program: Path, base_url: str, home: Path, version: str) -> Start:
    """How Claude Code is started for a flow; ``home`` is its empty home."""
    return Start(
        command=command(flow, program),
        env={
            **client_environment(base_url, home),
            **_CREDENTIALS[flow.credential],
            **(QUIET if flow.quiet else {}),
            **flow.env,
        },
        stdin=[] if flow.kind == "terminal" else stdin(flow),
        # some versions ask for nothing in some flows, and wait for a key for ever
        limit_s=min(flow.limit_s, _TERMINAL_S) if flow.kind == "terminal" else flow.limit_s,
        terminal=flow.kind == "terminal",
        files=settled(flow, version),
        most=flow.most,
        answers=flow.answers,
    )


def command(flow: Flow, program: Path) -> list[str]:
    """The command line."""
    model = ("--model", flow.model) if flow.model else ()
    shared = [str(program), *model, *flow.args]
    if flow.kind == "terminal":
        return [*shared, prompt(flow.prompt, flow.plans)] if flow.prompt else shared
    if flow.kind == "stream-json":
        return [*shared, "-p", *_STREAM_JSON]
    return [*shared, "-p", "--output-format", "json"]


def stdin(flow: Flow) -> Sequence[bytes | float]:
    """What it reads: its prompt, or the messages of a host that embeds it."""
    text = prompt(flow.prompt, flow.plans or plans_of(flow.answers, flow.model))
    if flow.kind != "stream-json":
        return [text.encode()]
    beginning = {
        "type": "control_request",
        "request_id": "start",
        "request": {"subtype": "initialize", "hooks": None},
    }
    message = {"role": "user", "content": text}
    user = {"type": "user", "message": message, "parent_tool_use_id": None, "session_id": ""}
    return [_line(beginning), 0.5, _line(user), _LINGER_S]


def settled(flow: Flow, version: str) -> Mapping[str, str]:
    """Files in its home: a credential helper; answers to what a terminal would ask a newcomer."""
    files: dict[str, str] = {}
    if flow.credential == "helper":
        files[".claude/settings.json"] = json.dumps({"apiKeyHelper": f"echo {HELPER}"})
    if flow.kind == "terminal":
        state = {
            "hasCompletedOnboarding": True,
            "lastOnboardingVersion": version,
            "theme": "dark",
            "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
            "projects": {FOLDER_MARK: {"hasTrustDialogAccepted": True}},
        }
        files[".claude.json"] = json.dumps(state)
    return files


def _line(message: Mapping[str, object]) -> bytes:
    return json.dumps(message).encode() + b"\n"
