"""The metadata that an organisation puts into a custom header: one JSON object of strings."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gatecert.desktop.config.config import Config, Setting
from gatecert.desktop.config.headers import KEY
from gatecert.desktop.config.placed import NOWHERE, JsonError, Node, parse_json
from gatecert.desktop.config.values import kind_of
from gatecert.lint.finding import Finding
from gatecert.lint.policy import Policy
from gatecert.lint.report import at_place, at_setting
from gatecert.lint.rules.headers import JSON_CAUSES
from gatecert.lint.show import shown

_MOST_CHARACTERS = 128
_NEAR = 0.85
# what a web page that guards addresses from robots gives to those who copy one
_HIDDEN_ADDRESS = "[email protected]"
_USUAL_KEYS = frozenset({"tenant", "user", "_user", "team", "env", "environment", "project"})
_ESCAPED = re.compile(r'\{\s*\\+"')


def metadata(config: Config, policy: Policy) -> Iterator[Finding]:
    """What is wrong with the metadata header, if there is one or the policy asks for it."""
    setting = config.settings.get(KEY)
    headers = setting.value if setting is not None and isinstance(setting.value, dict) else {}
    wanted = policy.header.lower()
    name = next((n for n in headers if n.strip().lower() == wanted), "")
    if setting is None or not name:
        yield from _absent(config, setting, headers, policy)
        return
    value = headers[name]
    if isinstance(value, str) and value.strip():
        yield from _value(_At(setting, name), value.strip(), policy)


class _At:
    """Reports at the metadata header of a setting."""

    def __init__(self, setting: Setting, header: str) -> None:
        self._setting = setting
        self._header = header

    def __call__(self, name: str, detail: str, fix: str = "") -> Finding:
        detail = f"{self._header.strip().lower()}: {detail}"
        return at_setting(name, self._setting, detail, fix=fix, inside=(self._header,))


def _absent(
    config: Config, setting: Setting | None, headers: Mapping[str, Any], policy: Policy
) -> Iterator[Finding]:
    near = [n for n in headers if _plain(n) != policy.header.lower() and _is_near(n, policy.header)]
    if setting is not None and near:
        fix = f"write {policy.header}"
        yield at_setting("misspelt-header", setting, shown(near[0]), fix=fix, inside=(near[0],))
    elif setting is not None and (bare := _as_headers(headers, policy)):
        detail = ", ".join(shown(name) for name in bare)
        yield at_setting("metadata-as-headers", setting, detail, inside=(bare[0],))
    elif policy.required and not any(m.key == KEY for m in config.misreadings):
        place = setting.place if setting else NOWHERE
        detail = f"no {policy.header} is sent; the policy requires {', '.join(policy.required)}"
        fix = f"add {policy.header} to {KEY}"
        yield at_place("metadata-key-missing", config.source.path, KEY, place, detail, fix=fix)


def _as_headers(headers: Mapping[str, Any], policy: Policy) -> list[str]:
    """Headers that are most likely keys of the metadata: two or more of its usual words."""
    words = {key.lower() for key in policy.keys} or _USUAL_KEYS
    found = [name for name in headers if _plain(name) in words]
    return found if len(found) > 1 else []


def _plain(name: str) -> str:
    return name.strip().lower()


def _is_near(name: str, header: str) -> bool:
    one, other = (re.sub(r"[-_ ]", "", text.lower()) for text in (name, header))
    return difflib.SequenceMatcher(None, one[:60], other).ratio() >= _NEAR


def _value(at: _At, value: str, policy: Policy) -> Iterator[Finding]:
    try:
        node = parse_json(value)
    except JsonError as exc:
        yield _not_json(at, value, exc)
        return
    if isinstance(node.value, str) and node.value.lstrip().startswith("{"):
        yield at("escaped-too-often", "the JSON is a string that holds JSON once more")
    elif not isinstance(node.value, dict):
        yield at("metadata-not-object", f"is {kind_of(node.value)}")
    else:
        yield from _members(at, node)
        yield from _against_policy(at, node.value, policy)


def _not_json(at: _At, value: str, exc: JsonError) -> Finding:
    where = f"character {exc.place.column} of the value"
    if exc.place.line > 1:
        where = f"line {exc.place.line}, {where}"
    name = JSON_CAUSES.get(exc.kind, "metadata-not-json")
    if _ESCAPED.match(value):
        name = "escaped-too-often"
    return at(name, f"{exc.reason} ({where})")


def _members(at: _At, node: Node) -> Iterator[Finding]:
    for name in node.twice:
        yield at("metadata-key-twice", shown(name))
    for name, value in node.value.items():
        if not isinstance(value, str):
            yield at("metadata-value-type", f"the value of {shown(name)} is {kind_of(value)}")
        elif len(value) > _MOST_CHARACTERS:
            detail = f"the value of {shown(name)} has {len(value)} characters"
            yield at("metadata-too-long", detail)
        elif _HIDDEN_ADDRESS in value.replace("\xa0", " "):
            yield at("hidden-address", f"the value of {shown(name)}")


def _against_policy(at: _At, found: Mapping[str, Any], policy: Policy) -> Iterator[Finding]:
    known = {key.lower(): key for key in policy.keys}
    for name in found:
        wanted = known.get(name.strip().lower())
        if wanted is not None and name not in policy.keys:
            detail = f"{shown(name)} is {wanted!r} in the policy"
            yield at("metadata-key-case", detail, f"write {wanted!r}")
    there = {name.strip().lower() for name in found}
    for key in policy.required:
        if key.lower() not in there:
            yield at("metadata-key-missing", repr(key), f"add {key!r}")
    for key, allowed in policy.allowed.items():
        if key in found and found[key] not in allowed:
            fix = f"use one of {', '.join(map(repr, allowed))}"
            yield at("metadata-value-refused", f"the value of {key!r}", fix)
