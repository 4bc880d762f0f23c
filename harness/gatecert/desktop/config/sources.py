"""The forms in which an administrator ships the configuration, each read into one shape. No I/O.

Source: the client's pages on managed and in-app configuration; the local library as tools that
write it describe it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from gatecert.desktop.config.keys import KEYS, flat_name
from gatecert.desktop.config.placed import JsonError, Node, Place, parse_json
from gatecert.desktop.config.plist import PlistError, parse_plist
from gatecert.desktop.config.registry import RegistryError, RegistryValue, parse_registry
from gatecert.desktop.config.values import Raw

INDEX = "_meta.json"
MODE_SWITCH = "claude_desktop_config.json"
MANAGED_LINUX = ("managed-settings.json", "enterprise.json")
_CLUSTERS = ("inference", "models", "workspace", "codeSurface", "chatSurface", "coworkSurface")
# objects that are values themselves, and no clusters of keys
_WHOLE = {name for name, key in KEYS.items() if key.kind in ("object", "any")}


class SourceError(ValueError):
    """A file that is no configuration of Claude Desktop; ``place`` says where, if it can."""

    def __init__(self, reason: str, place: Place = Place()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place


@dataclass(frozen=True)
class Oddity:
    """Something about a source that no single value explains. ``kind`` is one of a few words."""

    kind: str
    key: str
    detail: str
    place: Place = Place()


@dataclass(frozen=True)
class Source:
    """What one file sets. ``form`` is ``library``, ``mode-switch``, ``managed-json``, ``nested``,
    ``profile``, ``plist``, ``hklm`` or ``hkcu``; ``raws`` are the values by their flat key.

    ``tier`` is ``managed``, ``bootstrap`` or ``local``; a mode switch has ``mode``.
    """

    path: str
    form: str
    raws: Mapping[str, Raw]
    oddities: tuple[Oddity, ...] = ()
    mode: str = ""
    mode_place: Place = Place()

    @property
    def tier(self) -> str:
        """Who wins: managed over bootstrap over local."""
        if self.form == "nested":
            return "bootstrap"
        return "local" if self.form in ("library", "mode-switch") else "managed"


@dataclass(frozen=True)
class Index:
    """The local library's index: the profile that is applied, and those that there are."""

    path: str
    applied: str
    entries: Mapping[str, str]
    places: Mapping[str, Place] = field(default_factory=dict)


def read_source(path: str, data: bytes) -> list[Source | Index]:
    """What a file sets; a registry export may hold two sources. Raises SourceError."""
    name = PurePath(path).name
    suffix = PurePath(name).suffix.lower()
    if suffix == ".reg":
        return list(_registry(path, data))
    if suffix in (".mobileconfig", ".plist") or data.lstrip()[:5] in (b"<?xml", b"bplis", b"<plis"):
        return [_plist(path, data)]
    return [_json(path, name, data)]


def _registry(path: str, data: bytes) -> Iterator[Source]:
    text, oddities = _registry_text(data)
    try:
        found = parse_registry(text)
    except RegistryError as exc:
        raise SourceError(str(exc), Place(1, 1)) from None
    oddities += [Oddity("registry-line", "", t.reason, t.place) for t in found.trouble]
    hives = {value.hive for value in found.values}
    if not hives:
        where = found.elsewhere[0] if found.elsewhere else ("", Place())
        raise SourceError("sets nothing under HKLM or HKCU\\SOFTWARE\\Policies\\Claude", where[1])
    oddities += [
        Oddity("other-key", "", f"a key that the client does not read: {key}", place)
        for key, place in found.elsewhere
    ]
    for hive in sorted(hives, reverse=True):  # HKLM first
        values = [value for value in found.values if value.hive == hive]
        yield _hive(path, hive.lower(), values, oddities)
        oddities = []


def _hive(path: str, form: str, values: list[RegistryValue], extra: list[Oddity]) -> Source:
    raws: dict[str, Raw] = {}
    oddities = list(extra)
    for value in values:
        if value.subkey:
            detail = f"stands in the subkey {value.subkey}, which the client does not see"
        elif value.kind not in ("REG_SZ", "REG_DWORD"):
            detail = f"is {value.kind}, which the client cannot read"
        elif value.kind == "REG_DWORD" and not _takes_numbers(value.name):
            detail = "is REG_DWORD; the client reads numbers only for booleans and integers"
        else:
            raws[value.name] = Raw(value.data, value.place, native=value.kind == "REG_DWORD")
            continue
        oddities.append(Oddity("unread-type", value.name, detail, value.place))
    return Source(path, form, raws, tuple(oddities))


def _takes_numbers(name: str) -> bool:
    key = KEYS.get(name)
    return key is None or key.kind in ("boolean", "integer")


def _registry_text(data: bytes) -> tuple[str, list[Oddity]]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), []
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", "replace"), []
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    if text.isascii():
        return text, []
    detail = "not UTF-16: regedit reads the file in the machine's code page, and letters change"
    return text, [Oddity("encoding", "", detail, Place(1, 1))]


def _plist(path: str, data: bytes) -> Source:
    try:
        found = parse_plist(data)
    except PlistError as exc:
        raise SourceError(str(exc)) from None
    if found.profile and not found.values:
        raise SourceError(
            "the profile has no payload with keys for com.anthropic.claudefordesktop"
            + (f" (it has {', '.join(sorted(set(found.domains)))})" if found.domains else "")
        )
    raws = {v.name: Raw(v.value, v.place, not isinstance(v.value, str)) for v in found.values}
    return Source(path, "profile" if found.profile else "plist", raws)


def _json(path: str, name: str, data: bytes) -> Source | Index:
    text, oddities = _json_text(data)
    try:
        node = parse_json(text)
    except JsonError as exc:
        raise SourceError(f"not JSON: {exc.reason}", exc.place) from None
    if not isinstance(node.value, dict):
        raise SourceError("not a JSON object", node.place)
    oddities += [
        Oddity("twice", key, "is given twice; the last one counts", node.names[key])
        for key in node.twice
    ]
    if name == INDEX or "appliedId" in node.members:
        return _index(path, node)
    if name == MODE_SWITCH or "deploymentMode" in node.members:
        return _mode_switch(path, node, oddities)
    if name in MANAGED_LINUX:
        return Source(path, "managed-json", _flat(node), tuple(oddities))
    if any(_is_cluster(key, node.members) for key in _CLUSTERS):
        raws = dict(_nested(node, []))
        return Source(path, "nested", raws, tuple(oddities))
    return Source(path, "library", _flat(node), tuple(oddities))


def _json_text(data: bytes) -> tuple[str, list[Oddity]]:
    oddities = []
    encoding = "utf-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
        oddities.append(Oddity("encoding", "", "is UTF-16, and JSON must be UTF-8", Place(1, 1)))
    elif data.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
        oddities.append(Oddity("encoding", "", "begins with a byte order mark", Place(1, 1)))
    try:
        return data.decode(encoding), oddities
    except UnicodeDecodeError as exc:
        line = data[: exc.start].count(b"\n") + 1
        raise SourceError("neither UTF-8 text nor a property list", Place(line, 0)) from None


def _index(path: str, node: Node) -> Index:
    applied = node.value.get("appliedId")
    listed = node.members.get("entries", Node([])).items
    entries = {
        str(item.value["id"]): str(item.value.get("name", ""))
        for item in listed
        if isinstance(item.value, dict) and "id" in item.value
    }
    return Index(path, applied if isinstance(applied, str) else "", entries, node.names)


def _mode_switch(path: str, node: Node, oddities: list[Oddity]) -> Source:
    mode = node.value.get("deploymentMode")
    older = node.members.get("enterpriseConfig", Node({}))
    raws = _flat(older) if isinstance(older.value, dict) else {}
    place = node.names.get("deploymentMode", Place())
    said = mode if isinstance(mode, str) else ("" if mode is None else "?")
    return Source(path, "mode-switch", raws, tuple(oddities), said, place)


def _flat(node: Node) -> dict[str, Raw]:
    return {
        name: Raw(member.value, node.names[name], not isinstance(member.value, str))
        for name, member in node.members.items()
    }


def _is_cluster(name: str, members: Mapping[str, Node]) -> bool:
    return name in members and isinstance(members[name].value, dict)


def _nested(node: Node, path: list[str]) -> Iterator[tuple[str, Raw]]:
    for name, member in node.members.items():
        here = [*path, name]
        flat = flat_name(here)
        whole: Any = flat in _WHOLE or flat in KEYS
        if isinstance(member.value, dict) and not whole:
            yield from _nested(member, here)
        else:
            yield flat, Raw(member.value, node.names[name], not isinstance(member.value, str))
