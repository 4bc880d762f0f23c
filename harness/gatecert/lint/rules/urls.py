"""The gateway's base URL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from gatecert.desktop.config.config import Client, Config, Setting
from gatecert.desktop.settings import SettingsError, normal_base_url
from gatecert.lint.finding import Finding
from gatecert.lint.report import at_file, at_setting

KEY = "inferenceGatewayBaseUrl"
_ENDPOINT = re.compile(
    r"(?P<version>/v1)?/(?:messages(?:/count_tokens)?|models|chat/completions|complete|responses)$",
    re.IGNORECASE,
)
_REJECTS_USER_INFO = (1, 32352, 0)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def base_url(config: Config, client: Client) -> Iterator[Finding]:
    """What is wrong with the base URL, if anything."""
    setting = config.settings.get(KEY)
    if setting is None:
        if config.text("inferenceProvider") == "gateway" and not config.get("bootstrapUrl"):
            yield at_file(
                "missing-url",
                config,
                "the client says 'baseUrl: Required' and stays in normal sign-in",
                f"set {KEY} to the gateway's address",
                KEY,
            )
        return
    yield from _form(setting, client)


def _form(setting: Setting, client: Client) -> Iterator[Finding]:
    text = str(setting.value)
    url = text.strip()
    if url != text:
        yield at_setting(
            "blanks-in-url",
            setting,
            "the engine trims blanks around the URL, other readers of the setting need not",
            "remove the blanks",
        )
    if not _SCHEME.match(url):
        yield at_setting(
            "no-scheme", setting, "the client prepends https://", "write the scheme out"
        )
        url = "https://" + url
    try:
        parts = urlsplit(url)
        has_user_info = "@" in parts.netloc
    except ValueError:
        parts, has_user_info = None, False
    if has_user_info:
        yield _user_info(setting, client)
    if "?" in url or "#" in url:
        yield at_setting(
            "query-in-url",
            setting,
            "the client glues each request path behind the query or fragment, so that every "
            "request goes to the wrong place",
            "remove the query or fragment; send what it says in a custom header",
        )
    plain = re.sub(r"[?#].*", "", url, flags=re.DOTALL)
    plain = re.sub(r"//[^/]*@", "//", plain)
    yield from _host(setting, plain)
    if parts is not None:
        yield from _path(setting, urlsplit(plain).path)


def _user_info(setting: Setting, client: Client) -> Finding:
    refused = client.version >= _REJECTS_USER_INFO
    return at_setting(
        "credentials-in-url",
        setting,
        "the client refuses the whole configuration"
        if refused
        else "the client drops the credentials and sends the configured key alone",
        "remove user and password; the key belongs into inferenceGatewayApiKey",
    )


def _host(setting: Setting, url: str) -> Iterator[Finding]:
    try:
        normal_base_url(url)
    except SettingsError as exc:
        parts = _split(url)
        if parts is not None and parts.scheme == "http" and parts.hostname:
            yield at_setting(
                "plain-http",
                setting,
                "the client says 'baseUrl: must use https (or http on loopback)' and stays in "
                "normal sign-in",
                "serve the gateway over https; http is for 127.0.0.1, localhost and [::1] alone",
            )
        else:
            yield at_setting("invalid-url", setting, str(exc), "write https://host, or a prefix")
        return
    parts = _split(url)
    if parts is not None and parts.hostname == "localhost":
        yield at_setting(
            "localhost",
            setting,
            "localhost may resolve to ::1 first, where a gateway that listens on 127.0.0.1 "
            "refuses the connection",
            "write 127.0.0.1",
        )


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _path(setting: Setting, path: str) -> Iterator[Finding]:
    bare = path.rstrip("/")
    endpoint = _ENDPOINT.search(bare)
    if endpoint:
        yield at_setting(
            "full-endpoint",
            setting,
            f"the client appends /v1/messages itself: it asks for {bare}/v1/messages, "
            "which is a 404, shown as a problem with the model",
            f"end the URL before {endpoint.group()}",
        )
    elif bare.lower().endswith("/v1"):
        yield at_setting(
            "ends-in-v1",
            setting,
            f"the client appends /v1/messages: it asks for {bare}/v1/messages, which is a 404, "
            "shown as a problem with the model",
            "remove /v1",
        )
    if path.endswith("/"):
        yield at_setting(
            "trailing-slash",
            setting,
            "the desktop strips it; other clients of the same setting do not and ask for //v1",
            "remove the slash",
        )
