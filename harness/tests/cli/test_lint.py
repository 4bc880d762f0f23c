"""``gatecert lint`` as an administrator runs it: exit codes, formats, mistakes of usage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatecert.cli import main
from gatecert.lint import CODES, FORMATS
from gatecert.session.paths import fixtures_folder

CONFIGS = fixtures_folder() / "config"
GOOD, BAD = CONFIGS / "good", CONFIGS / "bad"
ROOT = fixtures_folder().parent


def out(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_good_files_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(GOOD)]) == 0
    assert out(capsys).endswith("nothing found\n")


def test_findings_exit_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(BAD / "ends-in-v1.json")]) == 1
    assert "ends-in-v1.json:3:3: error: inferenceGatewayBaseUrl" in out(capsys)


@pytest.mark.parametrize(
    ("name", "fail_on", "code"),
    [
        ("trailing-slash.json", "warning", 1),
        ("trailing-slash.json", "error", 0),
        ("no-scheme.json", "warning", 0),
        ("no-scheme.json", "note", 1),
        ("ends-in-v1.json", "error", 1),
    ],
)
def test_fail_on(name: str, fail_on: str, code: int) -> None:
    assert main(["lint", str(BAD / name), "--fail-on", fail_on]) == code


def test_unreadable_files_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    junk = tmp_path / "junk.json"
    junk.write_bytes(b"\x00\xff\x01")
    assert main(["lint", str(junk), str(BAD / "ends-in-v1.json")]) == 2
    text = out(capsys)
    assert "junk.json: cannot be read: the file is not UTF-8 text" in text
    assert "ends-in-v1" in text


def test_a_syntax_mistake_is_a_finding() -> None:
    assert main(["lint", str(BAD / "malformed-file.trailing-comma.json")]) == 1


@pytest.mark.parametrize("shape", FORMATS)
def test_every_format(shape: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(BAD / "ends-in-v1.json"), "--format", shape]) == 1
    text = out(capsys)
    assert "U002" in text
    if shape in ("json", "sarif"):
        json.loads(text)


def test_era_and_version() -> None:
    old = str(BAD / "old-header-key.json")
    assert main(["lint", old]) == 1
    assert main(["lint", old, "--era", "before"]) == 0
    new = str(BAD / "key-too-new.json")
    assert main(["lint", new]) == 0
    assert main(["lint", new, "--client-version", "1.13576.0"]) == 1


def test_a_policy() -> None:
    folder = BAD / "metadata-key-case"
    assert main(["lint", str(folder)]) == 0
    assert main(["lint", str(folder), "--policy", str(folder / "policy.toml")]) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "lint: name a file or a folder"),
        (["x" * 5000], "there is no such file or folder"),
        ([str(GOOD), ""], "lint: a path is empty"),
        (["nowhere.json"], "nowhere.json: there is no such file or folder"),
        ([str(GOOD), "--client-version", "newest"], "--client-version: 'newest' is not a version"),
        ([str(GOOD), "--policy", "nowhere.toml"], "--policy nowhere.toml: cannot be read"),
        (["."], "no configuration of Claude Desktop in ."),
    ],
)
def test_mistakes_of_usage_exit_2_with_one_line(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["lint", *arguments]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_the_list_of_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--list-codes"]) == 0
    text = out(capsys)
    assert all(code.id in text for code in CODES.values())


def test_the_page_of_codes_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--list-codes", "markdown"]) == 0
    page = (ROOT / "docs" / "lint.md").read_text("utf-8")
    assert page == out(capsys), "run `nox -s docs`"
