"""The gateway's base URL, and credentials in any other address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from gatecert.credentials import named_like_a_credential
from gatecert.desktop.config.config import Client, Config, Setting
from gatecert.desktop.config.keys import KEYS, is_open
from gatecert.desktop.credentials.plan import KEY as KEY_SETTING
from gatecert.desktop.credentials.plan import SCHEME
from gatecert.desktop.launch_rules import BASE_URL as KEY
from gatecert.desktop.launch_rules import NO_USER_INFO_SINCE
from gatecert.desktop.settings import LOOPBACK, SettingsError, is_https, is_within, normal_base_url
from gatecert.lint.finding import Finding
from gatecert.lint.near import is_misspelt
from gatecert.lint.report import at_file, at_setting
from gatecert.lint.secrets import carries_credential

_ENDPOINT = re.compile(
    r"(?P<version>/v1)?/(?:messages(?:/count_tokens)?|models|chat/completions|complete|responses)$",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_WRAPPED = re.compile("[\"'`<({\u201c\u2018\u201e]|\\[[^:]")
_SLASH_LOST = re.compile(r"https?:(?!//)(?!\d+(/|$))", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=//)[^/?#]*@")
_IN_OIDC = ("issuer", "authorizationUrl", "tokenUrl")


def base_url(config: Config, client: Client) -> Iterator[Finding]:
    """What is wrong with the base URL, if anything."""
    setting = config.settings.get(KEY)
    if setting is not None:
        yield from _form(config, setting, client)
    elif not _is_elsewhere(config):
        yield at_file("missing-url", config, KEY)


def _is_elsewhere(config: Config) -> bool:
    """Whether a bootstrap server tells the URL, or another finding says why there is none."""
    told = config.get("bootstrapUrl") is not None and config.flag("bootstrapEnabled", True)
    refused = any(found.key == KEY for found in config.misreadings)
    return told or refused or is_misspelt(config, KEY)


def user_info(config: Config, client: Client) -> Iterator[Finding]:
    """Credentials in any address, the base URL among them."""
    for name, setting in config.settings.items():
        if KEYS[name].kind == "url" and _has_user_info(setting.value):
            yield _refused(setting, client)
        if KEYS[name].kind == "object" and isinstance(setting.value, dict):
            for member in _IN_OIDC:
                if _has_user_info(setting.value.get(member)):
                    yield _refused(setting, client, member)
    for setting in _of_open_keys(config):
        if "://" in str(setting.value) and _has_user_info(setting.value):
            yield _refused(setting, client)


def _of_open_keys(config: Config) -> Iterator[Setting]:
    """Settings that the client knows by the beginning of their name, such as ``otlpEndpoint``."""
    for name, raw in config.source.raws.items():
        if name not in KEYS and is_open(name):
            yield Setting(name, raw.value, raw, config.source.path)


def bootstrap_url(config: Config) -> Iterator[Finding]:
    """Whether the client would ask the bootstrap server: over https alone."""
    setting = config.settings.get("bootstrapUrl")
    if setting is not None and not is_https(str(setting.value)):
        yield at_setting("value-ignored", setting, "it must be an https URL", fix="write https://")


def _has_user_info(value: object) -> bool:
    if not isinstance(value, str):
        return False
    url = value.strip()
    return bool(_USER_INFO.search(url if _SCHEME.match(url) else "https://" + url))


def _refused(setting: Setting, client: Client, *inside: str) -> Finding:
    drops = client.version < NO_USER_INFO_SINCE
    does = "the client drops them and sends the configured key alone" if drops else ""
    return at_setting("credentials-in-url", setting, does=does, inside=inside)


def _form(config: Config, setting: Setting, client: Client) -> Iterator[Finding]:
    text = str(setting.value)
    url = text.strip()
    if url != text:
        yield at_setting("blanks-in-url", setting)
    if _WRAPPED.match(url):
        yield at_setting("invalid-url", setting, "it stands in quotes or brackets")
        return
    if _SLASH_LOST.match(url):
        does = "the client takes it for a host without a scheme, and asks a host named https"
        yield at_setting("invalid-url", setting, "a slash is missing behind its scheme", does=does)
        return
    if not _SCHEME.match(url):
        yield at_setting("no-scheme", setting)
        url = "https://" + url
    if "?" in url or "#" in url:
        yield _query(setting, url)
    plain = _USER_INFO.sub("", re.sub(r"[?#].*", "", url, flags=re.DOTALL))
    yield from _host(config, setting, plain)


def _query(setting: Setting, url: str) -> Finding:
    text = re.split(r"[?#]", url, maxsplit=1)[1]
    pairs = [part.partition("=") for part in re.split(r"[?#&;]", text)]
    if not any(_is_credential(unquote(name), unquote(value)) for name, _, value in pairs):
        return at_setting("query-in-url", setting)
    fix = f"remove it; the gateway's key belongs into {KEY_SETTING}"
    return at_setting("query-in-url", setting, "it carries a credential", fix=fix)


def _is_credential(name: str, value: str) -> bool:
    return bool(value) and (named_like_a_credential(name) or carries_credential(name, value))


def _host(config: Config, setting: Setting, url: str) -> Iterator[Finding]:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        yield at_setting("invalid-url", setting, "it cannot be read as a URL")
        return
    try:
        normal_base_url(url)
    except SettingsError:
        if parts.scheme == "http" and host and host not in LOOPBACK and url.isascii():
            yield at_setting("plain-http", setting)
        else:
            yield at_setting("invalid-url", setting, _why_invalid(url, parts.scheme, host))
        return
    if host in LOOPBACK and config.source.form == "nested":
        yield at_setting("loopback-from-bootstrap", setting)
    elif host == "localhost":
        yield at_setting("localhost", setting)
    yield from _scheme_of(config, setting, host)
    yield from _path(setting, parts.path)


def _why_invalid(url: str, scheme: str, host: str) -> str:
    if scheme not in ("http", "https"):
        return "its scheme is neither https nor http"
    if not host:
        return "it has no host"
    if not url.isascii():
        return "it has letters outside ASCII"
    return "its host or port is none, or it has a blank inside"


def _scheme_of(config: Config, setting: Setting, host: str) -> Iterator[Finding]:
    """Hosts that are known to take the key in one way."""
    scheme = config.settings.get(SCHEME)
    in_own_header = scheme is not None and scheme.value == "x-api-key"
    if is_within(host, "anthropic.com") and not in_own_header:
        yield at_setting("anthropic-host", setting)
    if is_within(host, "portkey.ai") and scheme is not None and in_own_header:
        yield at_setting("bearer-for-portkey", scheme)


def _path(setting: Setting, path: str) -> Iterator[Finding]:
    bare = path.rstrip("/")
    endpoint = _ENDPOINT.search(bare)
    if endpoint:
        fix = f"end the URL before {endpoint.group().lower()}"
        yield at_setting("full-endpoint", setting, fix=fix)
    elif bare.lower().endswith("/v1"):
        yield at_setting("ends-in-v1", setting)
    if path.endswith("/"):
        yield at_setting("trailing-slash", setting)
