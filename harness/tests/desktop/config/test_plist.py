"""Property lists: every way in which a profile carries settings, and where they stand."""

from __future__ import annotations

import plistlib
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop.config.placed import Place
from gatecert.desktop.config.plist import DOMAIN, PlistError, parse_plist
from gatecert.desktop.config.signed import content_of

SETTINGS = {
    "inferenceProvider": "gateway",
    "inferenceCustomHeaders": {"x-portkey-metadata": '{"tenant":"acme"}'},
    "inferenceModels": ["claude-sonnet-4-5"],
}


def profile(*payloads: dict[str, Any]) -> dict[str, Any]:
    return {"PayloadType": "Configuration", "PayloadContent": list(payloads)}


def direct(domain: str = DOMAIN) -> dict[str, Any]:
    return {"PayloadType": domain, "PayloadVersion": 1, "PayloadUUID": "1-2", **SETTINGS}


def mcx(domain: str = DOMAIN) -> dict[str, Any]:
    forced = {domain: {"Forced": [{"mcx_preference_settings": SETTINGS}]}}
    return {"PayloadType": "com.apple.ManagedClient.preferences", "PayloadContent": forced}


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
@pytest.mark.parametrize(
    "document", [SETTINGS, profile(direct()), profile(mcx()), profile({"PayloadType": "x"}, mcx())]
)
def test_settings_are_found_in_every_form(document: Any, form: Any) -> None:
    found = parse_plist(plistlib.dumps(document, fmt=form))
    assert {v.name: v.node.value for v in found.values} == SETTINGS
    assert found.profile == ("PayloadContent" in document)
    assert bool(found.values[0].place.line) == (form == plistlib.FMT_XML)


def test_places_are_those_of_the_keys() -> None:
    text = plistlib.dumps(profile(direct())).decode()
    lines = text.splitlines()
    for value in parse_plist(text.encode()).values:
        assert f"<key>{value.name}</key>" in lines[value.place.line - 1]
        assert lines[value.place.line - 1][value.place.column - 1] == "<"
    headers = next(v for v in parse_plist(text.encode()).values if "Headers" in v.name)
    line = headers.node.names["x-portkey-metadata"].line
    assert "x-portkey-metadata" in lines[line - 1]


def test_a_payload_of_another_domain_is_told() -> None:
    found = parse_plist(plistlib.dumps(profile(direct("com.anthropic.claude"))))
    assert found.foreign == "com.anthropic.claude"
    assert {v.name for v in found.values} == set(SETTINGS)


def test_other_peoples_payloads_are_none_of_ours() -> None:
    found = parse_plist(plistlib.dumps(profile({"PayloadType": "com.apple.dock", "tilesize": 3})))
    assert found.values == ()
    assert found.domains == ("com.apple.dock",)


def test_settings_wrapped_in_a_dictionary_of_their_own_are_told() -> None:
    payload = {"PayloadType": DOMAIN, "PayloadContent": SETTINGS}
    found = parse_plist(plistlib.dumps(profile(payload)))
    assert [v.depth for v in found.values] == ["wrapped"] * 3


def test_a_key_given_twice() -> None:
    text = b"<plist><dict><key>a</key><true/>\n<key>a</key><false/></dict></plist>"
    (value,) = parse_plist(text).values
    assert (value.twice, value.node.value, value.place) == (True, False, Place(2, 1))


def test_xml_that_is_not_well_formed_says_where() -> None:
    text = b"<plist version='1.0'>\n<dict><key>a</key><string>b & c</string></dict></plist>"
    with pytest.raises(PlistError, match="&amp;") as caught:
        parse_plist(text)
    assert caught.value.place.line == 2


def test_a_small_list_that_stands_for_a_huge_one_is_refused() -> None:
    nested: Any = "x"
    for _ in range(9):
        nested = [nested] * 10
    with pytest.raises(PlistError, match="more than"):
        parse_plist(plistlib.dumps({"a": nested}, fmt=plistlib.FMT_BINARY))


def test_entities_that_swell_are_refused() -> None:
    text = b'<!DOCTYPE plist [<!ENTITY a "aaaa">]><plist><dict><key>&a;</key><true/></dict></plist>'
    with pytest.raises(PlistError):
        parse_plist(text)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("signed")
    return _signed(folder, plistlib.dumps(profile(direct())))


def _signed(folder: Path, content: bytes) -> bytes:
    (folder / "plain").write_bytes(content)
    run = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=t"]
    key, certificate = str(folder / "k.pem"), str(folder / "c.pem")
    subprocess.run([*run, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    sign = ["openssl", "smime", "-sign", "-nodetach", "-binary", "-outform", "der"]
    files = ["-signer", certificate, "-inkey", key, "-in", str(folder / "plain")]
    done = subprocess.run([*sign, *files], check=True, capture_output=True)
    return done.stdout


def test_a_signed_profile_is_read(signed: bytes) -> None:
    found = parse_plist(signed)
    assert {v.name: v.node.value for v in found.values} == SETTINGS


def test_a_signed_profile_in_pieces_is_read() -> None:
    content = plistlib.dumps(profile(direct()))
    pieces = [content[at : at + 100] for at in range(0, len(content), 100)]
    octets = b"".join(b"\x04" + bytes([len(piece)]) + piece for piece in pieces)
    data = b"\x30\x80\x06\x01\x2a\xa0\x80\x24\x80" + octets + b"\0\0\0\0\0\0"
    assert content_of(data) == content.strip()
    assert {v.name for v in parse_plist(data).values} == set(SETTINGS)


def test_a_signed_file_without_a_list_is_named_as_such() -> None:
    with pytest.raises(PlistError, match="signed"):
        parse_plist(b"\x30\x82\x01\x00\x04\x03abc")


@given(st.binary(max_size=60), st.sampled_from([b"", b"bplist00", b"<?xml ", b"\x30\x80\x24\x80"]))
def test_bytes_are_read_or_refused(data: bytes, start: bytes) -> None:
    with suppress(PlistError):
        parse_plist(start + data)


@given(st.data())
def test_broken_profiles_are_read_or_refused(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from([plistlib.FMT_XML, plistlib.FMT_BINARY]))
    good = bytearray(plistlib.dumps(profile(direct(), mcx()), fmt=form))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with suppress(PlistError):
        parse_plist(bytes(good))
