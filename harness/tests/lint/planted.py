"""A configuration in every form in which it is shipped, built from plain values."""

from __future__ import annotations

import json
import plistlib
from collections.abc import Iterator
from typing import Any

METADATA = '{"tenant":"acme","user":"u1","team":"engineering","env":"prod"}'
FLAT: dict[str, Any] = {
    "inferenceProvider": "gateway",
    "inferenceGatewayBaseUrl": "https://gw.example",
    "inferenceGatewayApiKey": "placeholder",
    "inferenceGatewayAuthScheme": "bearer",
    "inferenceCustomHeaders": {"x-portkey-metadata": METADATA, "x-team": "a"},
    "inferenceModels": ["claude-sonnet-4-5", {"name": "claude-opus-5", "labelOverride": "Opus"}],
    "organizationInstructions": "Answer in English.",
    "egressProxyUrl": "http://proxy.example:3128",
    "unknownKey": "value",
}
NESTED: dict[str, Any] = {
    "inference": {
        "provider": "gateway",
        "baseUrl": "https://gw.example",
        "credential": {"kind": "static", "apiKey": "placeholder"},
        "customHeaders": {"x-portkey-metadata": METADATA},
    },
    "models": {"list": ["claude-sonnet-4-5"]},
}
MODE = {"deploymentMode": "3p", "enterpriseConfig": FLAT, "mcpServers": {"a": {"command": "b"}}}
INDEX = {"appliedId": "1", "entries": [{"id": "1", "name": "Acme"}]}


def forms(document: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Flat settings in every flat form, each with a name for its file."""
    for name in ("a.json", "configLibrary/1.json", "managed-settings.json", "enterprise.json"):
        yield name, json.dumps(document, indent=1, ensure_ascii=False).encode()
    for settings in (document, strings(document)):
        yield "a.mobileconfig", plistlib.dumps(profile(settings))
        yield "a.plist", plistlib.dumps(settings, fmt=plistlib.FMT_BINARY)
    yield "a.reg", registry(document).encode("utf-16")


def strings(document: dict[str, Any]) -> dict[str, str]:
    """Every value as one string, as registries and many profiles have it."""
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in document.items()}


def profile(settings: dict[str, Any]) -> dict[str, Any]:
    payload = {"PayloadType": "com.anthropic.claudefordesktop", **settings}
    return {"PayloadType": "Configuration", "PayloadContent": [payload]}


def registry(document: dict[str, Any], hive: str = "HKEY_LOCAL_MACHINE") -> str:
    lines = [f'"{quoted(k)}"="{quoted(v)}"' for k, v in strings(document).items()]
    key = f"[{hive}\\SOFTWARE\\Policies\\Claude]"
    return "\r\n".join(["Windows Registry Editor Version 5.00", "", key, *lines, ""])


def quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
