"""Custom headers, and the metadata that an organisation puts into one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gatecert.credentials import holds_a_credential
from gatecert.desktop.config.config import Client, Config, Misreading, Setting
from gatecert.desktop.config.keys import CUT_OFF
from gatecert.desktop.config.placed import JsonError, Node, parse_json
from gatecert.desktop.config.values import kind_of
from gatecert.lint.finding import Finding
from gatecert.lint.policy import Policy
from gatecert.lint.report import at_place, at_setting

KEY = "inferenceCustomHeaders"
OLD_KEY = "inferenceGatewayHeaders"
_MOST_CHARACTERS = 128
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CLIENT_WINS = ("authorization", "anthropic-beta")
_CLIENT_LOSES = ("user-agent", "anthropic-version", "host", "content-length", "x-api-key")
_UNESCAPED = re.compile(r':\s*"\{\s*"')
_LIST_ENTRY = re.compile(r"\s*[\w-]+\s*[:=]")
_SMART = "\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"


def custom_headers(config: Config, client: Client, policy: Policy) -> Iterator[Finding]:
    """What is wrong with the custom headers, and with the metadata among them."""
    old = config.settings.get(OLD_KEY)
    if old is not None:
        does = (
            "ignores it and sends no custom headers" if client.after_cut_off else "still reads it"
        )
        yield at_setting(
            "old-header-key", old, f"the client {does} (it ended {CUT_OFF})", f"name it {KEY}"
        )
    setting = config.settings.get(KEY)
    headers: Mapping[str, Any] = {}
    if setting is not None and isinstance(setting.value, dict):
        headers = setting.value
        yield from _duplicates(setting, headers)
        for name, value in headers.items():
            yield from _header(setting, name, value)
    yield from _metadata(config, setting, headers, policy)


def misread_headers(found: Misreading, client: Client) -> Finding:
    """The finding for custom headers that the client could not read."""
    value, place, path = found.raw.value, found.raw.place, found.path
    listed = isinstance(value, list) or (
        isinstance(value, str) and not value.lstrip().startswith(("{", "'", *_SMART))
    )
    if listed:
        does = (
            "rejects it as malformed and sends no custom headers at all"
            if client.after_cut_off
            else "still reads this form"
        )
        return at_place(
            "old-header-form",
            path,
            KEY,
            place,
            f"the client {does} (lists and strings of headers ended {CUT_OFF})",
            'write one JSON object: {"name": "value"}',
        )
    if isinstance(value, str) and _UNESCAPED.search(value):
        return at_place(
            "metadata-not-json",
            path,
            KEY,
            place,
            "the quotes of the JSON inside the JSON are not escaped, so that the client cannot "
            "parse the headers and sends none",
            r'escape them: {"x-portkey-metadata": "{\"tenant\":\"acme\"}"}',
        )
    return at_place(
        "value-ignored",
        path,
        KEY,
        place,
        f"{found.misread.says}; the client sends no custom headers",
        'write one JSON object: {"name": "value"}, double quotes, no trailing comma',
    )


def _duplicates(setting: Setting, headers: Mapping[str, Any]) -> Iterator[Finding]:
    seen: set[str] = set()
    for name in headers:
        if name.lower() in seen:
            yield at_setting(
                "header-twice",
                setting,
                f"the header {_shown(name)} is given in two cases; which one is sent is not "
                "documented",
                "keep one",
            )
        seen.add(name.lower())


def _header(setting: Setting, name: str, value: Any) -> Iterator[Finding]:
    if not name.strip() or value is None or (isinstance(value, str) and not value.strip()):
        yield at_setting(
            "empty-header",
            setting,
            f"the client drops the header {_shown(name)} without a word",
            "give it a name and a value, or remove it",
        )
        return
    if not isinstance(value, str):
        yield at_setting(
            "header-not-text",
            setting,
            f"the value of {_shown(name)} is {kind_of(value)}, and a header is text",
            r'write it as a string; JSON inside it with its quotes escaped: "{\"a\":\"b\"}"',
        )
        return
    yield from _sendable(setting, name, value)
    lowered = name.strip().lower()
    if holds_a_credential(name, value):
        yield at_setting(
            "credential-in-header",
            setting,
            f"the header {_shown(name)} carries a credential, which stands readable in the "
            "configuration and goes out with every request",
            "put the key into inferenceGatewayApiKey, or let a credential helper add the header",
        )
    elif lowered in (*_CLIENT_WINS, *_CLIENT_LOSES):
        wins = "the client's own value" if lowered in _CLIENT_WINS else "this value"
        yield at_setting(
            "header-overridden",
            setting,
            f"the client sends {_shown(name)} itself; {wins} wins",
            "remove it",
        )


def _sendable(setting: Setting, name: str, value: str) -> Iterator[Finding]:
    refused = [c for c in value if c > "\xff" or (c < " " and c != "\t") or c == "\x7f"]
    if not _NAME.fullmatch(name.strip()):
        yield at_setting(
            "unsendable-header",
            setting,
            f"{_shown(name)} is not a header name; the client refuses to send the request",
            "letters, digits and hyphens",
        )
    elif refused:
        sign = f"U+{ord(refused[0]):04X}"
        yield at_setting(
            "unsendable-header",
            setting,
            f"{_shown(name)} holds {sign}; the client refuses to send the request "
            "('Invalid ANTHROPIC_CUSTOM_HEADERS')",
            r"straight quotes, no line breaks; other letters as \u escapes inside the JSON",
        )
    elif not value.isascii():
        yield at_setting(
            "non-ascii-header",
            setting,
            f"{_shown(name)} has non-ASCII letters, which go out as single Latin-1 bytes; a "
            "gateway that reads UTF-8 sees something else",
            r"write them as \u escapes inside the JSON (in a JSON file: \\u00e9)",
        )


def _metadata(
    config: Config, setting: Setting | None, headers: Mapping[str, Any], policy: Policy
) -> Iterator[Finding]:
    found = [name for name in headers if name.strip().lower() == policy.header.lower()]
    if not found:
        if policy.required and config.text("inferenceProvider") in ("", "gateway"):
            yield at_place(
                "metadata-key-missing",
                config.source.path,
                KEY,
                setting.place if setting else config.settings["inferenceGatewayBaseUrl"].place,
                f"no {policy.header} header is sent, and the policy requires "
                f"{', '.join(policy.required)}",
                f"add {policy.header} to {KEY}",
            )
        return
    value = headers[found[0]]
    if setting is None or not isinstance(value, str) or not value.strip():
        return
    try:
        node = parse_json(value)
    except JsonError as exc:
        yield _not_json(setting, policy.header, value, exc)
        return
    if not isinstance(node.value, dict):
        yield at_setting(
            "metadata-not-object",
            setting,
            f"{policy.header} is {kind_of(node.value)}; the gateway ignores it in silence, or "
            "refuses the request",
            'write one object: {"tenant":"acme"}',
        )
        return
    yield from _members(setting, node, policy)
    yield from _against_policy(setting, node.value, policy)


def _not_json(setting: Setting, header: str, value: str, exc: JsonError) -> Finding:
    reason = exc.reason
    if '\\"' in value:
        reason = "its quotes are escaped once too often"
    return at_setting(
        "metadata-not-json",
        setting,
        f"{header} is not JSON: {reason} (character {exc.place.column} of the value); the gateway "
        "ignores it in silence, or refuses every request",
        "double quotes, no trailing comma, one object",
    )


def _members(setting: Setting, node: Node, policy: Policy) -> Iterator[Finding]:
    for name in node.twice:
        yield at_setting(
            "metadata-key-twice", setting, f"{_shown(name)} is given twice; one is lost", "keep one"
        )
    for name, value in node.value.items():
        if not isinstance(value, str):
            yield at_setting(
                "metadata-value-type",
                setting,
                f"the value of {_shown(name)} in {policy.header} is {kind_of(value)}; gateways "
                "take strings, and drop or refuse the rest",
                "put it in double quotes",
            )
        elif len(value) > _MOST_CHARACTERS:
            yield at_setting(
                "metadata-too-long",
                setting,
                f"the value of {_shown(name)} has {len(value)} characters; "
                f"more than {_MOST_CHARACTERS} are refused",
                "shorten it",
            )


def _against_policy(
    setting: Setting, metadata: Mapping[str, Any], policy: Policy
) -> Iterator[Finding]:
    known = {key.lower(): key for key in policy.keys}
    for name in metadata:
        wanted = known.get(name.lower())
        if wanted is not None and wanted != name:
            yield at_setting(
                "metadata-key-case",
                setting,
                f"{_shown(name)} is {wanted!r} in the policy; keys are case-sensitive, and the "
                "policy does not see it",
                f"write {wanted!r}",
            )
    lowered = {name.lower() for name in metadata}
    for key in policy.required:
        if key.lower() not in lowered:
            yield at_setting(
                "metadata-key-missing", setting, f"the policy requires {key!r}", f"add {key!r}"
            )
    for key, allowed in policy.allowed.items():
        if key in metadata and metadata[key] not in allowed:
            yield at_setting(
                "metadata-value-refused",
                setting,
                f"the value of {key!r} is none that the policy allows",
                f"use one of {', '.join(map(repr, allowed))}",
            )


def _shown(name: str) -> str:
    """A name for a message: bounded, and without what could act on a terminal."""
    return ascii(name[:60])
