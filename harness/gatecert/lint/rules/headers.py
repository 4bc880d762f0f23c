"""Custom headers: their form, their names and values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gatecert.credentials import named_like_a_credential
from gatecert.desktop.config.config import Client, Config, Misreading, Setting
from gatecert.desktop.config.headers import KEY, OLD_KEY, is_older_form
from gatecert.desktop.config.keys import CUT_OFF
from gatecert.desktop.config.placed import JsonError, Node
from gatecert.desktop.config.values import kind_of, parsed_json
from gatecert.desktop.settings import HEADER_NAME
from gatecert.lint.finding import Finding
from gatecert.lint.report import at_place, at_setting
from gatecert.lint.secrets import carries_credential
from gatecert.lint.show import shown

_CLIENT_WINS = ("authorization", "anthropic-beta")
_CLIENT_LOSES = ("user-agent", "anthropic-version", "host", "content-length", "x-api-key")
_UNESCAPED = re.compile(r':\s*"\s*\{\s*"')
_OBJECT_BEGINS = ("{", "'", '"', "\\", "\u2018", "\u2019", "\u201c", "\u201d", "\u201e")
_MOST_BYTES = 12 * 1024
JSON_CAUSES = {
    "smart-quote": "smart-quotes",
    "single-quote": "single-quotes",
    "trailing-comma": "trailing-comma",
    "escaped": "escaped-too-often",
}


def custom_headers(config: Config, client: Client) -> Iterator[Finding]:
    """What is wrong with the custom headers, but for what stands in the metadata."""
    old = config.settings.get(OLD_KEY)
    if old is not None:
        yield from _old_key(old, client)
    setting = config.settings.get(KEY)
    if setting is None or not isinstance(setting.value, dict):
        return
    if client.after_cut_off or setting.raw is not getattr(old, "raw", None):
        yield from _old_form(setting)
    yield from _twice(setting)
    for name, value in setting.value.items():
        yield from _header(setting, name, value)
    size = sum(len(name) + len(str(value)) for name, value in setting.value.items())
    if size > _MOST_BYTES:
        yield at_setting("headers-too-large", setting, f"{size} characters")


def _old_key(old: Setting, client: Client) -> Iterator[Finding]:
    if client.after_cut_off:
        yield at_setting("old-header-key", old)
    else:
        does = f"the client still reads it, until {CUT_OFF}"
        yield at_setting("old-header-key", old, does=does, severity="note")


def _old_form(setting: Setting) -> Iterator[Finding]:
    """A list or string that the client still read, before the cut-off."""
    if not is_older_form(setting.raw.value):
        return
    does = f"the client still reads this form, until {CUT_OFF}"
    yield at_setting("old-header-form", setting, does=does, severity="note")


def misread_headers(found: Misreading) -> Finding:
    """The finding for custom headers that the client could not read."""
    value = found.raw.value
    begins = value.lstrip()[:1] if isinstance(value, str) else ""
    if found.misread.kind == "member":
        return _not_text(found)
    if isinstance(value, list) or begins == "[" or (begins and begins not in _OBJECT_BEGINS):
        return at_place("old-header-form", found.path, KEY, found.raw.place)
    if isinstance(value, str) and _UNESCAPED.search(value):
        return at_place("escaping-lost", found.path, KEY, found.raw.place, _where(found))
    name = JSON_CAUSES.get(found.misread.cause, "value-ignored")
    does = "the client cannot parse the headers and sends none of them"
    fix = 'write one JSON object: {"name": "value"}' if name == "value-ignored" else ""
    return at_place(name, found.path, KEY, found.raw.place, _where(found), does=does, fix=fix)


def _where(found: Misreading) -> str:
    at = found.misread.at
    line = f"line {at.line}, " if at.line > 1 else ""
    place = f" ({line}character {at.column} of the value)" if at.line else ""
    return f"{found.misread.why}{place}"


def _not_text(found: Misreading) -> Finding:
    node = node_of(found.raw.node, found.raw.value)
    members = node.value if node else {}
    name = next((n for n, v in members.items() if not isinstance(v, str)), "")
    detail = f"the value of {shown(name)} is {kind_of(members.get(name))}"
    place = found.raw.at(name) if found.raw.native else found.raw.place
    return at_place("header-not-text", found.path, KEY, place, detail)


def node_of(node: Node | None, value: Any) -> Node | None:
    """The members of an object, whether it is native or stands in a string."""
    if not isinstance(value, str):
        return node
    try:
        return parsed_json(value)
    except JsonError:
        return None


def _twice(setting: Setting) -> Iterator[Finding]:
    headers: Mapping[str, Any] = setting.value if isinstance(setting.value, dict) else {}
    seen: set[str] = set()
    for name in headers:
        if name.strip().lower() in seen:
            detail = f"{shown(name)} is there in two spellings"
            yield at_setting("header-twice", setting, detail, inside=(name,))
        seen.add(name.strip().lower())
    node = node_of(setting.raw.node, setting.raw.value)
    for name in node.twice if node else ():
        yield at_setting("header-twice", setting, shown(name), inside=(name,))


def _header(setting: Setting, name: str, value: str) -> Iterator[Finding]:
    inside, bare = (name,), name.strip()
    lowered = bare.lower()
    if not bare or not value.strip():
        what = "a header has no name" if not bare else f"{shown(name)} has no value"
        yield at_setting("empty-header", setting, what, inside=inside)
        return
    yield from _sendable(setting, name, value)
    if ":" in bare and named_like_a_credential(bare.partition(":")[0]):
        yield at_setting("credential-in-header", setting, "in a header's name", inside=inside)
    elif carries_credential(bare, value):
        detail = f"{shown(bare)} carries a credential"
        yield at_setting("credential-in-header", setting, detail, inside=inside)
    elif lowered in (*_CLIENT_WINS, *_CLIENT_LOSES):
        wins = "the client's own value" if lowered in _CLIENT_WINS else "this value"
        detail = f"the client sends {shown(bare)} itself"
        does = f"{wins} wins"
        yield at_setting("header-overridden", setting, detail, does=does, inside=inside)


def _sendable(setting: Setting, name: str, value: str) -> Iterator[Finding]:
    inside = (name,)
    refused = [c for c in value.strip() if c > "\xff" or (c < " " and c != "\t") or c == "\x7f"]
    if not HEADER_NAME.fullmatch(name.strip()):
        detail = "a name has a sign that no header name may have"
        yield at_setting("unsendable-header", setting, detail, inside=inside)
    elif refused and not _tells_smart_quotes(value):
        detail = f"the value of {shown(name)} holds U+{ord(refused[0]):04X}"
        yield at_setting("unsendable-header", setting, detail, inside=inside)
    elif not refused and not value.isascii():
        yield at_setting("non-ascii-header", setting, shown(name), inside=inside)


def _tells_smart_quotes(value: str) -> bool:
    """Whether the metadata's own finding says already that its quotes are typographic."""
    try:
        parsed_json(value)
    except JsonError as exc:
        return exc.kind == "smart-quote" and value.lstrip().startswith("{")
    return False
