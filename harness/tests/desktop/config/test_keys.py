from __future__ import annotations

import pytest

from gatecert.desktop.config.keys import (
    CLUSTERS,
    KEYS,
    flat_name,
    is_open,
    nested_place,
    shown_version,
    version_of,
)


@pytest.mark.parametrize("name", KEYS)
def test_every_key_is_found_again_by_its_nested_place(name: str) -> None:
    assert flat_name(nested_place(name).split(".")) == name


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("inference.credential.apiKey", "inferenceGatewayApiKey"),
        ("inference.credential.kind", "inferenceCredentialKind"),
        ("inference.credential.authScheme", "inferenceGatewayAuthScheme"),
        ("inference.credential.timeoutSec", "inferenceCredentialHelperTimeoutSec"),
        ("inference.credential.oidc", "inferenceGatewayOidc"),
        ("inference.customHeaders", "inferenceCustomHeaders"),
        ("inference.streamIdleTimeoutSec", "inferenceStreamIdleTimeoutSec"),
        ("inference.sessionLifetimeSec", "inferenceSessionLifetimeSec"),
        ("inference.gatewayBaseUrl", "inferenceGatewayBaseUrl"),
        ("inference.gateway.baseUrl", "inferenceGatewayBaseUrl"),
        ("models.prefer1mContext", "modelPrefer1mContext"),
        ("workspace.toolSearchEnabled", "toolSearchEnabled"),
        ("workspace.skipWebFetchPreflight", "skipWebFetchPreflight"),
        ("chatSurface.enabled", "chatTabEnabled"),
        ("coworkSurface.enabled", "coworkTabEnabled"),
        ("codeSurface.enabled", "isClaudeCodeForDesktopEnabled"),
    ],
)
def test_documented_places_of_the_nested_form(place: str, name: str) -> None:
    assert flat_name(place.split(".")) == name
    assert place.partition(".")[0] in CLUSTERS


def test_versions() -> None:
    assert version_of("v1.46388.4") == (1, 46388, 4)
    assert shown_version((1, 46388, 4)) == "1.46388.4"
    for text in ("", "1.x", "1.2.3.4.5", "-1", "1..2"):
        with pytest.raises(ValueError, match="not a version"):
            version_of(text)


def test_open_families() -> None:
    assert is_open("otlpEndpoint")
    assert is_open("inferenceVertexProjectId")
    assert not is_open("inferenceGatewayBaseUrI")
