"""Windows registry exports (``.reg``): what they set, where, and what the client can read of it.

Format: Microsoft's description of .reg files (version 5.00 and REGEDIT4). Which types the client
reads: its configuration reference (REG_SZ; REG_DWORD for booleans and integers; REG_EXPAND_SZ is
counted but not read; QWORD, MULTI_SZ, BINARY and subkeys are not seen). No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gatecert.desktop.config.placed import Place

HEADER = "Windows Registry Editor Version 5.00"
_HEADERS = (HEADER.lower(), "regedit4")
_VALUE = re.compile(
    r'\s*(?:"(?P<name>(?:[^"\\]|\\.)*)"|(?P<default>@))\s*=\s*(?P<data>.*?)\s*', re.DOTALL
)
_BEGINS_VALUE = re.compile(r'\s*(?:"(?:[^"\\]|\\.)*"|@)\s*=')
_STRING = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"\s*(?:;.*)?', re.DOTALL)
_OPEN_STRING = re.compile(r'\s*(?:"(?:[^"\\]|\\.)*"|@)\s*=\s*"(?:[^"\\]|\\.)*', re.DOTALL)
_DWORD = re.compile(r"dword:\s*(?P<number>[0-9a-f]{1,8})\s*(?:;.*)?", re.IGNORECASE)
_HEX = re.compile(r"hex(?:\((?P<kind>[0-9a-f]{1,8})\))?:(?P<bytes>[0-9a-f,\s]*)(?:;.*)?", re.I)
_HEX_BEGINS = re.compile(r"=\s*hex", re.IGNORECASE)
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
_MOST_TROUBLE = 1000
_MOST_LINES_OF_A_STRING = 500
_MOST_CHARACTERS_OF_A_STRING = 100_000


@dataclass(frozen=True)
class RegistryValue:
    """One value: ``data`` is text, a number for REG_DWORD, or None for types that go unread.

    ``hive`` is ``HKLM`` or ``HKCU``, ``""`` for a key that the client does not read; ``subkey`` is
    ``""`` for values of the policy key itself.
    """

    hive: str
    subkey: str
    name: str
    kind: str
    data: str | int | None
    place: Place


@dataclass(frozen=True)
class RegistryTrouble:
    """A line that is not taken as it was meant. ``kind`` is ``line``, ``quotes``, ``backslash``;
    ``name`` is the value's, if it has one."""

    kind: str
    name: str
    place: Place


@dataclass(frozen=True)
class RegistryFile:
    """The policy values of a file, values under other keys, and lines that are wrong.

    ``removes`` says that it deletes policy values or keys.
    """

    values: tuple[RegistryValue, ...] = ()
    elsewhere: tuple[RegistryValue, ...] = ()
    trouble: tuple[RegistryTrouble, ...] = ()
    removes: bool = False


class RegistryError(ValueError):
    """The text is no registry export."""


def is_registry(text: str) -> bool:
    """Whether a text begins as a registry export does."""
    return text.lstrip("\ufeff").partition("\n")[0].strip().lower() in _HEADERS


def parse_registry(text: str) -> RegistryFile:
    """A registry export. Raises RegistryError if it does not begin as one."""
    if not is_registry(text):
        raise RegistryError(f"the first line is not '{HEADER}': regedit refuses the file")
    build = _Build()
    for place, line in _logical_lines(text):
        stripped = line.strip()
        if place.line > 1 and stripped and not stripped.startswith(";"):
            build.take(stripped, place)
        if len(build.trouble) > _MOST_TROUBLE:
            break  # whatever this is, it is no export
    return build.result()


@dataclass
class _Build:
    """What the lines so far have set; later ones replace and delete."""

    key: tuple[str, str] | None = None
    removes: bool = False
    values: dict[tuple[str, str, str], RegistryValue] = field(default_factory=dict)
    elsewhere: list[RegistryValue] = field(default_factory=list)
    trouble: list[RegistryTrouble] = field(default_factory=list)

    def take(self, line: str, place: Place) -> None:
        if line.startswith("[") and not line.endswith("]"):
            self.key = None
            self.trouble.append(RegistryTrouble("line", "", place))
        elif line.startswith("["):
            self._open(line)
        elif self.key is not None:
            self._set(line, place)

    def _open(self, line: str) -> None:
        self.key = _policy_key(line.removeprefix("[-").removeprefix("["))
        if line.startswith("[-"):
            self._delete_key(self.key)
            self.key = None

    def _delete_key(self, key: tuple[str, str] | None) -> None:
        if key is None or not key[0]:
            return
        self.removes = True
        hive, subkey = key[0], key[1].lower()
        for spot in list(self.values):
            inside = not subkey or spot[1] == subkey or spot[1].startswith(subkey + "\\")
            if spot[0] == hive and inside:
                del self.values[spot]

    def _set(self, line: str, place: Place) -> None:
        value, trouble = _value(line, self.key or ("", ""), place)
        if trouble is not None and self.key and self.key[0]:
            self.trouble.append(trouble)
        if value is None:
            return
        if not value.hive:
            self.elsewhere.append(value)
            return
        spot = (value.hive, value.subkey.lower(), value.name.lower())
        self.values.pop(spot, None)
        if value.kind == "deleted":
            self.removes = True
        else:
            self.values[spot] = value

    def result(self) -> RegistryFile:
        return RegistryFile(
            tuple(self.values.values()), tuple(self.elsewhere), tuple(self.trouble), self.removes
        )


def _logical_lines(text: str) -> Iterator[tuple[Place, str]]:
    """Lines with what belongs to them joined: hex goes on after a backslash, and a text in quotes
    up to the quote that closes it."""
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        first, line = number, lines[number].rstrip("\r")
        number += 1
        if _HEX_BEGINS.search(line):
            while line.rstrip().endswith("\\") and number < len(lines):
                line = line.rstrip()[:-1].rstrip() + lines[number].strip()
                number += 1
        elif _OPEN_STRING.fullmatch(line):
            line, number = _closed(lines, line, number)
        yield Place(first + 1, 1), line


def _closed(lines: list[str], line: str, number: int) -> tuple[str, int]:
    """A text that runs over several lines; if nothing closes it, its first line alone."""
    whole = line
    for after in range(number, min(number + _MOST_LINES_OF_A_STRING, len(lines))):
        following = lines[after].rstrip("\r")
        too_long = len(whole) > _MOST_CHARACTERS_OF_A_STRING
        if too_long or following.lstrip().startswith("[HK") or _BEGINS_VALUE.match(following):
            break
        whole += "\n" + following
        if not _OPEN_STRING.fullmatch(whole):
            return whole, after + 1
    return line, number


def _policy_key(line: str) -> tuple[str, str]:
    """The hive and subkey of a key's line; the hive is ``""`` for a key that goes unread."""
    root, _, rest = line.rstrip().removesuffix("]").partition("\\")
    hive = _ROOTS.get(root.strip().upper())
    found = _POLICY.fullmatch(rest.strip())
    if hive is None or found is None:
        return "", rest.strip()
    return hive, (found["sub"] or "").lstrip("\\")


def _value(
    line: str, key: tuple[str, str], place: Place
) -> tuple[RegistryValue | None, RegistryTrouble | None]:
    found = _VALUE.fullmatch(line)
    if found is None:
        return None, RegistryTrouble("line", "", place)
    name = "" if found["default"] else _unescaped(found["name"])
    kind, data = _data(found["data"])
    if not kind:
        what = "quotes" if found["data"].startswith('"') else "line"
        return None, RegistryTrouble(what, name, place)
    lone = kind == "REG_SZ" and found["data"].startswith('"') and _has_lone(found["data"])
    trouble = RegistryTrouble("backslash", name, place) if lone else None
    return RegistryValue(*key, name, kind, data, place), trouble


def _has_lone(text: str) -> bool:
    """Whether a backslash stands before something that needs none."""
    return "\\" in re.sub(r'\\["\\]', "", text)


def _data(text: str) -> tuple[str, str | int | None]:
    """The type and the data; the type is ``""`` if there is none to be made out."""
    if re.fullmatch(r"-\s*(?:;.*)?", text):
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
        data = bytes(int(part, 16) for part in re.sub(r"\s", "", text).split(",") if part)
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
