"""``gatecert requirements --trace`` and ``--retired``: what is printed, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatecert.cli import catalogue as command
from gatecert.cli import main
from gatecert.errors import EXIT_CONFORMANT, EXIT_RUN_INVALID, EXIT_USAGE

TRACE = """\
[sources.N]
title = "Pages"
total = 3
[lines]
N01 = { says = "A key opens | the gateway.", covered_by = ["AUTH-01"], limit = "all doors" }
N02 = { says = "The URL is right.", covered_by = ["lint:ends-in-v1"] }
N03 = { says = "People are happy.", unobservable = "Nobody asks them." }
"""
IDENTIFIERS = "AUTH-01\nAUTH-99 retired in 0.3: joined with AUTH-01\n"


@pytest.fixture
def fixtures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of fixtures with a small trace in it."""
    folder = tmp_path / "requirements"
    folder.mkdir()
    (folder / "trace.toml").write_text(TRACE)
    (folder / "identifiers.txt").write_text(IDENTIFIERS)
    monkeypatch.setattr(command, "fixtures_folder", lambda: tmp_path)
    return folder


def test_the_table_tells_each_line_and_the_counts(
    fixtures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["requirements", "--trace"]) == EXIT_CONFORMANT
    printed = capsys.readouterr().out
    for words in ("N01", "lint:ends-in-v1", "Left out: all doors", "not observable: Nobody asks"):
        assert words in " ".join(printed.split())
    assert printed.splitlines()[-1].split() == ["all", "3", "1", "1", "1"]


def test_the_page_has_counts_lines_requirements_and_what_is_retired(
    fixtures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["requirements", "--trace", "--format", "markdown"]) == EXIT_CONFORMANT
    page = capsys.readouterr().out
    assert "| N | Pages | 3 | 1 | 1 | 1 |" in page
    assert "| N01 | A key opens \\| the gateway. | AUTH-01. Left out: all doors |" in page
    assert "| AUTH-01 | The configured key is accepted under the configured scheme. | N01 |" in page
    assert "| AUTH-04 | A request without any key is refused with 401 or 403. | guide: " in page
    assert "| AUTH-99 | 0.3 | joined with AUTH-01 |" in page


def test_the_json_holds_the_same(fixtures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["requirements", "--trace", "--format", "json"]) == EXIT_CONFORMANT
    told = json.loads(capsys.readouterr().out)
    assert told["sources"] == [
        {
            **{"key": "N", "title": "Pages", "total": 3},
            **{"by_requirements": 1, "by_client": 1, "unobservable": 1},
        }
    ]
    assert told["lines"][1]["covered_by"] == ["lint:ends-in-v1"]
    assert {"id": "AUTH-01", "lines": ["N01"]} in told["requirements"]
    assert told["retired"] == {"AUTH-99": {"release": "0.3", "why": "joined with AUTH-01"}}


def test_retired_identifiers_are_listed(fixtures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["requirements", "--retired"]) == EXIT_CONFORMANT
    assert capsys.readouterr().out == "AUTH-99  retired in 0.3: joined with AUTH-01\n"
    (fixtures / "identifiers.txt").write_text("AUTH-01\n")
    assert main(["requirements", "--retired"]) == EXIT_CONFORMANT
    assert capsys.readouterr().out == "no identifier is retired\n"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("trace.toml", "[lines", "trace.toml: is not valid TOML"),
        ("trace.toml", TRACE.replace("AUTH-01", "AUTH-99"), "trace.toml: N01: AUTH-99 is retired"),
        (
            "trace.toml",
            TRACE.replace("AUTH-01", "AUTH-98")
            .replace("lint:", "test:")
            .replace("total = 3", "total = 4"),
            "trace.toml: N: 3 lines, and the source has 4 (2 in all)",
        ),
        ("identifiers.txt", "AUTH-1\n", "identifiers.txt: line 1: 'AUTH-1' is neither"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    fixtures: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, words: str
) -> None:
    (fixtures / name).write_text(text)
    assert main(["requirements", "--trace"]) == EXIT_RUN_INVALID
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("other", [["--area", "auth"], ["--retired"]])
def test_one_list_at_a_time(other: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["requirements", "--trace", *other])
    assert caught.value.code == EXIT_USAGE
    assert "not allowed with argument --trace" in capsys.readouterr().err
