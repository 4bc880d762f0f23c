"""What the host process sends: model discovery and the connection test.

Its requests were never recorded; they follow documentation and third-party reports, which the
profile calls *inferred*.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from gatecert.desktop import shapes
from gatecert.desktop.engine import HeaderList, with_custom
from gatecert.desktop.exchange import OutgoingRequest
from gatecert.desktop.profiles import EngineProfile
from gatecert.desktop.settings import GatewaySettings

DISCOVERY = "/v1/models?limit=1000"
MESSAGES = "/v1/messages"


def discovery_request(settings: GatewaySettings, profile: EngineProfile) -> OutgoingRequest:
    """Asks the gateway for its models, as at launch."""
    return _request(settings, profile, "GET", DISCOVERY, b"")


def probe_request(settings: GatewaySettings, profile: EngineProfile, model: str) -> OutgoingRequest:
    """The *Test connection* button: one token, no stream."""
    body = shapes.encode(shapes.probe_body(model))
    return _request(settings, profile, "POST", MESSAGES, body)


def _request(
    settings: GatewaySettings, profile: EngineProfile, method: str, path: str, body: bytes
) -> OutgoingRequest:
    url = settings.url(path)
    credential = settings.credential()
    own: HeaderList = [
        *([credential] if credential else []),
        ("User-Agent", f"claude-code/{profile.version}"),
        ("anthropic-version", "2023-06-01"),
    ]
    headers: HeaderList = [
        *with_custom(own, settings.custom_headers),
        *([("Content-Type", "application/json")] if body else []),
        ("Connection", "keep-alive"),
        ("Accept", "*/*"),
        ("Host", urlsplit(url).netloc),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        *([("Content-Length", str(len(body)))] if body else []),
    ]
    return OutgoingRequest(method, url, headers, body)
