"""What the host process sends: model discovery and the connection test.

Its requests were never recorded; they follow documentation and third-party reports, which the
profile calls *inferred*.
"""

from __future__ import annotations

from gatecert.desktop import shapes
from gatecert.desktop.engine import DISCOVERY
from gatecert.desktop.exchange import OutgoingRequest
from gatecert.desktop.headers import lookup_headers
from gatecert.desktop.profiles import EngineProfile, bare_model
from gatecert.desktop.settings import GatewaySettings

MESSAGES = "/v1/messages"


def discovery_request(settings: GatewaySettings, profile: EngineProfile) -> OutgoingRequest:
    """Asks the gateway for its models, as at launch."""
    return _request(settings, profile, "GET", DISCOVERY, b"")


def probe_request(settings: GatewaySettings, profile: EngineProfile, model: str) -> OutgoingRequest:
    """The *Test connection* button: one token, no stream."""
    body = shapes.encode(shapes.probe_body(bare_model(model)))
    return _request(settings, profile, "POST", MESSAGES, body)


def _request(
    settings: GatewaySettings, profile: EngineProfile, method: str, path: str, body: bytes
) -> OutgoingRequest:
    url, custom = settings.url(path), settings.custom_headers
    headers = lookup_headers(profile.version, url, settings.credentials(), custom, len(body))
    return OutgoingRequest(method, url, headers, body)
