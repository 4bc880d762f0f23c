"""Registry exports: types, escapes, continuations, deletions, and what the client does not see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop.config.registry import RegistryError, RegistryFile, parse_registry

HKLM = r"[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Claude]"
HKCU = r"[HKEY_CURRENT_USER\SOFTWARE\Policies\Claude]"


def parse(*lines: str, end: str = "\r\n") -> RegistryFile:
    return parse_registry(end.join(["Windows Registry Editor Version 5.00", "", *lines, ""]))


def one(line: str) -> tuple[str, object]:
    (value,) = parse(HKLM, line).values
    return value.kind, value.data


def test_texts_are_unescaped() -> None:
    assert one(r'"a"="C:\\Claude \"x\""') == ("REG_SZ", r'C:\Claude "x"')
    assert one('"a"="" ; nothing') == ("REG_SZ", "")
    assert one(' "a" = "b" ') == ("REG_SZ", "b")


def test_numbers_and_bytes() -> None:
    assert one('"a"=dword:0000000a') == ("REG_DWORD", 10)
    assert one('"a"=hex(4):01,00,00,00') == ("REG_DWORD", 1)
    assert one('"a"=hex(1):61,00,62,00,00,00') == ("REG_SZ", "ab")
    assert one('"a"=hex(2):61,00,00,00') == ("REG_EXPAND_SZ", None)
    assert one('"a"=hex(7):61,00,00,00,00,00') == ("REG_MULTI_SZ", None)
    assert one('"a"=hex(b):01,00,00,00,00,00,00,00') == ("REG_QWORD", None)
    assert one('"a"=hex:01,02') == ("REG_BINARY", None)


def test_continued_lines() -> None:
    found = parse(HKLM, '"a"=hex(1):61,00,\\', "  62,00,\\", "  00,00", '"b"="c"')
    assert [(v.name, v.data, v.place.line) for v in found.values] == [("a", "ab", 4), ("b", "c", 7)]


def test_a_text_over_several_lines() -> None:
    found = parse(HKLM, '"a"="{', r"  \"x\": 1", '}"', '"b"="c"')
    assert [(v.name, v.data) for v in found.values] == [("a", '{\n  "x": 1\n}'), ("b", "c")]


def test_a_text_that_nothing_closes_spoils_one_line() -> None:
    found = parse(HKLM, '"a"="never closed', '"b"="c"')
    assert [v.name for v in found.values] == ["b"]
    assert [(t.kind, t.name, t.place.line) for t in found.trouble] == [("quotes", "a", 4)]


def test_quotes_that_are_not_escaped() -> None:
    (trouble,) = parse(HKLM, '"a"="{"x":"1"}"').trouble
    assert (trouble.kind, trouble.name) == ("quotes", "a")


def test_lone_backslashes() -> None:
    found = parse(HKLM, r'"a"="C:\Program Files\x.exe"')
    assert [t.kind for t in found.trouble] == ["backslash"]
    assert found.values[0].data == r"C:\Program Files\x.exe"


def test_other_lines() -> None:
    found = parse("; why", HKLM, "# not a comment", '"a"="b"')
    assert [t.kind for t in found.trouble] == ["line"]
    assert parse("", end="\n").values == ()


def test_a_key_that_is_not_closed() -> None:
    found = parse(HKLM[:-1], '"a"="b"')
    assert found.values == ()
    assert [(t.kind, t.place.line) for t in found.trouble] == [("line", 3)]


def test_hives_and_spellings_of_the_key() -> None:
    found = parse(HKCU.replace("Policies", "POLICIES"), '"a"="b"', HKLM, '@="c"', '"A"="d"')
    assert [(v.hive, v.name) for v in found.values] == [("HKCU", "a"), ("HKLM", ""), ("HKLM", "A")]


def test_subkeys_and_other_keys() -> None:
    lines = (HKLM.replace("]", r"\Sub]"), '"a"="b"', r"[HKEY_LOCAL_MACHINE\SOFTWARE\Claude]")
    found = parse(*lines, '"inferenceProvider"="gateway"', "nonsense")
    assert [(v.subkey, v.name) for v in found.values] == [("Sub", "a")]
    assert [v.name for v in found.elsewhere] == ["inferenceProvider"]
    assert found.trouble == ()


def test_deletions() -> None:
    found = parse(HKLM, '"a"="b"', '"A"=-')
    assert (found.values, found.removes) == ((), True)
    found = parse(HKLM, '"a"="b"', "[-" + HKLM[1:], HKLM, '"c"="d"')
    assert ([v.name for v in found.values], found.removes) == (["c"], True)
    found = parse(HKLM, '"a"="b"', HKLM.replace("]", r"\S]"), '"x"="y"', r"[-HKLM\Software\Other]")
    assert (len(found.values), found.removes) == (2, False)


def test_a_deleted_key_takes_its_subkeys_along() -> None:
    inside = (HKLM.replace("]", r"\Sub]"), '"x"="y"')
    assert parse(*inside, "[-" + HKLM[1:]).values == ()
    found = parse(HKLM, '"a"="b"', *inside, "[-" + HKLM[1:-1] + r"\Sub]", HKCU, '"c"="d"')
    assert [(v.hive, v.name) for v in found.values] == [("HKLM", "a"), ("HKCU", "c")]


def test_later_values_replace_earlier_ones_whatever_their_case() -> None:
    assert [(v.name, v.data) for v in parse(HKLM, '"a"="1"', '"A"="2"').values] == [("A", "2")]


@pytest.mark.parametrize("text", ["", "REGEDIT", "[HKLM]", "\n\nREGEDIT4"])
def test_what_does_not_begin_as_an_export_is_refused(text: str) -> None:
    with pytest.raises(RegistryError, match="first line"):
        parse_registry(text)


lines = st.sampled_from([HKLM, HKCU, '"a"=', '"', "hex(1):61,", "\\", "-", "@=", "[-", "dword:1"])


@given(st.lists(lines | st.text(max_size=8), max_size=20).map("\n".join))
def test_any_text_is_read(text: str) -> None:
    parse_registry("REGEDIT4\n" + text)
