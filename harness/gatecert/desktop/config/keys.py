"""The configuration keys of third-party inference, as data.

Source: the client's configuration reference and its changelog up to 1.46388.4 (5 Sep 2026).
``since`` is the first release that knows a key; keys of the baseline have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Version = tuple[int, ...]

# removals announced for this moment, and never seen to happen: strings and lists of headers,
# the old name of the headers key, and the auth schemes sso and auto
CUT_OFF = "7 October 2026, 12:00 Pacific time"
NEWEST: Version = (1, 46388, 4)


@dataclass(frozen=True)
class Key:
    """One key. ``kind`` is ``string``, ``url``, ``enum``, ``boolean``, ``integer``, ``number``,
    ``object``, ``array`` or ``any``; ``low`` and ``high`` bound numbers, ``most`` characters.

    ``nested`` is its place in the nested form where that does not follow from the name.
    ``secret`` values are never shown. ``modes`` are providers it is for; empty for all.
    """

    name: str
    kind: str
    since: Version = ()
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    most: int | None = None
    nested: str = ""
    secret: bool = False
    update_only: bool = False


def version_of(text: str) -> Version:
    """A release such as ``1.46388.4``. Raises ValueError."""
    parts = text.strip().removeprefix("v").split(".")
    if not 1 <= len(parts) <= 4 or not all(p.isascii() and p.isdigit() for p in parts):
        raise ValueError(f"{text!r} is not a version such as 1.46388.4")
    return tuple(int(part) for part in parts)


def shown_version(version: Version) -> str:
    """The version as people write it."""
    return ".".join(map(str, version))


_CREDENTIAL = "inference.credential."
_ALL = [
    Key(
        "inferenceProvider",
        "enum",
        choices=("gateway", "anthropic", "bedrock", "mantle", "vertex", "foundry"),
    ),
    Key("inferenceGatewayBaseUrl", "url"),
    Key("inferenceGatewayApiKey", "string", nested=_CREDENTIAL + "apiKey", secret=True),
    Key(
        "inferenceGatewayAuthScheme",
        "enum",
        (1, 3036, 0),
        choices=("bearer", "x-api-key", "auto", "sso"),
        nested=_CREDENTIAL + "authScheme",
    ),
    Key(
        "inferenceCredentialKind",
        "enum",
        (1, 8555, 0),
        choices=("static", "helper-script", "interactive", "vendor-profile", "oauth", "workforce"),
        nested=_CREDENTIAL + "kind",
    ),
    Key("inferenceGatewayOidc", "object", (1, 6889, 0), nested=_CREDENTIAL + "oidc"),
    Key(
        "inferenceGatewayOidcAuthFlow",
        "enum",
        (1, 25927, 0),
        choices=("browser", "broker"),
        nested=_CREDENTIAL + "authFlow",
    ),
    Key("inferenceCustomHeaders", "object", (1, 8089, 0)),
    Key("inferenceGatewayHeaders", "any"),
    Key("inferenceCredentialHelper", "string", nested=_CREDENTIAL + "helper"),
    Key("inferenceCredentialHelperTtlSec", "integer", low=0, nested=_CREDENTIAL + "ttlSec"),
    Key(
        "inferenceCredentialHelperTimeoutSec",
        "integer",
        (1, 8089, 0),
        low=1,
        high=600,
        nested=_CREDENTIAL + "timeoutSec",
    ),
    Key(
        "inferenceCredentialHelperSilentRefreshEnabled",
        "boolean",
        (1, 10628, 0),
        nested=_CREDENTIAL + "silentRefreshEnabled",
    ),
    Key("inferenceSessionLifetimeSec", "integer", (1, 14271, 0), low=1),
    Key("inferenceModels", "array"),
    Key("modelDiscoveryEnabled", "boolean", (1, 8089, 0), nested="models.discoveryEnabled"),
    Key("modelPrefer1mContext", "boolean", (1, 28929, 0), nested="models.prefer1mContext"),
    Key("toolSearchEnabled", "boolean", (1, 21459, 0), nested="workspace.toolSearchEnabled"),
    Key("inferenceStreamIdleTimeoutSec", "integer", (1, 44121, 1), low=300, high=1800),
    Key("inferenceModelPricingEnabled", "boolean", (1, 37937, 0)),
    Key("inferenceModelPricing", "array", (1, 37937, 0)),
    Key("inferenceModelPricingMultiplier", "number", (1, 37937, 0), low=0),
    Key("chatTabEnabled", "boolean", (1, 13576, 0), nested="chatSurface.enabled"),
    Key("coworkTabEnabled", "boolean", (1, 9659, 0), nested="coworkSurface.enabled"),
    Key("isClaudeCodeForDesktopEnabled", "boolean", nested="codeSurface.enabled"),
    Key("organizationInstructions", "string", (1, 37937, 0), most=3000),
    Key("coworkEgressAllowedHosts", "array"),
    Key("egressProxyUrl", "url", (1, 44121, 1)),
    Key("egressProxyPacUrl", "url", (1, 44121, 1)),
    Key(
        "skipWebFetchPreflight", "boolean", (1, 37937, 0), nested="workspace.skipWebFetchPreflight"
    ),
    Key("mcpToolTimeoutSec", "integer", low=1),
    Key("managedMcpServers", "any"),
    Key("builtinToolPolicy", "any"),
    Key("disabledBuiltinTools", "array"),
    Key("inferenceMaxTokensPerWindow", "integer", low=1),
    Key("inferenceTokenWindowHours", "integer", low=1),
    Key("disableEssentialTelemetry", "boolean"),
    Key("disableNonessentialTelemetry", "boolean"),
    Key("disableNonessentialServices", "boolean"),
    Key("disableDeploymentModeChooser", "boolean", (1, 3834, 0)),
    Key("bootstrapUrl", "url", (1, 10628, 0)),
    Key("bootstrapEnabled", "boolean", (1, 10628, 0)),
    Key("bootstrapOidc", "object", (1, 10628, 0)),
    Key("bootstrapHeaders", "object", (1, 10628, 0)),
    Key("bootstrapHeadersHelper", "string", (1, 10628, 0)),
    Key("trustBootstrapDelivery", "boolean", (1, 10628, 0)),
    Key("disableConfigDeprecationWarnings", "boolean", (1, 40609, 0)),
    Key("configRecheckIntervalMinutes", "integer", (1, 46388, 1), low=1),
    Key("disableAutoUpdates", "boolean", update_only=True),
    Key("autoUpdaterEnforcementHours", "integer", low=1, update_only=True),
    Key("updateViaUpdatesHost", "boolean", update_only=True),
]
KEYS = {key.name: key for key in _ALL}
# keys of families that are documented by a pattern, not one by one
OPEN_PREFIXES = ("otlp",)


def flat_name(path: Iterable[str]) -> str:
    """The flat key of a place in the nested form: ``inference.customHeaders`` is
    ``inferenceCustomHeaders``, and a few clusters have names of their own."""
    parts = list(path)
    return _NESTED.get(".".join(parts)) or _camel(parts)


def _camel(parts: list[str]) -> str:
    first, *rest = parts
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


_NESTED = {key.nested: key.name for key in _ALL if key.nested}
