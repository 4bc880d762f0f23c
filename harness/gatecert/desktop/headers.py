"""The headers of the engine's requests, in its order and case. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from gatecert.desktop.profiles import EngineProfile

HeaderList = list[tuple[str, str]]

_ENCODINGS = ("Accept-Encoding", "gzip, deflate, br, zstd")


def inference_headers(
    profile: EngineProfile,
    url: str,
    credentials: HeaderList,
    custom: Mapping[str, str],
    *,
    session_id: str,
    betas: Sequence[str],
    agent_id: str,
    body_bytes: int,
) -> HeaderList:
    """The headers of a message or token count: sorted, capitals first, the connection's last."""
    own = [
        ("Accept", "application/json"),
        *credentials,
        ("Content-Type", "application/json"),
        ("User-Agent", profile.user_agent),
        ("X-Claude-Code-Session-Id", session_id),
        ("X-Stainless-Arch", "x64"),
        ("X-Stainless-Lang", "js"),
        ("X-Stainless-OS", "Linux"),
        ("X-Stainless-Package-Version", profile.release.sdk_version),
        ("X-Stainless-Retry-Count", "0"),
        ("X-Stainless-Runtime", "node"),
        ("X-Stainless-Runtime-Version", profile.release.runtime_version),
        ("X-Stainless-Timeout", str(profile.timeout_s)),
        ("anthropic-beta", ",".join(betas)),
        ("anthropic-dangerous-direct-browser-access", "true"),
        ("anthropic-version", "2023-06-01"),
        ("x-app", "cli"),
        *([("x-claude-code-agent-id", agent_id)] if agent_id else []),
    ]
    return [
        *sorted(with_custom(own, custom)),
        ("Connection", "keep-alive"),
        ("Host", host_of(url)),
        _ENCODINGS,
        ("Content-Length", str(body_bytes)),
    ]


def lookup_headers(
    version: str, url: str, credentials: HeaderList, custom: Mapping[str, str], body_bytes: int = 0
) -> HeaderList:
    """The headers of model discovery; the host's connection test is thought to use them too."""
    own = [
        *credentials,
        ("User-Agent", f"claude-code/{version}"),
        ("anthropic-version", "2023-06-01"),
    ]
    return [
        *sorted(with_custom(own, custom)),
        *([("Content-Type", "application/json")] if body_bytes else []),
        ("Connection", "keep-alive"),
        ("Accept", "*/*"),
        ("Host", host_of(url)),
        _ENCODINGS,
        *([("Content-Length", str(body_bytes))] if body_bytes else []),
    ]


def probe_headers(profile: EngineProfile, url: str) -> HeaderList:
    """The headers of the ``HEAD`` at start: no credential, no custom header."""
    return [
        ("Connection", "keep-alive"),
        ("User-Agent", f"Bun/{profile.release.bun_version}"),
        ("Accept", "*/*"),
        ("Host", host_of(url)),
        _ENCODINGS,
    ]


def with_custom(own: HeaderList, custom: Mapping[str, str]) -> HeaderList:
    """The client's own headers and the custom ones, each name once.

    A custom header wins, except over the client's credential and betas. Source: observed on engine
    2.1.330.
    """
    kept = {name.lower() for name, _ in own} & {"authorization", "anthropic-beta"}
    won = {name.lower() for name in custom} - kept
    return [
        *((name, value) for name, value in own if name.lower() not in won),
        *((name, value) for name, value in custom.items() if name.lower() in won),
    ]


def changed(headers: HeaderList, changes: Mapping[str, str | None]) -> HeaderList:
    """The headers with some replaced, removed (None) or added at the end; names in any case."""
    lowered = {name.lower(): value for name, value in changes.items()}
    present = {name.lower() for name, _ in headers}
    out = []
    for name, value in headers:
        replacement = lowered.get(name.lower(), value)
        if replacement is not None:
            out.append((name, replacement))
    added = [(n, v) for n, v in changes.items() if v is not None and n.lower() not in present]
    return [*out, *added]


def host_of(url: str) -> str:
    """The value of ``Host`` for a URL."""
    return urlsplit(url).netloc
