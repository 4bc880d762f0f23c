"""Sources of configuration for tests, and what an app comes to that starts from them."""

from __future__ import annotations

import json
from typing import Any

from gatecert.desktop import Activation, activate
from gatecert.desktop.activation import Snapshot
from gatecert.desktop.config.config import Client
from gatecert.desktop.config.sources import Source, read_source

BASE = "https://gw.example/anthropic"
GOOD = {
    "inferenceProvider": "gateway",
    "inferenceGatewayBaseUrl": BASE,
    "inferenceGatewayApiKey": "sk-1",
}
NEW = Client()
BEFORE = Client(after_cut_off=False)


def library(**keys: Any) -> Source:
    return source("profile-1.json", {**GOOD, **keys})


def managed(**keys: Any) -> Source:
    return source("managed-settings.json", {**GOOD, **keys})


def source(name: str, keys: dict[str, Any]) -> Source:
    kept = {key: value for key, value in keys.items() if value is not ...}
    (read,) = read_source(name, json.dumps(kept).encode())
    assert isinstance(read, Source)
    return read


def mode(value: str) -> Source:
    return source("claude_desktop_config.json", {"deploymentMode": value})


def hives(hklm: dict[str, str], hkcu: dict[str, str]) -> list[Source]:
    lines = ["Windows Registry Editor Version 5.00"]
    for hive, keys in (("HKEY_LOCAL_MACHINE", hklm), ("HKEY_CURRENT_USER", hkcu)):
        lines += ["", f"[{hive}\\SOFTWARE\\Policies\\Claude]"]
        lines += [f'"{key}"="{value}"' for key, value in keys.items()]
    read = read_source("policy.reg", "\r\n".join([*lines, ""]).encode("utf-16"))
    return [one for one in read if isinstance(one, Source)]


def launched(*sources: Source, client: Client = NEW, **more: Any) -> Activation:
    return activate(Snapshot(sources, **more), client)


def url_of(activation: Activation) -> str:
    assert activation.settings is not None, activation.reason
    return activation.settings.base_url


def refusal(activation: Activation) -> tuple[str, str, str]:
    assert activation.settings is None
    assert activation.reason is not None
    return activation.mode, activation.reason.code, activation.reason.message
