"""Windows registry exports (``.reg``): what they set, where, and what the client can read of it.

Format: Microsoft's description of .reg files (version 5.00 and REGEDIT4). Which types the client
reads: its configuration reference (REG_SZ; REG_DWORD for booleans and integers; REG_EXPAND_SZ is
counted but not read; QWORD, MULTI_SZ, BINARY and subkeys are not seen). No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gatecert.desktop.config.placed import Place

_HEADERS = ("windows registry editor version 5.00", "regedit4")
_VALUE = re.compile(r'\s*(?:"(?P<name>(?:[^"\\]|\\.)*)"|(?P<default>@))\s*=\s*(?P<data>.*?)\s*')
_STRING = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"\s*(?:;.*)?', re.DOTALL)
_DWORD = re.compile(r"dword:\s*(?P<number>[0-9a-f]{1,8})\s*(?:;.*)?", re.IGNORECASE)
_HEX = re.compile(r"hex(?:\((?P<kind>[0-9a-f]{1,8})\))?:(?P<bytes>[0-9a-f,\s]*)(?:;.*)?", re.I)
_HEX_KINDS = {
    "0": "REG_NONE",
    "1": "REG_SZ",
    "2": "REG_EXPAND_SZ",
    "3": "REG_BINARY",
    "4": "REG_DWORD",
    "7": "REG_MULTI_SZ",
    "b": "REG_QWORD",
}
_POLICY = re.compile(r"SOFTWARE\\Policies\\Claude(?P<sub>\\.+)?", re.IGNORECASE)
_ROOTS = {
    "HKEY_LOCAL_MACHINE": "HKLM",
    "HKLM": "HKLM",
    "HKEY_CURRENT_USER": "HKCU",
    "HKCU": "HKCU",
}


@dataclass(frozen=True)
class RegistryValue:
    """One value: ``data`` is text, a number for REG_DWORD, or None for types that go unread.

    ``hive`` is ``HKLM`` or ``HKCU``; ``subkey`` is ``""`` for values of the policy key itself.
    """

    hive: str
    subkey: str
    name: str
    kind: str
    data: str | int | None
    place: Place


@dataclass(frozen=True)
class RegistryTrouble:
    """A line that the registry editor would not take as it was meant."""

    reason: str
    place: Place


@dataclass(frozen=True)
class RegistryFile:
    """The policy values of a file, the other keys that it writes to, and lines that are wrong."""

    values: tuple[RegistryValue, ...]
    elsewhere: tuple[tuple[str, Place], ...]
    trouble: tuple[RegistryTrouble, ...]


class RegistryError(ValueError):
    """The text is no registry export."""


def parse_registry(text: str) -> RegistryFile:
    """A registry export. Raises RegistryError if it does not begin as one."""
    first, _, _ = text.lstrip("\ufeff").partition("\n")
    if first.strip().lower() not in _HEADERS:
        raise RegistryError(
            "the first line is not 'Windows Registry Editor Version 5.00': regedit refuses the file"
        )
    values: dict[tuple[str, str, str], RegistryValue] = {}
    elsewhere: list[tuple[str, Place]] = []
    trouble: list[RegistryTrouble] = []
    key: tuple[str, str] | None = None
    for place, line in _logical_lines(text):
        stripped = line.strip()
        if place.line == 1 or not stripped or stripped.startswith(";"):
            continue
        if stripped.startswith("["):
            key = _policy_key(stripped)
            if key is None and not stripped.startswith("[-"):
                elsewhere.append((stripped.strip("[]"), place))
            continue
        found = _value(stripped, key, place)
        if isinstance(found, RegistryTrouble):
            trouble.append(found)
        elif found is not None:
            spot = (found.hive, found.subkey.lower(), found.name.lower())
            values.pop(spot, None)
            if found.kind != "deleted":
                values[spot] = found
    return RegistryFile(tuple(values.values()), tuple(elsewhere), tuple(trouble))


def _logical_lines(text: str) -> Iterator[tuple[Place, str]]:
    """Lines with their continuations joined; a continued line ends in a backslash (hex only)."""
    held, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        start = start or number
        if line.endswith("\\") and (held or re.search(r"=\s*hex", line, re.IGNORECASE)):
            held += line[:-1].strip()
            continue
        yield Place(start, 1), held + (line.strip() if held else line)
        held, start = "", 0
    if held:
        yield Place(start, 1), held


def _policy_key(line: str) -> tuple[str, str] | None:
    """The hive and subkey of a policy key's line, or None for any other key."""
    inner = line.removeprefix("[").rstrip()
    if not inner.endswith("]"):
        return None
    root, _, rest = inner[:-1].partition("\\")
    hive = _ROOTS.get(root.strip().upper())
    found = _POLICY.fullmatch(rest.strip())
    if hive is None or found is None:
        return None
    return hive, (found["sub"] or "").lstrip("\\")


def _value(
    line: str, key: tuple[str, str] | None, place: Place
) -> RegistryValue | RegistryTrouble | None:
    found = _VALUE.fullmatch(line)
    if key is None:
        return None
    if found is None:
        return RegistryTrouble("a line that is neither a key, a value nor a comment", place)
    name = "" if found["default"] else _unescaped(found["name"])
    kind, data = _data(found["data"])
    if not kind:
        return RegistryTrouble(f"the data of {name!r} cannot be read by regedit", place)
    return RegistryValue(*key, name, kind, data, place)


def _data(text: str) -> tuple[str, str | int | None]:
    """The type and the data; the type is ``""`` if there is none to be made out."""
    if text == "-":
        return "deleted", None
    if found := _STRING.fullmatch(text):
        return "REG_SZ", _unescaped(found["text"])
    if found := _DWORD.fullmatch(text):
        return "REG_DWORD", int(found["number"], 16)
    if found := _HEX.fullmatch(text):
        kind = _HEX_KINDS.get((found["kind"] or "3").lstrip("0").lower() or "0", "REG_NONE")
        return kind, _hex_data(kind, found["bytes"])
    return "", None


def _hex_data(kind: str, text: str) -> str | int | None:
    try:
        data = bytes(int(part, 16) for part in text.replace(" ", "").split(",") if part)
    except ValueError:
        return None
    if kind == "REG_SZ":
        return data.decode("utf-16-le", "replace").rstrip("\0")
    if kind == "REG_DWORD" and len(data) == 4:
        return int.from_bytes(data, "little")
    return None


def _unescaped(text: str) -> str:
    """A quoted text: a backslash stands before a backslash or a quote, and nothing else."""
    return re.sub(r'\\(["\\])', r"\1", text)
