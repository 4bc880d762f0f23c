"""Never a crash: any bytes under any name, and a good file with anything broken in it."""

from __future__ import annotations

import json
import plistlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lint.planted import FLAT, INDEX, MODE, NESTED, forms

from gatecert.desktop.config.config import Client
from gatecert.lint import FORMATS, Policy, lint, lint_data

NAMES = [
    *("a.json", "_meta.json", "claude_desktop_config.json", "managed-settings.json"),
    *(
        "enterprise.json",
        "a.reg",
        "a.plist",
        "a.mobileconfig",
        "a",
        "a.txt",
        "configLibrary/a.json",
    ),
]
POLICY = Policy(required=("tenant",), allowed={"env": ("prod",)}, models=("claude-sonnet-4-5",))
MANY_FILES = 100
WIDE_LIMIT_S = 30.0

clients = st.builds(Client, st.tuples(st.integers(0, 2), st.integers(0, 50_000)), st.booleans())
EXPORT = b"REGEDIT4\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Claude]\n"
beginnings = st.sampled_from(
    [
        *(b"", b"{", b"[", b"\xff\xfe", b"\xef\xbb\xbf{", b"bplist00", b"<?xml ", EXPORT),
        b"0\x80\x24\x80",
    ]
)
good = [
    *forms(FLAT),
    *(("b.json", json.dumps(document).encode()) for document in (NESTED, MODE, INDEX)),
]


def judge(path: str, data: bytes, client: Client) -> None:
    linted = lint_data(path, data, client, POLICY)
    for shape in FORMATS.values():
        shape(linted).encode("utf-8")


@given(st.sampled_from(NAMES), beginnings, st.binary(max_size=200), clients)
def test_any_bytes(path: str, beginning: bytes, data: bytes, client: Client) -> None:
    judge(path, beginning + data, client)


@given(
    st.sampled_from(good),
    st.sampled_from([*NAMES, ""]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 20), st.binary(max_size=4)), max_size=6),
    clients,
)
def test_good_files_with_anything_broken(
    file: tuple[str, bytes],
    other_name: str,
    changes: list[tuple[float, int, bytes]],
    client: Client,
) -> None:
    name, data = file
    for where, length, new in changes:
        at = int(where * len(data))
        data = data[:at] + new + data[at + length :]
    judge(other_name or name, data, client)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(FLAT)) | st.text(max_size=6), json_values), clients)
def test_any_values_of_any_kind(document: dict[str, object], client: Client) -> None:
    judge("a.json", json.dumps(document).encode(), client)
    try:
        data = plistlib.dumps({k: v for k, v in document.items() if v is not None})
    except (TypeError, OverflowError, ValueError, UnicodeEncodeError):
        return  # null inside, a large number, a sign that XML cannot hold
    judge("a.plist", data, client)


@pytest.mark.parametrize(
    "data",
    [
        json.dumps({f"inferenceGatewayBaseUr{n}": 1 for n in range(20_000)}).encode(),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"inferenceModels":[' + b'"gpt",' * 20_000 + b'"x"]}',
    ],
    ids=["keys", "arrays", "objects", "models"],
)
def test_large_files_are_judged(data: bytes) -> None:
    judge("a.json", data, Client())


def test_a_long_text_in_an_export() -> None:
    text = 'REGEDIT4\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Claude]\n"a"="' + "x\n" * 300_000
    judge("a.reg", text.encode(), Client())


def test_a_hundred_files(tmp_path: Path) -> None:
    import time  # noqa: PLC0415 - the bound is wide: it is there to see a square, not a second

    for number in range(MANY_FILES):
        name, data = good[number % len(good)]
        (tmp_path / f"{number}{Path(name).suffix}").write_bytes(data)
    before = time.perf_counter()
    linted = lint([tmp_path], Client(), POLICY)
    assert linted.files == MANY_FILES
    assert time.perf_counter() - before < WIDE_LIMIT_S
