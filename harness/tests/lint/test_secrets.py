"""No secret gets out, wherever it stands in a file, whatever the file's form and the report's."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lint.planted import FLAT, INDEX, METADATA, MODE, NESTED, forms, registry

from gatecert.desktop.config.config import Client
from gatecert.lint import FORMATS, Linted, Policy, lint_data

SECRET = "sk-live-Zq81xWvU27TtRr55LmNn"
PLAIN = "Hunter2hunter2"  # looks like nothing, and may stand wherever a value does
CLIENTS = [Client(), Client(after_cut_off=False), Client(version=(1, 1, 0))]
FORMS_OF_EACH = len(list(forms(FLAT)))
POLICY = Policy(required=("tenant", "region"), allowed={"env": ("x",)}, models=("claude-x",))


def reports(files: Iterable[tuple[str, bytes]]) -> str:
    """What all formats say of files, for clients of every kind."""
    judged = [
        # each file under one client, and each form under all of them
        lint_data(*file, CLIENTS[(number + number // FORMS_OF_EACH) % len(CLIENTS)], POLICY)
        for number, file in enumerate(files)
    ]
    findings = list(dict.fromkeys(found for linted in judged for found in linted.findings))
    unreadable = [pair for linted in judged for pair in linted.unreadable]
    return "".join(shape(Linted(1, findings, unreadable)) for shape in FORMATS.values())


def spots(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all texts; a path that ends in ``None`` is that of a name."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield (*path, name, None)
            yield from spots(value, (*path, name))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from spots(value, (*path, number))
    else:
        yield path


def planted(document: Any, path: tuple[Any, ...], text: str) -> Any:
    document = copy.deepcopy(document)
    is_name = path[-1] is None
    *way, last = path[:-1] if is_name else path
    node = document
    for step in way:
        node = node[step]
    if is_name:
        node[text] = node.pop(last)
    else:
        node[last] = text
    return document


def texts(path: tuple[Any, ...]) -> list[str]:
    """What to plant: as it is, and in what people put around it."""
    if path[-1] is None:
        return [SECRET, f"Authorization: Bearer {SECRET}", f"x.{SECRET}", f"inference{SECRET}"]
    around = ["{}", "Bearer {}", "https://gw.example/{}/v1", "https://u:{}@gw.example", "“{}”"]
    around += ["https://gw.example?key={}", '{{"tenant":"{}",}}', '{{"api_key":"{}"}}', "{}\n"]
    around += ['{{"{0}":"{0}"}}', "http://{}", "['{}']", "x={},y={}"]
    return [form.replace("{}", "{0}").format(s) for form in around for s in (SECRET, PLAIN)]


@pytest.mark.parametrize("path", list(spots(FLAT)), ids=str)
def test_flat_forms(path: tuple[Any, ...]) -> None:
    out = reports(file for text in texts(path) for file in forms(planted(FLAT, path, text)))
    assert SECRET not in out
    assert PLAIN not in out


@pytest.mark.parametrize("name", ["b.json", "_meta.json", "claude_desktop_config.json"])
@pytest.mark.parametrize("document", [NESTED, MODE, INDEX], ids=["nested", "mode", "index"])
def test_other_json(document: Any, name: str) -> None:
    files = [
        (name, json.dumps(planted(document, path, text)).encode())
        for path in spots(document)
        for text in texts(path)
    ]
    out = reports(files)
    assert SECRET not in out
    assert PLAIN not in out


def test_inside_the_metadata() -> None:
    for path in spots(json.loads(METADATA)):
        for text in (SECRET, f"{SECRET}\u201d", f"{SECRET}é" * 20):
            value = json.dumps(planted(json.loads(METADATA), path, text))
            document = {**FLAT, "inferenceCustomHeaders": {"x-portkey-metadata": value}}
            assert SECRET not in reports(forms(document))


def test_the_tests_would_see_a_secret_that_gets_out() -> None:
    leak = lint_data("a.json", b'{"name-of-a-key": 1}', Client(), Policy())
    assert "name-of-a-key" in FORMATS["text"](leak)


@given(st.data())
def test_files_that_break_off_anywhere(data: st.DataObject) -> None:
    document = {**FLAT, "inferenceGatewayApiKey": SECRET, "organizationInstructions": SECRET}
    name, content = data.draw(st.sampled_from(list(forms(document))))
    at = data.draw(st.integers(0, len(content)))
    junk = data.draw(st.sampled_from([b"", b"}", b"\\", b'"', b",", b"'", b"\xff", b"<", b"\n"]))
    broken = content[:at] + junk + content[at + data.draw(st.integers(0, 3)) :]
    assert SECRET not in reports([(name, broken)])


@pytest.mark.parametrize(
    "line",
    [
        SECRET,
        f"{SECRET}=1",
        f'"{SECRET}"="1"',
        f'"{SECRET}"=hex(7):00',
        f'"inferenceGatewayApiKey"={SECRET}',
        f'"inferenceGatewayApiKey"="{SECRET}',
        f'"inferenceGatewayApiKey"="{SECRET}"x"',
        f'"a\\\\{SECRET}"="C:\\{SECRET}"',
        f"[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Claude\\{SECRET}]",
        f"[HKEY_LOCAL_MACHINE\\{SECRET}]",
    ],
)
def test_lines_of_an_export(line: str) -> None:
    for text in (registry(FLAT) + f"\r\n{line}\r\n", f"{line}\r\n" + registry(FLAT)):
        assert SECRET not in reports([("a.reg", text.encode("utf-16"))])
