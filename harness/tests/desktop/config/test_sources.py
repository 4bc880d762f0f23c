"""Each form in which the configuration is shipped, told apart and read into one shape."""

from __future__ import annotations

import json
import plistlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop.config.placed import Place
from gatecert.desktop.config.sources import Index, Source, SourceError, read_source

FLAT = {"inferenceProvider": "gateway", "inferenceGatewayBaseUrl": "https://gw.example"}
NESTED = {
    "inference": {
        "provider": "gateway",
        "baseUrl": "https://gw.example",
        "credential": {"kind": "static", "apiKey": "k"},
        "customHeaders": {"x-a": "1"},
    },
    "models": {"discoveryEnabled": True, "list": ["claude-sonnet-4-5"]},
    "chatSurface": {"enabled": True},
}


def read(path: str, document: Any) -> Source:
    return one(path, json.dumps(document).encode())


def one(path: str, data: bytes) -> Source:
    (source,) = read_source(path, data)
    assert isinstance(source, Source)
    return source


def reg(hive: str, *lines: str) -> str:
    key = rf"[HKEY_{hive}\SOFTWARE\Policies\Claude]"
    return "\r\n".join([key, *lines, ""])


def export(*keys: str) -> bytes:
    text = "\r\n".join(["Windows Registry Editor Version 5.00", "", *keys])
    return b"\xff\xfe" + text.encode("utf-16-le")


@pytest.mark.parametrize(
    ("path", "form", "tier"),
    [
        ("configLibrary/1.json", "library", "local"),
        ("anything.json", "library", "local"),
        ("etc/claude-desktop/managed-settings.json", "managed-json", "managed"),
        ("enterprise.json", "managed-json", "managed"),
    ],
)
def test_flat_json(path: str, form: str, tier: str) -> None:
    source = read(path, FLAT)
    assert (source.form, source.tier) == (form, tier)
    assert {name: raw.value for name, raw in source.raws.items()} == FLAT


def test_nested_json() -> None:
    source = read("bootstrap.json", NESTED)
    assert (source.form, source.tier) == ("nested", "bootstrap")
    assert {name: raw.value for name, raw in source.raws.items()} == {
        "inferenceProvider": "gateway",
        "inferenceGatewayBaseUrl": "https://gw.example",
        "inferenceCredentialKind": "static",
        "inferenceGatewayApiKey": "k",
        "inferenceCustomHeaders": {"x-a": "1"},
        "modelDiscoveryEnabled": True,
        "inferenceModels": ["claude-sonnet-4-5"],
        "chatTabEnabled": True,
    }
    assert source.oddities == ()


def test_flat_keys_in_a_nested_file_are_told() -> None:
    source = read("b.json", {**NESTED, "chatTabEnabled": True, "banner": {}, "expiresAt": 9})
    assert [(o.kind, o.key) for o in source.oddities] == [("flat-in-nested", "chatTabEnabled")]


def test_what_is_given_twice_in_a_group() -> None:
    text = b'{"inference": {"provider": "gateway", "credential": {"kind": "a", "kind": "b"}}}'
    source = one("b.json", text)
    assert [(o.kind, o.key) for o in source.oddities] == [("twice", "inference.credential.kind")]
    assert source.raws["inferenceCredentialKind"].value == "b"


def test_clusters_in_a_flat_file_stay_what_they_are() -> None:
    source = read("configLibrary/1.json", NESTED)
    assert source.form == "library"
    assert set(source.raws) == set(NESTED)


def test_the_index_of_a_library() -> None:
    text = '{"appliedId": "1",\n "entries": [{"id": "1", "name": "Acme"}, {"name": "x"}, 3]}'
    (index,) = read_source("configLibrary/_meta.json", text.encode())
    assert isinstance(index, Index)
    assert (index.applied, dict(index.entries)) == ("1", {"1": "Acme"})
    assert index.places["entries"] == Place(2, 2)


def test_the_mode_switch() -> None:
    source = read("claude_desktop_config.json", {"deploymentMode": "3p", "mcpServers": {}})
    assert (source.form, source.mode, dict(source.raws)) == ("mode-switch", "3p", {})
    source = read("x.json", {"deploymentMode": 3, "enterpriseConfig": FLAT})
    assert (source.form, source.mode, set(source.raws)) == ("mode-switch", "?", set(FLAT))


@pytest.mark.parametrize("name", ["claude.mobileconfig", "a.plist", "without-suffix"])
def test_property_lists(name: str) -> None:
    for form in (plistlib.FMT_XML, plistlib.FMT_BINARY):
        source = one(name, plistlib.dumps(FLAT, fmt=form))
        assert (source.form, source.tier) == ("plist", "managed")
        assert {key: raw.value for key, raw in source.raws.items()} == FLAT


def test_a_profile_for_something_else_is_refused() -> None:
    document = {"PayloadContent": [{"PayloadType": "com.apple.dock", "tilesize": 1}]}
    with pytest.raises(SourceError, match="claudefordesktop") as caught:
        read_source("a.mobileconfig", plistlib.dumps(document))
    assert caught.value.cause == "no-settings"


def test_a_registry_export_holds_two_sources() -> None:
    data = export(
        reg("CURRENT_USER", '"inferenceProvider"="gateway"', '"x"=hex:01'),
        reg("LOCAL_MACHINE", '"chatTabEnabled"=dword:00000001', '"inferenceProvider"=hex(2):61,00'),
    )
    machine, user = read_source("claude.reg", data)
    assert isinstance(machine, Source)
    assert isinstance(user, Source)
    assert (machine.form, user.form) == ("hklm", "hkcu")
    assert {name: raw.value for name, raw in machine.raws.items()} == {"chatTabEnabled": 1}
    assert (machine.unread, user.unread) == (1, 0)  # what is seen but not read still manages
    assert [o.key for o in machine.oddities] == ["inferenceProvider"]
    assert [o.key for o in user.oddities] == ["x"]


def test_numbers_are_read_for_booleans_and_integers_alone() -> None:
    line = '"inferenceGatewayBaseUrl"=dword:00000001'
    source = one("a.reg", export(reg("LOCAL_MACHINE", line)))
    assert dict(source.raws) == {}
    assert "REG_DWORD" in source.oddities[0].detail


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings_of_an_export(encoding: str) -> None:
    text = export(reg("LOCAL_MACHINE", '"deploymentDisplayName"="Société"'))[2:].decode("utf-16-le")
    source = one("a.reg", text.encode(encoding))
    assert source.raws["deploymentDisplayName"].value == "Société"
    assert bool(source.oddities) == (encoding in ("utf-8", "utf-8-sig", "cp1252"))


def test_an_export_under_another_key_is_told() -> None:
    key = "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Claude]\r\n"
    source = one("a.reg", export(key + '"inferenceProvider"="gateway"\r\n'))
    assert source.raws["inferenceProvider"].value == "gateway"
    assert source.oddities[0].kind == "wrong-place"
    with pytest.raises(SourceError, match="sets nothing"):
        read_source("a.reg", export(key + '"other"="1"\r\n'))


def test_an_export_that_only_removes_sets_nothing() -> None:
    assert read_source("a.reg", export("[-HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Claude]")) == []


@pytest.mark.parametrize(
    ("path", "data", "kind", "line"),
    [
        ("a.json", b'{"a": 1,\n}', "syntax", 1),
        ("a.json", b"[1]", "syntax", 1),
        ("a.json", b'{"a": "\xff"}', "syntax", 1),
        ("a.json", b"\x00\xff\x01", "foreign", 1),
        ("a.json", b"hello", "foreign", 1),
        ("a.json", b"", "foreign", 1),
        ("a.reg", b"hello", "foreign", 1),
        ("a.reg", b"[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Claude]", "syntax", 1),
        ("a.plist", b"hello", "foreign", 1),
        ("a.plist", b"<plist>\n<dict></plist>", "syntax", 2),
    ],
)
def test_what_is_no_configuration(path: str, data: bytes, kind: str, line: int) -> None:
    with pytest.raises(SourceError) as caught:
        read_source(path, data)
    assert caught.value.kind == kind
    assert caught.value.place.line in (line, 0)


def test_encodings_of_json() -> None:
    text = json.dumps(FLAT)
    assert [o.kind for o in one("a.json", text.encode("utf-8-sig")).oddities] == ["encoding"]
    assert [o.kind for o in one("a.json", text.encode("utf-16")).oddities] == ["utf-16"]


names = st.sampled_from(
    [
        *("a.json", "_meta.json", "claude_desktop_config.json", "managed-settings.json"),
        *("a.reg", "a.plist", "a.mobileconfig", "a", "configLibrary/a.json"),
    ]
)


@given(names, st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(path: str, data: bytes) -> None:
    with suppress(SourceError):
        read_source(path, data)


good = st.sampled_from(
    [
        *(json.dumps(FLAT).encode(), json.dumps(NESTED).encode(), plistlib.dumps(FLAT)),
        export(reg("LOCAL_MACHINE", '"a"="b"', '"c"=hex(2):61,\\', "00")),
    ]
)


@given(names, good, st.lists(st.tuples(st.integers(0, 900), st.binary(max_size=3)), max_size=5))
def test_broken_files_are_read_or_refused(
    path: str, data: bytes, changes: list[tuple[int, bytes]]
) -> None:
    for at, new in changes:
        data = data[:at] + new + data[at + len(new) :]
    with suppress(SourceError):
        read_source(path, data)
