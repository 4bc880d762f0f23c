"""Accidents in mid-run: what was learnt is kept, what is missing is named, nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from e2e.running import gatecert, record, start

# a slow gateway, so that there is a middle
SLOW = ("run", "--defect", "slow", "--out", "r")
DEADLINE_S = 30


def begun(folder: Path) -> None:
    """Wait until a few results are in the journal."""
    journal = folder / "journal.jsonl"
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if journal.exists() and journal.read_text("utf-8").count("\n") > 6:
            return
        time.sleep(0.05)
    raise AssertionError("the run did not begin")


def children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout.split("\n")
    pairs = [line.split() for line in listed if line.strip()]
    return [int(child) for child, parent in pairs if int(parent) == pid]


def gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if not any(_runs(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_leaves_a_partial_record(tmp_path: Path, number: signal.Signals) -> None:
    process = start(*SLOW, cwd=tmp_path)
    begun(tmp_path / "r")
    pids = children(process.pid)
    assert len(pids) == 2
    process.send_signal(number)
    out, _ = process.communicate(timeout=DEADLINE_S)
    left = record(tmp_path / "r")
    assert process.returncode == 3
    assert "partial: interrupted" in out
    assert "Traceback" not in out
    assert left["state"] == "interrupted"
    assert not left["complete"]
    assert left["results"]
    assert left["not_verified"]
    assert gone(pids)


@pytest.mark.parametrize(
    ("second", "wait_s"),
    [(signal.SIGINT, 0.0), (signal.SIGINT, 0.05), (signal.SIGINT, 0.4), (signal.SIGTERM, 0.02)],
)
def test_a_second_interrupt_changes_nothing(
    tmp_path: Path, second: signal.Signals, wait_s: float
) -> None:
    process = start(*SLOW, cwd=tmp_path)
    begun(tmp_path / "r")
    pids = children(process.pid)
    process.send_signal(signal.SIGINT)
    for _ in range(2):
        time.sleep(wait_s)
        process.send_signal(second)
    out, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 3, out
    assert "Traceback" not in out
    left = record(tmp_path / "r")
    assert left["state"] == "interrupted"
    assert left["results"]
    assert left["not_verified"]
    assert gone(pids)


def test_an_interrupt_while_starting_leaves_nothing_behind(tmp_path: Path) -> None:
    process = start(*SLOW, cwd=tmp_path)
    deadline = time.monotonic() + DEADLINE_S
    while not (pids := children(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 3, out
    assert "Traceback" not in out
    assert gone(pids)


def test_gateway_that_dies_ends_the_run(tmp_path: Path) -> None:
    process = start(*SLOW, cwd=tmp_path)
    begun(tmp_path / "r")
    for pid in children(process.pid):
        if b"gatecert.gateways.reference" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    out, _ = process.communicate(timeout=DEADLINE_S)
    left = record(tmp_path / "r")
    assert process.returncode == 3
    assert "the gateway stopped taking connections" in out
    assert left["state"] == "gateway-lost"
    assert not left["complete"]
    assert [r["suspect"] for r in left["results"] if r["verdict"] == "error"] == ["gateway"]


def test_provider_that_dies_ends_the_run(tmp_path: Path) -> None:
    process = start(*SLOW, cwd=tmp_path)
    begun(tmp_path / "r")
    for pid in children(process.pid):
        if b"gatecert.upstream" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=DEADLINE_S)
    left = record(tmp_path / "r")
    assert process.returncode == 3
    assert left["state"] == "provider-lost"
    assert not [r for r in left["results"] if r["verdict"] == "fail"]


def test_killed_run_is_recovered_from_its_journal(tmp_path: Path) -> None:
    process = start(*SLOW, cwd=tmp_path)
    begun(tmp_path / "r")
    pids = children(process.pid)
    process.kill()
    process.communicate(timeout=DEADLINE_S)
    assert gone(pids)
    assert not (tmp_path / "r" / "run.json").exists()
    ran = gatecert("report", "r", cwd=tmp_path)
    left = record(tmp_path / "r")
    assert ran.code == 0
    assert left["state"] == "broken-off"
    assert len(left["results"]) >= 5
    assert len(left["results"]) + len(left["not_verified"]) >= left["catalogue"]["requirements"]


def test_an_older_run_is_not_taken_for_one_that_was_killed(tmp_path: Path) -> None:
    # of one requirement, so that its journal is shorter than what `begun` waits for
    assert gatecert("run", "-k", "CONN-01", "--out", "r", cwd=tmp_path).code == 0
    process = start(*SLOW, cwd=tmp_path)
    begun(tmp_path / "r")
    process.kill()
    process.communicate(timeout=DEADLINE_S)
    assert {p.name for p in (tmp_path / "r").iterdir()}.isdisjoint(
        {"run.json", "index.html", "junit.xml", "summary.md"}
    )
    assert gatecert("report", "r", cwd=tmp_path).code == 0
    left = record(tmp_path / "r")
    assert left["state"] == "broken-off"
    assert left["target"]["name"] == "embedded-slow"
