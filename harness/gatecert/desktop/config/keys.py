"""The configuration keys of third-party inference, as data.

Source: the client's configuration reference and its changelog up to 1.46388.4 (5 Sep 2026); places
in the nested form and bounds of numbers as read out of the shipped client.
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
    ``object``, ``array``, ``headers`` (an object of strings) or ``any``.

    ``since`` is the first release that knows it, empty for the baseline; ``low`` and ``high``
    bound numbers, ``most`` counts characters. ``nested`` is its place in the nested form, ``""``
    where that follows from the name. A ``secret`` value is never shown.
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
_PROVIDERS = ("gateway", "anthropic", "bedrock", "mantle", "vertex", "foundry")
_KINDS = ("static", "helper-script", "interactive", "vendor-profile", "oauth", "workforce")
_MAIN = [
    Key("inferenceProvider", "enum", choices=_PROVIDERS),
    Key("inferenceGatewayBaseUrl", "url", nested="inference.baseUrl"),
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
        choices=_KINDS,
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
    Key("inferenceCredentialHelper", "string", nested=_CREDENTIAL + "command"),
    Key("inferenceCredentialHelperTtlSec", "integer", low=1, nested=_CREDENTIAL + "ttlSec"),
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
    Key("inferenceCustomHeaders", "headers", (1, 8089, 0)),
    Key("inferenceGatewayHeaders", "any"),
    Key("inferenceStreamIdleTimeoutSec", "integer", (1, 44121, 1), low=300, high=1800),
    Key("organizationInstructions", "string", (1, 37937, 0), most=3000),
    Key("disableAutoUpdates", "boolean", update_only=True, nested="autoUpdate.disabled"),
    Key(
        "autoUpdaterEnforcementHours",
        "integer",
        low=1,
        high=72,
        update_only=True,
        nested="autoUpdate.enforcementHours",
    ),
    Key("updateViaUpdatesHost", "boolean", update_only=True, nested="autoUpdate.viaUpdatesHost"),
]
# name, kind, first release (- for the baseline), place in the nested form (- if it is its name)
_OTHERS = """
inferenceSessionLifetimeSec         positive 1.14271.0 -
inferenceModels                     array    -         models.list
modelDiscoveryEnabled               boolean  1.8089.0  models.discoveryEnabled
modelPrefer1mContext                boolean  1.28929.0 models.prefer1mContext
inferenceModelPricingEnabled        boolean  1.44121.1 -
inferenceModelPricing               array    1.37937.0 -
inferenceModelPricingMultiplier     number   1.37937.0 -
inferenceMaxTokensPerWindow         positive -         tokenLimits.maxPerWindow
inferenceTokenWindowHours           positive -         tokenLimits.windowHours
chatTabEnabled                      boolean  1.13576.0 chatSurface.enabled
chatAdvancedFileAnalysisEnabled     boolean  1.14271.0 chatSurface.advancedFileAnalysis
coworkTabEnabled                    boolean  1.9659.0  coworkSurface.enabled
isClaudeCodeForDesktopEnabled       boolean  -         codeSurface.enabled
toolSearchEnabled                   boolean  1.21459.0 workspace.toolSearchEnabled
skipWebFetchPreflight               boolean  1.37937.0 workspace.skipWebFetchPreflight
coworkEgressAllowedHosts            array    -         workspace.allowedEgressHosts
builtinToolPolicy                   any      -         workspace.builtinToolPolicy
disabledBuiltinTools                array    -         workspace.disabledBuiltinTools
disableBundledSkills                boolean  1.15962.0 workspace.disableBundledSkills
skillCreationEnabled                boolean  1.25927.0 workspace.skillCreationEnabled
autoModeEnabled                     boolean  1.10628.0 workspace.autoModeEnabled
allowedWorkspaceFolders             array    -         workspace.allowedFolders
disableWslSessions                  boolean  1.19367.0 workspace.disableWslSessions
secureVmFeaturesEnabled             boolean  -         workspace.secureVmEnabled
hardwareBuddyEnabled                boolean  1.18286.0 workspace.hardwareBuddyEnabled
requireCoworkFullVmSandbox          boolean  -         workspace.requireFullVmSandbox
endUserAttribution                  boolean  1.24012.0 workspace.endUserAttribution
userContentRendererUrl              url      1.24012.0 workspace.userContentRendererUrl
egressProxyUrl                      url      1.44121.1 -
egressProxyPacUrl                   url      1.44121.1 -
mcpToolTimeoutSec                   positive -         mcp.toolTimeoutSec
managedMcpServers                   any      -         mcp.managedServers
mcpPersistentAlwaysAllowEnabled     boolean  1.24012.9 mcp.persistentAlwaysAllowEnabled
isLocalDevMcpEnabled                boolean  -         mcp.localStdioEnabled
disableEssentialTelemetry           boolean  -         telemetry.disableEssential
disableNonessentialTelemetry        boolean  -         telemetry.disableNonessential
disableNonessentialServices         boolean  -         telemetry.disableNonessentialServices
deploymentOrganizationUuid          string   -         telemetry.orgUuid
disableDeploymentModeChooser        boolean  1.3834.0  authentication.disableClaudeAiSignIn
forceLoginOrgUUID                   any      -         authentication.forceLoginOrgUUID
loginSsoOrgDomain                   string   1.10628.0 authentication.ssoOrgDomain
disableDeepLinkRegistration         boolean  1.6889.0  authentication.disableDeepLinks
microsoftAuthBroker                 string   1.19367.0 authentication.microsoftAuthBroker
allowOptionalClientAuth             boolean  1.17377.1 authentication.allowOptionalClientAuth
bootstrapUrl                        url      1.10628.0 bootstrap.url
bootstrapEnabled                    boolean  1.10628.0 bootstrap.enabled
bootstrapOidc                       object   1.10628.0 bootstrap.oidc
bootstrapHeaders                    any      1.10628.0 bootstrap.headers
bootstrapHeadersHelper              string   1.10628.0 bootstrap.headersHelper
trustBootstrapDelivery              boolean  1.10628.0 bootstrap.trustBootstrapDelivery
isDesktopExtensionEnabled           boolean  -         extensions.enabled
isDesktopExtensionDirectoryEnabled  boolean  -         extensions.directoryEnabled
isDesktopExtensionSignatureRequired boolean  -         extensions.signatureRequired
organizationPluginsUrl              url      1.10628.0 plugins.remoteUrl
orgPluginSettings                   any      1.8089.0  plugins.settings
allowedPluginMarketplaces           array    1.17377.1 plugins.marketplaces
deploymentDisplayName               string   1.24012.0 appearance.deploymentDisplayName
deploymentDisplaySubtitle           string   1.24012.0 appearance.deploymentDisplaySubtitle
disableFeatureDiscovery             boolean  1.21459.0 featureDiscovery.disabled
disableConfigDeprecationWarnings    boolean  1.40609.0 -
configRecheckIntervalMinutes        positive 1.46388.1 -
claudeAiImport                      object   1.10628.0 claudeAiImport
banner                              object   1.7196.0  banner
isDxtEnabled                        boolean  -         -
isDxtDirectoryEnabled               boolean  -         -
isDxtSignatureRequired              boolean  -         -
"""


def _of_line(line: str) -> Key:
    name, kind, since, nested = line.split()
    release = () if since == "-" else version_of(since)
    place = "" if nested == "-" else nested
    if kind == "positive":
        return Key(name, "integer", release, low=1, nested=place)
    return Key(name, kind, release, nested=place)


_ALL = [*_MAIN, *map(_of_line, _OTHERS.strip().splitlines())]
KEYS = {key.name: key for key in _ALL}
# families that are documented by a pattern: telemetry export, and the other providers' own keys
OPEN_PREFIXES = (
    "otlp",
    *(f"inference{provider.capitalize()}" for provider in _PROVIDERS if provider != "gateway"),
)
# the members of a bootstrap answer that are about the answer and set nothing
ENVELOPE = ("$schemaVersion", "$schema", "expiresAt")
_NESTED = {key.nested: key.name for key in _ALL if key.nested}
CLUSTERS = tuple(
    {
        "inference": None,
        "otlp": None,
        **{place.partition(".")[0]: None for place in _NESTED if "." in place},
    }
)


def flat_name(path: Iterable[str]) -> str:
    """The flat key of a place in the nested form.

    Most follow from their place (``inference.customHeaders`` is ``inferenceCustomHeaders``) or have
    a place of their own; within a cluster the flat name itself is understood too.
    """
    parts = list(path)
    joined = _camel(parts)
    candidates = [_NESTED.get(".".join(parts), ""), joined, _camel(parts[-1:])]
    gateways = "inferenceGateway" + joined.removeprefix("inference")
    if parts[0] == "inference" and gateways in KEYS and not KEYS[gateways].nested:
        candidates.append(gateways)
    return next((name for name in candidates if name in KEYS), joined)


def nested_place(name: str) -> str:
    """Where a flat key stands in the nested form, as ``inference.baseUrl``."""
    key = KEYS[name]
    if key.nested or not name.startswith("inference"):
        return key.nested or name
    rest = name.removeprefix("inference")
    return f"inference.{rest[:1].lower()}{rest[1:]}"


def is_open(name: str) -> bool:
    """Whether a key belongs to a family that is documented by a pattern."""
    return name.startswith(OPEN_PREFIXES)


def _camel(parts: list[str]) -> str:
    first, *rest = parts
    return first + "".join(part[:1].upper() + part[1:] for part in rest)
