"""Whether third-party mode starts, and with which settings. No I/O.

Source: the client's configuration reference (which source wins, what must be valid) and the field
reports on the mode switch; a rule that is only reported or inferred says so.
"""

from __future__ import annotations

from pathlib import PurePath
from urllib.parse import urlsplit

from gatecert.desktop import model_entries
from gatecert.desktop.activation import Activation, Features, Reason, Snapshot
from gatecert.desktop.config import headers
from gatecert.desktop.config.config import Client, Config, in_force, read_config
from gatecert.desktop.config.keys import Version, shown_version
from gatecert.desktop.config.sources import MANAGED_LINUX
from gatecert.desktop.credentials.plan import NoCredentialError, Planned, Static, plan_credential
from gatecert.desktop.deprecations import deprecated
from gatecert.desktop.model_entries import (
    DISCOVERY,
    ConfiguredModel,
    Models,
    ModelsError,
    read_models,
)
from gatecert.desktop.profiles.traits import WIDE_CONTEXT
from gatecert.desktop.settings import (
    GatewaySettings,
    SettingsError,
    is_https,
    is_within,
    normal_base_url,
)

# The oldest release that the client's configuration changelog names. Keys of its baseline are
# older, undated; so this bound is inferred.
FIRST_WITH_GATEWAYS: Version = (1, 3036, 0)
NO_USER_INFO_SINCE = (1, 32352, 0)
_CONSENT_SINCE = (1, 28929, 0)
BASE_URL = "inferenceGatewayBaseUrl"
SURFACES = {
    "chat": ("chatTabEnabled", False),
    "cowork": ("coworkTabEnabled", True),
    "code": ("isClaudeCodeForDesktopEnabled", True),
}
_ALL_OFF = "At least one surface must remain enabled; Cowork has been re-enabled."


class _NotActivated(Exception):
    def __init__(
        self, code: str, message: str, key: str = "", state: str = "invalid_config"
    ) -> None:
        super().__init__(message)
        self.reason = Reason(code, message, key)
        self.state = state


def activate(snapshot: Snapshot, client: Client) -> Activation:
    """What the app starts as on this machine. Never raises."""
    config: Config | None = None
    try:
        _check_build(client)
        config = _config_in_force(snapshot, client)
        _check_mode(snapshot, config)
        _check_provider(config)
        return _third_party(config, client, snapshot)
    except _NotActivated as exc:
        mode = "3p" if exc.state in ("blocked", "setup") else "1p"
        warnings = () if config is None else _complaints(config, client, snapshot)
        others = tuple(warning for warning in warnings if warning != exc.reason.message)
        return Activation(mode, exc.state, reason=exc.reason, warnings=others)


def _complaints(config: Config, client: Client, snapshot: Snapshot) -> tuple[str, ...]:
    """What the client says of settings that it passes over, whether it starts or not."""
    return (
        *(f"{source.path} cannot be read: {source.reason}" for source in snapshot.unreadable),
        *(misreading.misread.says for misreading in config.misreadings),
        *deprecated(config, client),
    )


def _check_build(client: Client) -> None:
    if client.version < FIRST_WITH_GATEWAYS:
        shown = shown_version(client.version)
        raise _NotActivated(
            "too-old", f"build {shown} predates third-party inference", state="unconfigured"
        )


def _config_in_force(snapshot: Snapshot, client: Client) -> Config:
    """The one source that counts, as the client reads it."""
    broken = snapshot.unreadable_managed
    if broken is not None:
        says = f"managed configuration cannot be read: {broken.reason}; local settings are off too"
        raise _NotActivated("managed-unreadable", says)
    winner, _ = in_force(snapshot.sources)
    if winner is None:
        if snapshot.unreadable:
            reason = snapshot.unreadable[0].reason
            raise _NotActivated("unreadable", f"local settings cannot be read: {reason}")
        raise _NotActivated("unconfigured", "nothing is configured", state="unconfigured")
    config = read_config(winner, client)
    _check_unknown_keys(config)
    return _delivered(config, snapshot, client)


def _check_unknown_keys(config: Config) -> None:
    """Repackaged Linux builds refuse their file for one key that they do not know (reported)."""
    if config.unknown and PurePath(config.source.path).name == MANAGED_LINUX[1]:
        key = sorted(config.unknown)[0]
        raise _NotActivated("managed-unreadable", "unrecognized configuration key", key)


def _delivered(config: Config, snapshot: Snapshot, client: Client) -> Config:
    """What a bootstrap server delivered, if this configuration only says where it is."""
    if not config.text("bootstrapUrl") or not config.flag("bootstrapEnabled", True):
        return config
    for source in snapshot.sources:
        if source.form == "nested":
            return read_config(source, client)
    if config.text(BASE_URL):
        return config
    if not is_https(config.text("bootstrapUrl")):
        says = "Invalid managed config: bootstrapUrl: must use https"
        raise _NotActivated("invalid-config", says, "bootstrapUrl")
    raise _NotActivated("setup", "the bootstrap server has not answered yet", state="setup")


def _check_mode(snapshot: Snapshot, config: Config) -> None:
    """Without a mode switch the settings decide. A managed configuration that hides the chooser
    leaves the user no normal sign-in (inferred)."""
    if config.source.tier != "local" and config.flag("disableDeploymentModeChooser", False):
        return
    for source in snapshot.sources:
        if source.form == "mode-switch" and source.mode not in ("", "3p"):
            message = "deploymentMode is not 3p: the app stays in normal sign-in"
            raise _NotActivated("mode-switch", message, "deploymentMode", "unconfigured")


def _check_provider(config: Config) -> None:
    provider = config.text("inferenceProvider")
    if not provider:
        misread = [m.misread.says for m in config.misreadings if m.key == "inferenceProvider"]
        says = misread[0] if misread else "inferenceProvider is not set"
        state = "invalid_config" if misread else "unconfigured"
        raise _NotActivated("no-provider", says, "inferenceProvider", state)
    if provider != "gateway":
        says = f'provider "{provider}" is no gateway, and is not simulated'
        raise _NotActivated("other-provider", says, "inferenceProvider", "blocked")


def _third_party(config: Config, client: Client, snapshot: Snapshot) -> Activation:
    base_url = _base_url(config, client, snapshot)
    stored = snapshot.stored_key if config.source.form == "library" else None
    try:
        planned = plan_credential(config, client, base_url, stored)
    except NoCredentialError as exc:
        raise _NotActivated("no-credential", str(exc), exc.key) from None
    models = _models(config, client)
    full_ids = [model for model in models.entries if not model.needs_discovery]
    features, warnings = _features(config)
    chat_model = _chat_model(full_ids[0], features) if full_ids else ""
    return Activation(
        "3p",
        "healthy",
        _settings(base_url, planned, headers.named_values(config.get(headers.KEY)), chat_model),
        planned.plan,
        models.entries,
        config.flag(DISCOVERY, len(full_ids) < len(models.entries) or not full_ids),
        features,
        warnings=(
            *_complaints(config, client, snapshot),
            *planned.warnings,
            *_on_anthropic(base_url, planned),
            *models.warnings,
            *warnings,
        ),
    )


def _base_url(config: Config, client: Client, snapshot: Snapshot) -> str:
    text = config.text(BASE_URL).strip()
    bootstrap = config.source.tier == "bootstrap"
    if client.version < NO_USER_INFO_SINCE:
        text = _without_user_info(text)
    if "?" in text or "#" in text:
        # the client takes it and glues every path into it (observed on the engine)
        says = "baseUrl: has a query or fragment, so that no request path can be made"
        raise _NotActivated("unsendable", says, BASE_URL, "blocked")
    try:
        url = normal_base_url(text)
    except SettingsError as exc:
        raise _NotActivated("invalid-config", f"Invalid managed config: {exc}", BASE_URL) from None
    if bootstrap and urlsplit(url).scheme == "http":
        says = "Invalid managed config: baseUrl: loopback is refused from a bootstrap server"
        raise _NotActivated("invalid-config", says, BASE_URL)
    if bootstrap and client.version >= _CONSENT_SINCE and not snapshot.consented:
        says = "the user has not agreed to the gateway that bootstrap delivered"
        raise _NotActivated("consent-needed", says, BASE_URL, "setup")
    return url


def _without_user_info(url: str) -> str:
    scheme, sign, rest = url.rpartition("://")
    authority, slash, path = rest.partition("/")
    return scheme + sign + authority.rpartition("@")[2] + slash + path


def _models(config: Config, client: Client) -> Models:
    value = config.get(model_entries.KEY)
    discovers = config.get(DISCOVERY)
    if not isinstance(value, list):
        if discovers is False:
            says = f"{model_entries.KEY} is required when {DISCOVERY} is false"
            raise _NotActivated("invalid-config", says, model_entries.KEY)
        return Models()
    try:
        return read_models(value, None if discovers is None else bool(discovers), client.version)
    except ModelsError as exc:
        raise _NotActivated("invalid-config", str(exc), model_entries.KEY) from None


def _chat_model(model: ConfiguredModel, features: Features) -> str:
    """The default model as the engine is asked for it, marked if the long context is preferred."""
    wide = model.supports_1m and (model.prefers_1m or features.prefer_1m)
    return model.name + WIDE_CONTEXT if wide else model.name


def _settings(
    base_url: str, planned: Planned, custom: dict[str, str], chat_model: str
) -> GatewaySettings:
    """The settings in force. What no request can carry blocks the engine, not the mode."""
    key = planned.plan.key if isinstance(planned.plan, Static) else None
    chat = {"chat_model": chat_model} if chat_model else {}
    try:
        return GatewaySettings(base_url, key, planned.scheme, custom, **chat)
    except SettingsError as exc:
        raise _NotActivated("unsendable", str(exc), state="blocked") from None


def _on_anthropic(base_url: str, planned: Planned) -> tuple[str, ...]:
    host = urlsplit(base_url).hostname or ""
    if planned.scheme == "x-api-key" or not is_within(host, "anthropic.com"):
        return ()
    return (f"{host} expects the auth scheme x-api-key",)


def _features(config: Config) -> tuple[Features, tuple[str, ...]]:
    surfaces = [name for name, (key, on) in SURFACES.items() if config.flag(key, on)]
    recheck = config.get("configRecheckIntervalMinutes")
    idle = config.get("inferenceStreamIdleTimeoutSec")
    features = Features(
        tuple(surfaces) or ("cowork",),
        config.flag("toolSearchEnabled", False),
        config.flag("modelPrefer1mContext", False),
        idle if isinstance(idle, int) else Features.stream_idle_s,
        recheck if isinstance(recheck, int) else None,
    )
    return features, () if surfaces else (_ALL_OFF,)
