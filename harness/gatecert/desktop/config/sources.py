"""The forms in which an administrator ships the configuration, each read into one shape. No I/O.

Source: the client's pages on managed and in-app configuration; the local library as tools that
write it describe it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from gatecert.desktop.config.jsonsources import read_json
from gatecert.desktop.config.keys import KEYS
from gatecert.desktop.config.placed import Place
from gatecert.desktop.config.plist import DOMAIN, PlistError, PlistFile, parse_plist
from gatecert.desktop.config.registry import (
    RegistryError,
    RegistryFile,
    RegistryValue,
    is_registry,
    parse_registry,
)
from gatecert.desktop.config.source import (
    INDEX,
    MANAGED_LINUX,
    MODE_SWITCH,
    Index,
    Oddity,
    Source,
    SourceError,
)
from gatecert.desktop.config.values import Raw

__all__ = [
    "INDEX",
    "MANAGED_LINUX",
    "MODE_SWITCH",
    "Index",
    "Oddity",
    "Source",
    "SourceError",
    "read_source",
]

_PLIST_BEGINNINGS = (b"<?xml", b"<plist", b"<!DOCTYPE plist", b"bplist", b"\x30\x80", b"\x30\x82")
_SEVERAL = 100  # lines that are wrong, after which the file is known to be no export
_PLIST_SUFFIXES = (".mobileconfig", ".plist")


def read_source(path: str, data: bytes) -> list[Source | Index]:
    """What a file sets; a registry export may hold two sources, or none. Raises SourceError."""
    name = PurePath(path).name
    suffix = PurePath(name).suffix.lower()
    if suffix == ".reg" or is_registry(_registry_text(data[:200])):
        return list(_registry(path, data))
    beginning = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if suffix in _PLIST_SUFFIXES or beginning.startswith(_PLIST_BEGINNINGS):
        return [_plist(path, data)]
    return [read_json(path, name, data)]


def _registry(path: str, data: bytes) -> Iterator[Source]:
    text = _registry_text(data)
    try:
        found = parse_registry(text)
    except RegistryError as exc:
        if not text.lstrip("\ufeff").lstrip().startswith(("[", "Windows")):
            raise SourceError(str(exc), Place(1, 1), "foreign") from None
        raise SourceError(str(exc), Place(1, 1), cause="header") from None
    oddities = [*_encoding(data, text), *_of_registry(found)]
    forms = {value.hive.lower(): value.hive for value in found.values}
    if not forms:
        wrong = [value for value in found.elsewhere if value.name in KEYS]
        if wrong or (not found.removes and not found.trouble):
            yield _wrong_key(path, wrong, oddities)
        elif found.trouble:
            yield Source(path, "hklm", {}, tuple(oddities))
        return
    for form in sorted(forms, reverse=True):  # HKLM first
        values = [value for value in found.values if value.hive == forms[form]]
        yield _hive(path, form, values, oddities)
        oddities = []


def _of_registry(found: RegistryFile) -> Iterator[Oddity]:
    for trouble in found.trouble[:_SEVERAL]:
        yield Oddity(f"registry-{trouble.kind}", trouble.name, "", trouble.place)
    wrong = [value for value in found.elsewhere if value.name in KEYS]
    for value in wrong[:1]:
        yield Oddity("wrong-place", value.name, "registry key", value.place)


def _wrong_key(path: str, wrong: list[RegistryValue], oddities: list[Oddity]) -> Source:
    """Settings under a key that the client does not read: read as if they stood under the right
    one, so that their other mistakes are known too. Raises SourceError if there are none."""
    if not wrong:
        reason = "sets nothing under HKLM or HKCU\\SOFTWARE\\Policies\\Claude"
        raise SourceError(reason, Place(1, 1), cause="no-settings")
    return _hive(path, "hklm", wrong, oddities)


def _hive(path: str, form: str, values: list[RegistryValue], extra: list[Oddity]) -> Source:
    raws: dict[str, Raw] = {}
    oddities = list(extra)
    unread = 0
    for value in values:
        if value.subkey and value.hive:
            detail = "stands in a subkey, which the client does not see"
        elif value.kind not in ("REG_SZ", "REG_DWORD"):
            unread += value.kind == "REG_EXPAND_SZ"
            detail = f"is {value.kind}, which the client cannot read"
        elif value.kind == "REG_DWORD" and not _takes_numbers(value.name):
            detail = "is REG_DWORD, which the client reads for booleans and integers alone"
        else:
            raws[value.name] = Raw(value.data, value.place, native=value.kind == "REG_DWORD")
            continue
        oddities.append(Oddity("unread-type", value.name, detail, value.place))
    return Source(path, form, raws, tuple(oddities), unread=unread)


def _takes_numbers(name: str) -> bool:
    key = KEYS.get(name)
    return key is None or key.kind in ("boolean", "integer")


def _registry_text(data: bytes) -> str:
    """The text of an export: UTF-16 as the editor writes it, else UTF-8 or the code page."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _encoding(data: bytes, text: str) -> Iterator[Oddity]:
    if not text.isascii() and data[:2] not in (b"\xff\xfe", b"\xfe\xff") and data[1:2] != b"\0":
        detail = "not UTF-16: regedit reads it in the machine's code page, and letters change"
        yield Oddity("encoding", "", detail, Place(1, 1))


def _plist(path: str, data: bytes) -> Source:
    try:
        found = parse_plist(data)
    except PlistError as exc:
        kind = "syntax" if exc.place.line or b"<plist" in data else "foreign"
        raise SourceError(str(exc), exc.place, kind) from None
    if found.profile and not found.values:
        reason = f"the profile has no payload with settings for {DOMAIN}"
        raise SourceError(reason, Place(1, 1), cause="no-settings")
    raws = {v.name: Raw(v.node.value, v.place, _native(v.node.value), v.node) for v in found.values}
    form = "profile" if found.profile else "plist"
    return Source(path, form, raws, tuple(_of_plist(found)))


def _native(value: object) -> bool:
    return not isinstance(value, str)


def _of_plist(found: PlistFile) -> Iterator[Oddity]:
    if found.foreign:
        yield Oddity("wrong-place", "PayloadType", "preference domain", found.foreign_place)
    for value in found.values:
        if value.twice:
            yield Oddity("twice", value.name, "", value.place)
    wrapped = [value for value in found.values if value.depth and value.name in KEYS]
    for value in wrapped[:1]:
        yield Oddity("wrong-place", value.name, "dictionary", value.place)
