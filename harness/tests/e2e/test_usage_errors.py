"""A user's mistake earns one clear line, the right exit code, and no traceback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.running import environment, gatecert, record
from gatecert.session.paths import suites_folder

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
        (["run", "--gateway", ""], "--gateway: is empty"),
        (["run", "--area", "nope", "--colour"], "unrecognized arguments: --colour"),
        (["run", "--auth-scheme", "x-api-key"], "--auth-scheme goes with --gateway"),
        (["run", "--max-requests", "0"], "at least 1 is needed"),
        (["run", "--overhead-pairs", "5"], "at least 6 are needed"),
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
    assert ran.code == 2
    assert "the record cannot be written there" in ran.err
    assert len(ran.lines) == 1


def test_a_provider_route_that_leads_elsewhere_is_told_in_one_line(
    tmp_path: Path, provider_url: str
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    flags = ["--gateway", provider_url, "--api-key-env", "ACME_KEY", "--out", "r"]
    ran = gatecert("run", *flags, "--upstream-listen", address, "--json", cwd=tmp_path, **KEY)
    assert ran.code == 3
    assert f"nothing reached the scripted provider at {address}" in ran.err
    assert len(ran.lines) == 1
    assert json.loads(ran.out)["state"] == "not-started"
    assert "<error" in (tmp_path / "r" / "junit.xml").read_text("utf-8")


def test_known_deviations_of_another_gateway_are_refused(tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text('gateway = "portkey"\n')
    ran = gatecert("run", "--known", "known.toml", cwd=tmp_path)
    assert ran.code == 2
    assert "known deviations of 'portkey', and the target is 'embedded'" in ran.err


def test_an_older_run_in_the_folder_is_not_taken_for_this_one(tmp_path: Path) -> None:
    assert gatecert("run", "--area", "connection", "--out", "r", cwd=tmp_path).code == 0
    flags = ["--gateway", "http://127.0.0.1:9", "--api-key-env", "ACME_KEY"]
    assert gatecert("run", *flags, "--out", "r", cwd=tmp_path, **KEY).code == 3
    assert record(tmp_path / "r")["state"] == "not-started"


def test_nothing_judged_is_no_valid_run(tmp_path: Path, provider_url: str) -> None:
    flags = ["--gateway", provider_url, "--api-key-env", "ACME_KEY", "-k", "FALL-01"]
    ran = gatecert("run", *flags, cwd=tmp_path, **KEY)
    assert ran.code == 3
    assert "NOT JUDGED" in ran.out


def test_nothing_judged_is_said_even_quietly(tmp_path: Path, provider_url: str) -> None:
    flags = ["--gateway", provider_url, "--api-key-env", "ACME_KEY", "-k", "FALL-01", "-q"]
    ran = gatecert("run", *flags, cwd=tmp_path, **KEY)
    assert ran.code == 3
    assert ran.out == ""
    assert ran.lines == [
        "gatecert: no requirement could be judged, so this run says nothing about the gateway"
    ]


def test_a_run_that_could_not_start_records_what_was_asked(tmp_path: Path) -> None:
    flags = ["--gateway", "http://127.0.0.1:9", "--api-key-env", "ACME_KEY", "--out", "r"]
    chosen = ["--area", "auth", "-k", "AUTH-01", "-m", "must", "--json"]
    ran = gatecert("run", *flags, *chosen, cwd=tmp_path, **KEY)
    assert ran.code == 3
    assert len(ran.lines) == 1
    left = json.loads(ran.out)
    assert left == record(tmp_path / "r")
    assert (left["selection"]["keyword"], left["selection"]["marker"]) == ("AUTH-01", "must")
    assert {i.split("-")[0] for i in left["selection"]["ids"]} == {"AUTH"}


def test_pytest_leaves_the_same_record_of_a_run_that_could_not_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", str(suites_folder()), "-q", "-p", "no:cacheprovider"]
    flags = ["--gateway", "http://127.0.0.1:9", "--api-key-env", "ACME_KEY", "-k", "AUTH-01"]
    done = subprocess.run(
        [*command, *flags, "--out", "r"],
        cwd=tmp_path,
        env=environment(**KEY),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    left = record(tmp_path / "r")
    assert (left["state"], left["selection"]["keyword"]) == ("not-started", "AUTH-01")


@pytest.mark.parametrize("flag", [["--max-requests", "0"], ["--overhead-pairs", "5"]])
def test_pytest_refuses_the_same_numbers(tmp_path: Path, flag: list[str]) -> None:
    command = [sys.executable, "-m", "pytest", str(suites_folder()), "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *flag],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 4
    assert f"{flag[0]} {flag[1]}: at least" in done.stderr


def test_another_version_than_the_known_deviations_is_said(tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text('gateway = "embedded"\nversion = "0.0.9"\n')
    flags = ["--known", "known.toml", "--area", "connection", "--defect", "bare-401"]
    ran = gatecert("run", *flags, cwd=tmp_path)
    assert ran.code == 0
    assert "known deviations are for version 0.0.9, this is " in ran.out


def test_a_terminal_that_knows_ascii_only_shows_escapes(tmp_path: Path) -> None:
    ran = gatecert("run", "--area", "connection", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert ran.code == 0
    assert "connection \\u2026" in ran.out


def test_a_fault_of_our_own_is_no_verdict(tmp_path: Path) -> None:
    code = (
        "import sys, gatecert.cli.parser as p\n"
        "def boom(): raise LookupError('odd')\n"
        "p.build_parser = boom\n"
        "from gatecert.cli import main\n"
        "sys.exit(main([]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("gatecert: internal error: LookupError: odd")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "text", ["[]", "null", "{", "[" * 100_000, '{"schema": 1}', '{"results": "x"}', "\xff"]
)
def test_a_damaged_record_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="latin-1")
    ran = gatecert("report", ".", cwd=tmp_path)
    assert ran.code == 2
    assert len(ran.lines) == 1
    assert "the record cannot be read" in ran.err
