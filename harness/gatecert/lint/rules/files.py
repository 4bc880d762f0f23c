"""Files and sources: what is read, what is not, and whether third-party mode starts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import PurePath

from gatecert.desktop.config.config import Client, Config, Misreading
from gatecert.desktop.config.headers import KEY as HEADERS
from gatecert.desktop.config.keys import CLUSTERS, KEYS, nested_place, shown_version
from gatecert.desktop.config.source import Oddity, Source
from gatecert.desktop.config.values import Raw
from gatecert.desktop.credentials.plan import SCHEME
from gatecert.lint.finding import Finding
from gatecert.lint.near import SEVERAL, all_meant, group_meant, meant
from gatecert.lint.report import at_file, at_place
from gatecert.lint.rules import credentials, headers
from gatecert.lint.show import is_plain, shown

PROVIDER = "inferenceProvider"
_ODDITIES = {
    "twice": "given-twice",
    "encoding": "encoding",
    "utf-16": "not-utf8",
    "unread-type": "unread-type",
    "flat-in-nested": "flat-in-nested",
    "wrong-place": "wrong-place",
    "registry-line": "registry-line",
    "registry-backslash": "lone-backslash",
    "registry-quotes": "escaping-lost",
}
_PLACES = {
    "registry key": "the client reads SOFTWARE\\Policies\\Claude under HKLM and HKCU alone",
    "preference domain": "the client reads the domain com.anthropic.claudefordesktop alone",
    "mode switch": "the client reads deploymentMode from this file; settings belong into a profile "
    "of configLibrary, or into a managed source",
    "dictionary": "the client reads what stands in the payload itself, not in a dictionary in it",
}
_NEEDS = {
    "inferenceModelPricing": "inferenceModelPricingEnabled",
    "inferenceModelPricingMultiplier": "inferenceModelPricingEnabled",
    "inferenceMaxTokensPerWindow": "inferenceTokenWindowHours",
    "inferenceTokenWindowHours": "inferenceMaxTokensPerWindow",
}
_SHAPES = {"array": '["..."]', "object": '{"...": "..."}'}
_QUOTES_FIX = r'escape each quote inside the text: "{\"x-team\":\"a\"}"; a quote that is already'
_QUOTES_FIX += r" escaped becomes \\\""


def oddities(source: Source) -> Iterator[Finding]:
    """What the reader noticed about the file itself."""
    for found in source.oddities[:SEVERAL]:
        yield _odd(source, found)


def _odd(source: Source, found: Oddity) -> Finding:
    name = _ODDITIES[found.kind]
    key = found.key if is_plain(found.key) else ""
    detail, does, fix = found.detail, "", ""
    if found.kind == "wrong-place":
        detail, does = "", _PLACES[found.detail]
    elif found.kind == "flat-in-nested":
        fix = f"write {nested_place(found.key)}"
    elif found.kind == "registry-quotes":
        does, fix = "regedit cannot read the text, and leaves the value out", _QUOTES_FIX
    return at_place(name, source.path, key, found.place, detail, does=does, fix=fix)


def values(config: Config) -> Iterator[Finding]:
    """Values that the client takes as unset."""
    for found in config.misreadings:
        if found.key == HEADERS:
            yield headers.misread_headers(found)
        else:
            yield _misread(found)
    for name, setting in config.settings.items():
        most = KEYS[name].most
        if most is not None and len(str(setting.value)) > most:
            detail = f"has {len(str(setting.value))} characters, and {most} are taken"
            place = setting.place
            yield at_place("value-ignored", setting.path, name, place, detail, fix="shorten it")


def _misread(found: Misreading) -> Finding:
    says, why = f"the client says '{found.misread.says}'", found.misread.why
    name, detail = "value-ignored", f"{says} ({why})"
    fix = why.partition(", and is")[0].replace("it must be", "make it")
    if found.key == SCHEME:
        name, detail, fix = "unknown-scheme", says, ""
    elif found.key == PROVIDER:
        name, detail, fix = "not-activated", says, 'write "gateway", in lower case'
    elif found.misread.kind == "json":
        wanted = KEYS[found.key].kind
        detail = _in_the_value(found)
        fix = f"write JSON, here an {wanted}: {_SHAPES[wanted]}, double quotes, no trailing comma"
    return at_place(name, found.path, found.key, found.raw.place, detail, fix=fix)


def _in_the_value(found: Misreading) -> str:
    place = found.misread.at
    line = f"line {place.line}, " if place.line > 1 else ""
    where = f"{line}character {place.column} of the value"
    return f"not JSON: {found.misread.why} ({where}); the client says '{found.misread.says}'"


def unknown_keys(config: Config, client: Client) -> Iterator[Finding]:
    """Keys that the client does not read."""
    for name, raw in islice(config.unknown.items(), SEVERAL):
        yield from _unknown(config, name, raw)
    for name, raw in config.too_new.items():
        detail = (
            f"came with {shown_version(KEYS[name].since)}, and the client is "
            f"{shown_version(client.version)}"
        )
        yield at_place("key-too-new", config.source.path, name, raw.place, detail)


def _unknown(config: Config, name: str, raw: Raw) -> Iterator[Finding]:
    form, path = config.source.form, config.source.path
    key, known = name if is_plain(name) else "", meant(name)
    if form != "nested" and name in CLUSTERS:
        yield at_place("nested-in-flat", path, key, raw.place)
    elif form != "nested" and "." in name:
        fix = f"write {known}" if known else ""
        yield at_place("dotted-key", path, key, raw.place, fix=fix)
    elif known:
        fix = f"write {nested_place(known) if form == 'nested' else known}"
        yield at_place("misspelt-key", path, key, raw.place, fix=fix)
    elif isinstance(raw.value, dict) and group_meant(name):
        yield at_place("misspelt-key", path, key, raw.place, fix=f"write {group_meant(name)}")
    elif credentials.is_another_name(name):
        return  # told as a misplaced key
    elif form == "managed-json":
        yield at_place("key-spoils-file", path, key, raw.place, "" if key else shown(name))
    elif form not in ("nested", "mode-switch"):
        yield at_place("unknown-key", path, key, raw.place, "" if key else shown(name))


def mode_switch(source: Source) -> Iterator[Finding]:
    """The switch between normal sign-in and third-party mode."""
    if source.form != "mode-switch" or source.mode == "3p":
        return
    unset = not source.mode
    if unset and (source.raws or PurePath(source.path).parent.name != "Claude-3p"):
        return
    detail = {"1p": "deploymentMode is 1p", "": "deploymentMode is not set"}.get(
        source.mode, "deploymentMode is neither 1p nor 3p"
    )
    place, severity = source.mode_place, "note" if unset else ""
    yield at_place(
        "mode-is-not-3p", source.path, "deploymentMode", place, detail, severity=severity
    )


def activation(config: Config) -> Iterator[Finding]:
    """Whether a source that speaks of a gateway names the provider, and sets anything at all."""
    told = {m.key for m in config.misreadings} | all_meant(config.unknown)
    if PROVIDER in told or config.get(PROVIDER) or config.get("bootstrapUrl"):
        return
    if any(name.startswith("inference") and name in KEYS for name in config.source.raws):
        yield at_file("not-activated", config, PROVIDER, f"{PROVIDER} is not set")


def inert(config: Config, client: Client) -> Iterator[Finding]:
    """Keys that have no effect without another one."""
    for name, needed in _NEEDS.items():
        setting = config.settings.get(name)
        known = KEYS[needed].since <= client.version
        if setting is not None and known and config.get(needed) in (None, False):
            detail, fix = f"{needed} is not set", f"set {needed}, or remove {name}"
            yield at_place("inert-key", setting.path, name, setting.place, detail, fix=fix)


def emptiness(config: Config) -> Iterator[Finding]:
    """Whether a source has no key at all that the client knows or that was meant to be one."""
    source = config.source
    known = any(name in KEYS or name in CLUSTERS for name in source.raws)
    told = source.oddities or source.unread or source.form == "mode-switch"
    if not known and not told and not all_meant(source.raws):
        yield at_file("sets-nothing", config, "")
