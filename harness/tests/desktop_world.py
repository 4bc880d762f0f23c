"""A user's machine with the app on it, a gateway that says what a test wants, and a helper."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gatecert.desktop import DesktopApp, Exchange, GatewaySettings, LocalMachine, OutgoingRequest
from gatecert.desktop.credentials import CredentialError, Printed, Prompt, Surroundings
from gatecert.desktop.exchange import Chunk
from gatecert.desktop.form import SettingsForm
from gatecert.desktop.recovery import Clock as EngineClock
from gatecert.desktop.transport import OnChunk

CANARY = "sk-canary-4711"
OLD = GatewaySettings("https://old.example", CANARY)
NEW = GatewaySettings("https://new.example", "sk-new", chat_model="claude-opus-4-6")
HELPER = {
    "inferenceProvider": "gateway",
    "inferenceGatewayBaseUrl": "https://gw.example",
    "inferenceCredentialHelper": "/opt/helper",
    "inferenceCustomHeaders": {"X-Team": "t"},
}
TEXT = {"type": "text", "text": "hi"}
MESSAGE = {"type": "message", "role": "assistant", "content": [TEXT], "usage": {}}
AT_ONCE = EngineClock(sleep=lambda _: None)


class Wire:
    """A gateway that answers with the next of ``answers``, or with the last one again."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers) or [(200, MESSAGE)]
        self.sent: list[OutgoingRequest] = []
        self.closed = 0

    def send(
        self, purpose: str, request: OutgoingRequest, on_chunk: OnChunk | None = None
    ) -> Exchange:
        self.sent.append(request)
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        chunks = [Chunk(0, json.dumps(body).encode())]
        return Exchange(purpose, request, status, chunks=chunks)

    def close(self) -> None:
        self.closed += 1


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class World:
    """A machine, its app, a gateway, and a credential helper that prints ``tok-1``, ``tok-2``..."""

    def __init__(self, folder: Path) -> None:
        self.machine = LocalMachine(folder / "Claude-3p", root_uid=os.getuid())
        self.wire = Wire()
        self.clock = Clock()
        self.contexts: list[str] = []
        self.helper_fails = False
        around = Surroundings(clock=self.clock, run_helper=self.run, browser=self.browse)
        self.app = DesktopApp(self.machine, lambda: self.wire, around=around)

    def run(self, path: str, environment: Mapping[str, str], timeout_s: float) -> Printed:
        self.contexts.append(" ".join(environment.values()))
        if self.helper_fails:
            raise CredentialError("non-zero-exit", "the helper ended with exit 1")
        headers = {"x-team": "of-the-helper"}
        return Printed(
            json.dumps({"token": f"tok-{len(self.contexts)}", "headers": headers}).encode()
        )

    def browse(self, prompt: Prompt) -> None:
        raise AssertionError("nobody signs in here")

    def write(self, keys: dict[str, Any]) -> None:
        folder = self.machine.folder / "configLibrary"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "_meta.json").write_text(json.dumps({"appliedId": "a", "entries": []}))
        (folder / "a.json").write_text(json.dumps(keys))

    def manage(self, keys: dict[str, Any]) -> None:
        path = self.machine.folder.parent / "managed-settings.json"
        path.write_text(json.dumps(keys))
        path.chmod(0o600)
        self.machine.managed_files = [path]

    def form(self) -> SettingsForm:
        self.app.launch().enable_developer_mode()
        return self.app.open_form()

    def tokens(self) -> list[str | None]:
        return [request.header("authorization") for request in self.wire.sent]
