"""Where the credential comes from, and whether there is one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath, PureWindowsPath

from gatecert.desktop.config.config import Client, Config, Setting
from gatecert.desktop.config.keys import CUT_OFF
from gatecert.desktop.config.values import Raw
from gatecert.lint.finding import Finding
from gatecert.lint.report import at_file, at_place, at_setting

KEY = "inferenceGatewayApiKey"
SCHEME = "inferenceGatewayAuthScheme"
KIND = "inferenceCredentialKind"
HELPER = "inferenceCredentialHelper"
OIDC = "inferenceGatewayOidc"
_KINDS_OF_GATEWAY = ("static", "helper-script", "interactive", "oauth", "workforce")
_SCHEME_WORD = re.compile(r"(bearer|basic|token|x-api-key:?)\s+", re.IGNORECASE)
# names under which people put the key of a gateway, none of which the client reads
_OTHER_NAMES = re.compile(
    r"(anthropic_?)?(api|auth)_?(key|token)|inference_?(gateway_?)?(api_?key|auth_?token|key|token)"
    r"|gateway_?(api_?)?key|bearer_?token",
    re.IGNORECASE,
)


def credentials(config: Config, client: Client) -> Iterator[Finding]:
    """What is wrong with the credential, if this is a gateway's configuration."""
    yield from _key(config)
    yield from _scheme(config, client)
    yield from _sources(config, client)
    yield from _helper(config)
    yield from _sign_in(config)


def misplaced(config: Config) -> Iterator[Finding]:
    """Keys of other names that most likely hold the API key."""
    for name, raw in config.unknown.items():
        if is_another_name(name):
            yield at_place(
                "misplaced-key",
                config.source.path,
                name,
                raw.place,
                "the client does not read this key, and finds no credential",
                f"name it {KEY}",
            )


def is_another_name(name: str) -> bool:
    """Whether a key that the client does not know is most likely meant to be the API key."""
    return bool(_OTHER_NAMES.fullmatch(name.replace("-", "_").replace(".", "_")))


def _key(config: Config) -> Iterator[Finding]:
    raw = config.source.raws.get(KEY)
    setting = config.settings.get(KEY)
    if setting is None:
        if raw is not None and (raw.value is None or _is_blank(raw)):
            yield at_place(
                "empty-key",
                config.source.path,
                KEY,
                raw.place,
                "the client takes an empty key as unset and finds no credential",
                "set the key; where the gateway ignores it, write a placeholder",
            )
        return
    text = str(setting.value)
    if _SCHEME_WORD.match(text.strip()):
        yield at_setting(
            "scheme-in-key",
            setting,
            "the client adds the scheme word itself and sends it twice",
            "write the bare key",
        )
    trimmed = text.strip(" \t")
    if not all(" " <= c <= "~" or "\x80" <= c <= "\xff" for c in trimmed) or " " in trimmed:
        yield at_setting(
            "unsendable-key",
            setting,
            "the key holds a blank, a line break, a control character or one above U+00FF; the "
            "client refuses to send it, or the gateway to take it",
            "copy the key again, whole and in one line",
        )


def _is_blank(raw: Raw) -> bool:
    return isinstance(raw.value, str) and not raw.value.strip()


def _scheme(config: Config, client: Client) -> Iterator[Finding]:
    setting = config.settings.get(SCHEME)
    if setting is None or setting.value not in ("sso", "auto"):
        return
    removed = client.after_cut_off
    if setting.value == "sso":
        does = "inference finds no credential and does not start" if removed else "it still works"
        fix = f'remove it and set {KIND} to "interactive"'
    else:
        does = "the client falls back to bearer" if removed else "the client takes it as bearer"
        fix = 'write "bearer"'
    yield at_setting("scheme-removed", setting, f"{does} ({setting.value} ended {CUT_OFF})", fix)


def ways(settings: Mapping[str, Setting], client: Client) -> list[str]:
    """The ways to a credential that a configuration offers, in the words of the kind key."""
    found = []
    if KEY in settings:
        found.append("static")
    if HELPER in settings:
        found.append("helper-script")
    scheme = settings.get(SCHEME)
    if OIDC in settings or (scheme and scheme.value == "sso" and not client.after_cut_off):
        found.append("interactive")
    return found


def _sources(config: Config, client: Client) -> Iterator[Finding]:
    found = ways(config.settings, client)
    kind = config.settings.get(KIND)
    if kind is None:
        if len(found) > 1:
            yield at_file(
                "several-credentials",
                config,
                f"the client warns 'Multiple credential methods configured' and uses {found[-1]}",
                f"set {KIND} to the one that is meant, and remove the others",
                KIND,
            )
        if not found and KEY not in config.source.raws:
            yield at_file(
                "missing-key",
                config,
                "the client says 'no credential configured for provider \"gateway\"' and stays in "
                "normal sign-in",
                f"set {KEY}, {HELPER}, or {KIND} to interactive",
                KEY,
            )
        return
    yield from _of_kind(config, kind, found)


def _of_kind(config: Config, kind: Setting, found: list[str]) -> Iterator[Finding]:
    value = str(kind.value)
    needs = {"static": KEY, "helper-script": HELPER}
    if value not in _KINDS_OF_GATEWAY:
        yield at_setting(
            "not-activated",
            kind,
            f'the client says \'{KIND} "{value}" is not supported for provider "gateway"\'',
            "use static, helper-script or interactive",
        )
    elif value in needs and value not in found:
        yield at_setting(
            "missing-key",
            kind,
            f"the client says '{KIND} is \"{value}\" but {needs[value]} is not set'",
            f"set {needs[value]}, or remove {KIND}",
        )


def _helper(config: Config) -> Iterator[Finding]:
    setting = config.settings.get(HELPER)
    if setting is None:
        return
    text = str(setting.value)
    network = text.startswith(("\\\\", "//"))
    absolute = PurePosixPath(text).is_absolute() or PureWindowsPath(text).is_absolute()
    if network or not absolute:
        yield at_setting(
            "helper-path",
            setting,
            "the client does not start the helper (bad-path): it must be an absolute local path",
            "name the executable by its whole path, on a local disk, without arguments",
        )


def _sign_in(config: Config) -> Iterator[Finding]:
    setting = config.settings.get(OIDC)
    if setting is None or not isinstance(setting.value, dict):
        return
    oidc = setting.value
    lacks = []
    if not oidc.get("clientId"):
        lacks.append("clientId")
    if not oidc.get("issuer") and not (oidc.get("authorizationUrl") and oidc.get("tokenUrl")):
        lacks.append("either issuer, or both authorizationUrl and tokenUrl,")
    if oidc.get("bearerTokenType") == "access_token" and not oidc.get("scopes"):
        lacks.append("scopes (bearerTokenType is access_token)")
    for what in lacks:
        yield at_setting(
            "sign-in-incomplete", setting, f"the client says '{what} required'", f"add {what}"
        )
    port = oidc.get("redirectPort")
    if port is not None and not (isinstance(port, int) and 1024 <= port <= 65_535):
        yield at_setting(
            "sign-in-incomplete", setting, "redirectPort is refused", "use 1024 to 65535, or none"
        )
