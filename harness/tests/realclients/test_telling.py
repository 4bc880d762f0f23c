from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatecert.realclients import __main__ as command
from gatecert.realclients import telling
from gatecert.realclients.clients import Client, chosen

REQUEST = {
    "method": "POST",
    "path": "/v1/messages",
    "headers_in_order": [["User-Agent", "claude-cli/1.0.0"]],
}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "kept"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def client(version: str) -> Client:
    return chosen([f"claude-code@{version}"])[0]


def capture(folder: Path, version: str, **request: Any) -> None:
    flows = {"a": {"requests": [{**REQUEST, **request}]}}
    document = {"client": "claude-code", "version": version, "flows": flows}
    (folder / f"claude-code-{version}.json").write_text(json.dumps(document), "utf-8")


def test_a_kept_version_that_differs_counts(
    kept: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture(kept, "1.0.0")
    capture(out, "1.0.0", headers_in_order=[["X", "y"]])
    assert telling.tell(client("1.0.0"), out, kept) == 1
    assert "1 differences from 1.0.0 in 1 flows" in capsys.readouterr().out


def test_a_new_version_is_compared_but_does_not_count(
    kept: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture(kept, "1.0.0")
    capture(out, "1.1.0", headers_in_order=[["X", "y"]])
    assert telling.tell(client("1.1.0"), out, kept) == 0
    assert "differences from 1.0.0" in capsys.readouterr().out


def test_nothing_kept_is_said(kept: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture(out, "1.0.0")
    assert telling.tell(client("1.0.0"), out, kept) == 0
    assert "no capture of this program is kept" in capsys.readouterr().out


def test_new_versions_are_kept_and_old_ones_left(kept: Path, out: Path) -> None:
    capture(kept, "1.0.0")
    capture(out, "1.0.0", path="/other")
    capture(out, "1.1.0")
    before = (kept / "claude-code-1.0.0.json").read_bytes()
    telling.keep(out, kept)
    telling.keep(out, kept)
    assert (kept / "claude-code-1.0.0.json").read_bytes() == before
    assert [p.name for p in (kept / "fresh").iterdir()] == ["claude-code-1.1.0.json"]


def test_faults_are_compared_with_all_that_is_kept_of_the_version(kept: Path, out: Path) -> None:
    result = {"exit_code": 1, "modes": ["stream"], "gaps_s": [], "changes_between_attempts": []}
    name = "claude-code-1.0.0"

    def write(place: Path, **faults: Any) -> None:
        place.parent.mkdir(exist_ok=True)
        place.write_text(json.dumps({"results": {name: faults}}), "utf-8")

    write(kept / "errors-claude-code.json", one=result)
    write(kept / "fresh" / f"errors-{name}.json", one={**result, "exit_code": 9}, two=result)
    write(out / f"errors-{name}.json", one=result, two={**result, "exit_code": 0})
    assert telling.tell_faults(client("1.0.0"), out, kept) == 1


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--refresh", "--flows", "a*"], "leave --flows out"),
        (["--faults", "anthropic-ts"], "claude-code only"),
        (["nobody"], "no client 'nobody'"),
    ],
)
def test_flags_that_make_no_sense_are_one_line(
    flags: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(flags) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_refresh_outside_a_checkout_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command.main(["--refresh"]) == 2
    assert "needs a checkout" in capsys.readouterr().err


def test_without_a_namespace_nothing_is_installed_or_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert command.main([]) == 3
    assert "loopback only" in capsys.readouterr().err
