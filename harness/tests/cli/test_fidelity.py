from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from gatecert.cli import main
from gatecert.session.paths import fixtures_folder

CAPTURES = fixtures_folder() / "captures"


def test_every_difference_is_explained_and_it_takes_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    began = time.perf_counter()
    assert main(["fidelity", "--format", "json"]) == 0
    assert time.perf_counter() - began < 30
    document = json.loads(capsys.readouterr().out)
    assert (document["clean"], document["unexplained"], document["stale"]) == (True, 0, [])
    scores = {profile["name"]: profile["scores"] for profile in document["profiles"]}
    assert len(scores) >= 13
    assert scores["engine-desktop-2.1.330"]["header"] == 100
    assert scores["engine-desktop-2.1.330"]["top"] == 100


def test_a_profile_is_chosen_by_the_beginning_of_its_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "new" / "fidelity.txt"
    assert main(["fidelity", "--profile", "sdk-ts", "--out", str(out)]) == 0
    assert capsys.readouterr().out == ""
    text = out.read_text("utf-8")
    assert "sdk-ts-1.12.0" in text
    assert "sdk-ts-0.128.0" in text
    assert "engine" not in text


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('"anthropic-version",\n', '"Anthropic-Version",\n', "headers.Anthropic-Version"),
        ('"max_tokens": 64', '"max_tokens": 65', "body.max_tokens"),
        ('"http": "HTTP/1.1"', '"http": "HTTP/2"', "http"),
    ],
)
def test_a_capture_that_differs_is_told_with_exit_code_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, before: str, after: str, says: str
) -> None:
    name = "anthropic-ts-1.12.0.json"
    text = (CAPTURES / name).read_text("utf-8")
    assert before in text
    (tmp_path / name).write_text(text.replace(before, after, 1), "utf-8")
    command = ["fidelity", "--captures", str(tmp_path), "--profile", "sdk-ts-1.12.0"]
    assert main(command) == 1
    out = capsys.readouterr().out
    assert "UNEXPLAINED" in out
    assert says in out


def test_an_explanation_that_explains_nothing_is_told_with_exit_code_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name = "claude-agent-sdk-python-0.2.187.json"
    text = (CAPTURES / name).read_text("utf-8")
    (tmp_path / name).write_text(text.replace('"connections": 2', '"connections": 1'), "utf-8")
    command = ["fidelity", "--captures", str(tmp_path), "--profile", "engine-agent-sdk"]
    assert main(command) == 1
    assert "STALE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--profile", "engine-desktopp"], "unknown"),
        (["--profile", ""], "is empty"),
        (["--captures", "/nowhere"], "not a folder of captures"),
        (["--profile", "sdk-ts-1.12.0", "--out", "/dev/null/x"], "cannot be written"),
        (["--format", "xml"], "invalid choice"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    try:
        code = main(["fidelity", *arguments])
    except SystemExit as exc:
        code = int(exc.code or 0)
    err = capsys.readouterr().err
    assert (code, says in err, err.count("\n")) == (2, True, 1)


def test_captures_without_a_chosen_profile_are_a_mistake(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copy(CAPTURES / "anthropic-ts-1.12.0.json", tmp_path)
    assert main(["fidelity", "--captures", str(tmp_path), "--profile", "sdk-python"]) == 2
    assert "holds nothing about sdk-python-0.125.0" in capsys.readouterr().err
