"""Files and sources: what is read, what is not, and which source counts."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from gatecert.desktop.config.config import Client, Config, Misreading
from gatecert.desktop.config.keys import KEYS, shown_version
from gatecert.desktop.config.sources import Source
from gatecert.desktop.config.values import Raw
from gatecert.lint.finding import Finding
from gatecert.lint.report import at_file, at_place
from gatecert.lint.rules import credentials, headers

_ODDITIES = {
    "twice": ("given-twice", "keep one of them"),
    "encoding": ("encoding", "save it as UTF-8 without a byte order mark (a .reg as UTF-16)"),
    "unread-type": ("unread-type", "export it as REG_SZ directly under Policies\\Claude"),
    "other-key": ("unknown-key", "the client reads SOFTWARE\\Policies\\Claude in HKLM and HKCU"),
    "registry-line": ("value-ignored", 'write "name"="value", with \\\\ and \\" escaped'),
}
_LIMITED = {"organizationInstructions": 3000}
_MODES = ("1p", "3p")


def oddities(source: Source) -> Iterator[Finding]:
    """What the reader noticed about the file itself."""
    for found in source.oddities:
        name, fix = _ODDITIES[found.kind]
        yield at_place(name, source.path, found.key, found.place, found.detail, fix)


def values(config: Config, client: Client) -> Iterator[Finding]:
    """Values that the client takes as unset."""
    for found in config.misreadings:
        yield _misread(found, client)
    for name, most in _LIMITED.items():
        if len(config.text(name)) > most:
            setting = config.settings[name]
            yield at_place(
                "value-ignored",
                config.source.path,
                name,
                setting.place,
                f"has {len(config.text(name))} characters; the client takes {most}",
                "shorten it",
            )


def _misread(found: Misreading, client: Client) -> Finding:
    if found.key == headers.KEY:
        return headers.misread_headers(found, client)
    name, fix = "value-ignored", "write it as the message says"
    if found.key == credentials.SCHEME:
        name, fix = "unknown-scheme", "write bearer or x-api-key, in lower case"
    elif found.key == "inferenceProvider":
        name, fix = "not-activated", 'write "gateway"'
    elif found.misread.kind == "boolean":
        fix = "write true or false"
    return at_place(
        name,
        found.path,
        found.key,
        found.raw.place,
        f"{found.misread.says}; the client takes it as unset",
        fix,
    )


def unknown_keys(config: Config, client: Client) -> Iterator[Finding]:
    """Keys that the client does not read."""
    strict = config.source.form == "managed-json"
    for name, raw in config.unknown.items():
        if credentials.is_another_name(name):
            continue
        if "." in name and config.source.form != "nested":
            yield _dotted(config, name, raw)
            continue
        near = difflib.get_close_matches(name, KEYS, n=1, cutoff=0.75)
        does = (
            "newer builds ignore the whole file for it ('unrecognized configuration key')"
            if strict
            else "the client ignores it"
        )
        yield at_place(
            "unknown-key",
            config.source.path,
            _bounded(name),
            raw.place,
            does,
            f"did you mean {near[0]}?" if near else "remove it",
        )
    for name, raw in config.too_new.items():
        yield at_place(
            "key-too-new",
            config.source.path,
            name,
            raw.place,
            f"came with {shown_version(KEYS[name].since)}; a client of "
            f"{shown_version(client.version)} ignores it",
            "update the client first",
        )


def _dotted(config: Config, name: str, raw: Raw) -> Finding:
    return at_place(
        "dotted-key",
        config.source.path,
        _bounded(name),
        raw.place,
        "the client never reads keys with dots from a flat file",
        "use the flat key, or one JSON object under the top-level key",
    )


def _bounded(name: str) -> str:
    return name if name.isascii() and name.isprintable() and len(name) <= 60 else ascii(name[:60])


def mode_switch(source: Source) -> Iterator[Finding]:
    """The switch between normal sign-in and third-party mode."""
    if source.form != "mode-switch" or not source.mode:
        return
    if source.mode not in _MODES:
        message = "deploymentMode is neither 1p nor 3p"
    elif source.mode == "1p":
        message = "deploymentMode is 1p: the app stays in normal sign-in, whatever is applied"
    else:
        return
    yield at_place(
        "mode-is-1p", source.path, "deploymentMode", source.mode_place, message, 'write "3p"'
    )


def activation(config: Config) -> Iterator[Finding]:
    """Whether a source that speaks of a gateway names the provider."""
    if config.get("inferenceProvider") is not None or config.get("bootstrapUrl") is not None:
        return
    if any(m.key == "inferenceProvider" for m in config.misreadings):
        return
    about: Mapping[str, object] = {
        name: value for name, value in config.settings.items() if name.startswith("inference")
    }
    if about:
        yield at_file(
            "not-activated",
            config,
            "inferenceProvider is not set: third-party mode does not start, and the app silently "
            "stays in normal sign-in",
            'set inferenceProvider to "gateway"',
            "inferenceProvider",
        )
