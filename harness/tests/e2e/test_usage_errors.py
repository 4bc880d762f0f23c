"""A user's mistake earns one clear line, the right exit code, and no traceback."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from e2e.running import gatecert, record

KEY = {"ACME_KEY": "sk-acme-0123456789"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--gateway", "http://127.0.0.1:9", "--api-key-env", "NOPE"], "NOPE is not set"),
        (["run", "--gateway", "http://127.0.0.1:9"], "--api-key-env is missing"),
        (["run", "--gateway", "http://10.1.2.3", "--api-key-env", "ACME_KEY"], "must use https"),
        (["run", "--target", "portky"], "did you mean 'portkey'?"),
        (["run", "--target", "none.toml"], "none.toml: cannot be read"),
        (["run", "--defect", "bufers-streams"], "did you mean 'buffers-streams'?"),
        (["run", "--area", "strems"], "'strems' is unknown"),
        (["run", "--header", "a: b"], "--header goes with --gateway"),
        (["run", "-k", "matches_nothing"], "matches no requirement"),
        (["run", "-k", "a and ("], "Wrong expression passed to '-k'"),
        (["run", "--known", "none.toml"], "none.toml: cannot be read"),
        (["killtable", "bufers-streams"], "did you mean 'buffers-streams'?"),
        (["upstream", "--listen", "here"], "not of the form HOST:PORT"),
        (["report", "."], "holds neither run.json nor a journal"),
    ],
)
def test_mistake_is_told_in_one_line(tmp_path: Path, arguments: list[str], words: str) -> None:
    ran = gatecert(*arguments, cwd=tmp_path, **KEY)
    assert ran.code == 2
    assert words in ran.err
    assert len(ran.lines) == 1
    assert "Traceback" not in ran.err + ran.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[gateway\n", "is not valid TOML"),
        ("[gateway]\nbase_ulr = 'x'\n", "did you mean 'base_url'?"),
        ("[gatewy]\n", "did you mean 'gateway'?"),
        ("[gateway]\nname = 'x'\n", "needs base_url"),
    ],
)
def test_broken_target_file_names_file_and_mend(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "acme.toml").write_text(text)
    ran = gatecert("run", "--target", "acme.toml", cwd=tmp_path, **KEY)
    assert ran.code == 2
    assert ran.lines[0].startswith("gatecert: acme.toml")
    assert words in ran.err
    assert len(ran.lines) == 1


def test_gateway_down_is_3_and_leaves_a_record_that_says_so(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        ran = gatecert(
            "run", "--gateway", url, "--api-key-env", "ACME_KEY", "--out", "r", cwd=tmp_path, **KEY
        )
    assert ran.code == 3
    assert len(ran.lines) == 1
    assert f"the gateway at {url} cannot be reached" in ran.err
    left = record(tmp_path / "r")
    assert left["state"] == "not-started"
    assert not left["conformant"]
    assert not left["complete"]
    assert len(left["not_verified"]) == left["catalogue"]["requirements"]
    assert (tmp_path / "r" / "index.html").exists()


def test_port_taken_names_the_address(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        flags = ["--gateway", "http://127.0.0.1:9", "--api-key-env", "ACME_KEY"]
        ran = gatecert("run", *flags, "--upstream-listen", address, cwd=tmp_path, **KEY)
    assert ran.code == 3
    assert f"{address} is in use" in ran.err
    assert len(ran.lines) == 1


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = gatecert("run", "--out", "file/run", cwd=tmp_path)
    assert ran.code == 3
    assert "the record cannot be written there" in ran.err
    assert len(ran.lines) == 1
