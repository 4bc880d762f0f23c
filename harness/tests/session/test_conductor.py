"""One run's frame: a clean folder, the right known deviations, and an end that nothing disturbs."""

from __future__ import annotations

import json
import signal
import threading
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sample import sample_results

from gatecert.errors import RunError, UsageError
from gatecert.gateways.target import Target
from gatecert.record.journal import JOURNAL
from gatecert.session import conductor as module
from gatecert.session.conductor import Conductor, Shared, undisturbed
from gatecert.session.options import RunOptions

OUTPUTS = ("run.json", "index.html", "junit.xml", "summary.md")
BODY = "0123456789abcdef.json"


RUNNING = Target("gw", "external", "http://127.0.0.1:9", "key-of-somebody", version="2")


@dataclass
class Up:
    """Services that are up; a Ctrl-C comes while they are stopped."""

    target: Target = RUNNING
    stopped: list[str] = field(default_factory=list)

    def stop(self) -> None:
        signal.raise_signal(signal.SIGINT)
        self.stopped.append("stopped")


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch) -> Up:
    services = Up()
    monkeypatch.setattr(module, "start_services", lambda *_: services)
    return services


@pytest.fixture
def down(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RunError("nothing listens there")

    monkeypatch.setattr(module, "start_services", refuse)


def conductor(folder: Path, **options: Any) -> Conductor:
    return Conductor.of(RunOptions(out=str(folder), **options))


def known_file(folder: Path, text: str) -> str:
    path = folder / "known.toml"
    path.write_text(text)
    return str(path)


def test_what_an_older_run_left_is_removed_and_nothing_else(tmp_path: Path, up: Up) -> None:
    bodies = tmp_path / "bodies"
    bodies.mkdir()
    for path in (
        *map(tmp_path.joinpath, (*OUTPUTS, JOURNAL, "gateway.log", "own.html")),
        bodies / BODY,
    ):
        path.write_text("old")
    conductor(tmp_path).start(print)
    assert {path.name for path in tmp_path.iterdir()} == {JOURNAL, "gateway.log", "own.html"}
    assert (tmp_path / JOURNAL).read_bytes() == b""


def test_what_somebody_keeps_among_the_bodies_stays(tmp_path: Path, up: Up) -> None:
    bodies = tmp_path / "bodies"
    bodies.mkdir()
    for name in (BODY, "mine.json", "0123456789abcdef.txt"):
        (bodies / name).write_text("x")
    conductor(tmp_path).start(print)
    assert {path.name for path in bodies.iterdir()} == {"mine.json", "0123456789abcdef.txt"}


def test_a_folder_that_cannot_be_cleaned_is_refused(tmp_path: Path, up: Up) -> None:
    (tmp_path / "run.json").mkdir()
    with pytest.raises(UsageError, match="the record cannot be written there"):
        conductor(tmp_path).start(print)


@pytest.mark.usefixtures("down")
def test_a_run_that_could_not_start_leaves_a_record_of_what_was_asked(tmp_path: Path) -> None:
    run = conductor(tmp_path, areas=["auth"], client_profile="engine-cli-2.1.330")
    with pytest.raises(RunError):
        run.start(print)
    record = run.could_not_start("nothing listens there", "AUTH-01", "must")
    assert record is not None
    assert record.profile["engine"] == "engine-cli-2.1.330"
    assert "in a terminal" in record.profile["engine_source"]
    assert record.selection["keyword"] == "AUTH-01"
    assert record.selection["marker"] == "must"
    assert record.selection["areas"] == ["auth"]
    assert record.selected == len([r for r in run.catalogue if r.area == "auth"])
    assert list(record.not_verified) == list(record.selection["ids"])
    assert json.loads((tmp_path / "run.json").read_text("utf-8")) == record.to_json()
    suite = ET.parse(tmp_path / "junit.xml").getroot()[0]
    assert suite.get("errors") == "1"


def test_a_record_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert conductor(tmp_path / "file" / "r").could_not_start("why", "", "") is None


@pytest.mark.parametrize(
    ("options", "gateway"),
    [
        ({}, "embedded"),
        ({"defect": "slow"}, "embedded"),
        ({"variant": "one-byte-chunks"}, "embedded"),
        ({"target": "portkey"}, "portkey"),
    ],
)
def test_known_deviations_must_be_of_the_target(
    tmp_path: Path, options: dict[str, Any], gateway: str
) -> None:
    own = known_file(tmp_path, f"gateway = '{gateway}'\nversion = '1'\n")
    assert conductor(tmp_path, known=own, **options).known.gateway == gateway
    other = known_file(tmp_path, "gateway = 'acme'\n")
    with pytest.raises(UsageError, match=f"'acme', and the target is '{gateway}'"):
        conductor(tmp_path, known=other, **options)
    conductor(tmp_path, known=known_file(tmp_path, "version = '1'\n"), **options)


def test_a_target_files_name_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_KEY", "key-of-somebody")
    target = tmp_path / "acme.toml"
    target.write_text("[gateway]\nbase_url = 'http://127.0.0.1:9'\napi_key_env = 'ACME_KEY'\n")
    known = known_file(tmp_path, "gateway = 'acme'\n")
    conductor(tmp_path, target=str(target), known=known)
    with pytest.raises(UsageError, match="'portkey', and the target is 'acme'"):
        conductor(tmp_path, target=str(target), known=known_file(tmp_path, "gateway = 'portkey'\n"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = '1'", ["known deviations are for version 1, this is 2"]),
        ("version = '2'", []),
        ("gateway = 'embedded'", []),
    ],
)
def test_another_version_is_said(tmp_path: Path, up: Up, text: str, said: list[str]) -> None:
    lines: list[str] = []
    conductor(tmp_path, known=known_file(tmp_path, text)).start(lines.append)
    assert lines == said


def test_a_gateway_described_by_flags_has_no_name_to_compare(
    tmp_path: Path, up: Up, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_KEY", "key-of-somebody")
    lines: list[str] = []
    known = known_file(tmp_path, "gateway = 'acme'\n")
    flags = {"gateway": "http://127.0.0.1:9", "api_key_env": "ACME_KEY"}
    conductor(tmp_path, known=known, **flags).start(lines.append)
    assert lines == ["known deviations are for acme; --gateway has no name to compare"]


def test_an_interrupt_at_the_end_breaks_nothing_off(tmp_path: Path, up: Up) -> None:
    run = conductor(tmp_path)
    run.start(print)
    run.select(["CONN-01", "AUTH-01"], "", "")
    run.record(sample_results("CONN-01")[0])
    run.broke_off("interrupted", "the run was interrupted")
    record = run.finish()
    assert record is not None
    assert record.state == "interrupted"
    assert record.not_verified == ["AUTH-01"]
    assert (tmp_path / "index.html").exists()
    assert run.finish() is record


def test_services_are_stopped_if_the_route_leads_elsewhere(
    tmp_path: Path, up: Up, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(target: Target) -> None:
        raise RunError("nothing reached the provider")

    up.target = Target("gw", "external", "http://127.0.0.1:9", "k", upstream_url="http://x")
    monkeypatch.setattr(module, "check_route", elsewhere)
    with pytest.raises(RunError):
        conductor(tmp_path).start(print)
    assert up.stopped


def test_signals_are_ignored_for_a_while_only() -> None:
    with undisturbed(), undisturbed():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_beside_the_main_thread_nothing_is_changed() -> None:
    before = signal.getsignal(signal.SIGINT)
    found: list[Any] = []

    def work() -> None:
        with undisturbed():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]


def test_what_workers_share_survives_the_way_to_them(tmp_path: Path, up: Up) -> None:
    run = conductor(tmp_path, client_profile="engine-cowork-2.1.330")
    run.start(print)
    shared = Shared.unpacked(run.shared(2).packed())
    assert shared == run.shared(2)
    assert shared.profile.name == "engine-cowork-2.1.330"
