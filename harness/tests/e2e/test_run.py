"""Whole runs: verdicts, exit codes, files, secrets."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.running import environment, gatecert, record, start
from gatecert.gateways.defects import DEFECTS
from gatecert.gateways.embedded import EmbeddedGateway, start_embedded
from gatecert.gateways.running import ProviderAddresses
from gatecert.session.paths import suites_folder

FILES = {"run.json", "index.html", "junit.xml", "summary.md", "journal.jsonl"}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a provider that stands by itself, as users start it."""
    process = start("upstream", "--listen", "127.0.0.1:0", cwd=tmp_path_factory.mktemp("provider"))
    assert process.stdout is not None
    yield process.stdout.readline().split()[3]
    process.terminate()
    process.communicate(timeout=20)


@pytest.fixture
def gateway(provider: str) -> Iterator[EmbeddedGateway]:
    running = start_embedded(ProviderAddresses(provider, "http://127.0.0.1:9"))
    yield running
    running.stop()


def test_embedded_run_is_conformant_and_complete(tmp_path: Path) -> None:
    ran = gatecert("run", "--out", "r", "--overhead-pairs", "12", cwd=tmp_path)
    assert ran.code == 0, ran.out + ran.err
    assert "CONFORMANT" in ran.out
    assert "report: r/index.html" in ran.out
    left = record(tmp_path / "r")
    assert left["conformant"]
    # a busy machine may leave milliseconds unjudged, and nothing else
    assert not [i for i in left["not_verified"] if not i.startswith("OVER-")]
    assert set(left["summary"]["verdicts"]) <= {"pass", "could-not-run"}
    assert {path.name for path in (tmp_path / "r").iterdir()} >= FILES


def test_defect_is_caught_and_the_reason_names_it(tmp_path: Path) -> None:
    ran = gatecert("run", "--defect", "buffers-streams", "-k", "STREAM-03", cwd=tmp_path)
    assert ran.code == 1
    assert "fail  STREAM-03" in ran.out
    assert "Turn response buffering off" in ran.out
    assert "suspect: gateway" in ran.out


def test_large_bodies_of_a_failure_can_be_sent_again(tmp_path: Path) -> None:
    gatecert("run", "--defect", "drops-thinking", "-k", "MSG-04", "--out", "r", cwd=tmp_path)
    (exchange,) = record(tmp_path / "r")["results"][0]["evidence"]["exchanges"]
    words = shlex.split(exchange["curl"])
    body = tmp_path / "r" / words[words.index("--data-binary") + 1].removeprefix("@")
    assert body.stat().st_size == exchange["request"]["body_bytes"]
    assert json.loads(body.read_text("utf-8"))["thinking"]
    assert "Authorization: Bearer $GATEWAY_KEY" in words


def test_should_alone_does_not_fail_a_run(tmp_path: Path) -> None:
    ran = gatecert("run", "--defect", "bare-401", "--area", "auth", "--out", "r", cwd=tmp_path)
    assert ran.code == 0
    counts = record(tmp_path / "r")["summary"]["verdicts"]
    assert (set(counts), counts["warn"]) == ({"pass", "warn"}, 1)


def test_selected_part_is_never_complete(tmp_path: Path) -> None:
    ran = gatecert("run", "--area", "models", "--require-complete", "--out", "r", cwd=tmp_path)
    assert ran.code == 3
    assert "AS FAR AS SELECTED" in ran.out
    assert not record(tmp_path / "r")["complete"]


def test_known_deviation_keeps_ci_green_but_not_the_record(tmp_path: Path) -> None:
    entry = '[known.STREAM-09]\nreason = "it drops pings"\nlink = "https://example.org/1"\n'
    (tmp_path / "known.toml").write_text(entry.replace("STREAM-09", "STREAM-01"))
    flags = ["-k", "STREAM-01", "--known", "known.toml", "--out", "r"]
    ran = gatecert("run", "--defect", "splits-characters", *flags, cwd=tmp_path)
    assert ran.code == 0
    left = record(tmp_path / "r")
    assert left["results"][0]["verdict"] == "known"
    assert left["results"][0]["known"]["link"] == "https://example.org/1"
    assert not left["conformant"]


def test_fixed_deviation_fails_only_if_strict(tmp_path: Path) -> None:
    entry = '[known.STREAM-09]\nreason = "it drops pings"\nlink = "https://example.org/1"\n'
    (tmp_path / "known.toml").write_text(entry)
    flags = ["-k", "STREAM-09", "--known", "known.toml"]
    assert gatecert("run", *flags, cwd=tmp_path).code == 0
    strict = gatecert("run", *flags, "--strict-known", cwd=tmp_path)
    assert strict.code == 1
    assert "fixed STREAM-09" in strict.out


def test_json_prints_the_record_and_nothing_else(tmp_path: Path) -> None:
    ran = gatecert("run", "--area", "models", "--json", "--out", "r", cwd=tmp_path)
    assert json.loads(ran.out) == record(tmp_path / "r")


def test_target_file_with_an_external_gateway(
    tmp_path: Path, gateway: EmbeddedGateway, provider: str
) -> None:
    target = gateway.target
    (tmp_path / "acme.toml").write_text(
        f"""
        [gateway]
        base_url = "{target.base_url}/"
        api_key_env = "ACME_KEY"
        [gateway.headers]
        x-portkey-metadata = '{target.headers["x-portkey-metadata"]}'
        [upstream]
        listen = "{provider.removeprefix("http://")}"
        [promises]
        enforces_keys = true
        accepts_x_api_key = true
        serves_models = true
        serves_count_tokens = true
        """
    )
    flags = ["--target", "acme.toml", "--out", "r"]
    ran = gatecert("run", *flags, cwd=tmp_path, ACME_KEY=target.api_key)
    left = record(tmp_path / "r")
    assert ran.code == 0, ran.out + ran.err
    assert left["target"]["name"] == "acme"
    assert left["target"]["provider"] == "scripted"
    assert left["summary"]["verdicts"]["pass"] > 70
    assert "fail" not in left["summary"]["verdicts"]


def test_live_provider_says_what_could_not_run(tmp_path: Path, gateway: EmbeddedGateway) -> None:
    target = gateway.target
    header = f"x-portkey-metadata: {target.headers['x-portkey-metadata']}"
    flags = ["--gateway", target.base_url, "--api-key-env", "ACME_KEY", "--header", header]
    ran = gatecert("run", *flags, "--out", "r", cwd=tmp_path, ACME_KEY=target.api_key)
    left = record(tmp_path / "r")
    assert ran.code == 0, ran.out + ran.err
    assert left["target"]["provider"] == "live"
    assert not left["complete"]
    judged = {r["id"]: r for r in left["results"]}
    assert judged["AUTH-01"]["verdict"] == "pass"
    assert judged["STREAM-03"]["verdict"] == "could-not-run"
    assert judged["STREAM-03"]["reason_code"] == "live-provider"
    assert "STREAM-03" in left["not_verified"]
    background = "claude-haiku-4-5-20251001"
    assert left["selection"]["limits"] == {
        "requests": 3000, "tokens": 2_000_000, "output_tokens": 16, "model": background,
    }  # fmt: skip
    announced, certifying, *_ = ran.out.splitlines()
    assert announced.startswith("live provider: at most 3,000 requests and 2,000,000 tokens, input")
    assert f"model {background} (the background model, for no chat" in announced
    assert certifying.startswith("Certifying gateway")
    turn, _ = judged["URL-08"]["evidence"]["exchanges"]
    assert turn["request"]["body"].startswith(f'{{"model":"{background}"')


def test_token_cap_is_kept_and_said(tmp_path: Path, gateway: EmbeddedGateway) -> None:
    target = gateway.target
    header = f"x-portkey-metadata: {target.headers['x-portkey-metadata']}"
    flags = ["--gateway", target.base_url, "--api-key-env", "ACME_KEY", "--header", header]
    flags += ["--max-tokens-total", "100", "-k", "AUTH-01 or URL-08"]
    gatecert("run", *flags, "--out", "r", cwd=tmp_path, ACME_KEY=target.api_key)
    left = record(tmp_path / "r")
    reasons = {r["id"]: (r["reason_code"], r["reason"]) for r in left["results"]}
    assert reasons["AUTH-01"][0] == "held"
    assert reasons["URL-08"][0] == "token-cap"
    assert "raise the limit with --max-tokens-total" in reasons["URL-08"][1]


def test_request_cap_is_kept_and_said(tmp_path: Path) -> None:
    flags = ["--area", "auth", "--max-requests", "3", "--out", "r"]
    gatecert("run", *flags, cwd=tmp_path)
    left = record(tmp_path / "r")
    assert left["summary"]["verdicts"]["could-not-run"] >= 10
    assert {r["reason_code"] for r in left["results"]} == {"held", "request-cap"}


def test_workers_share_the_request_cap(tmp_path: Path) -> None:
    left = by_pytest(tmp_path, "--area", "auth", "-n", "2", "--max-requests", "8")
    sent = [e for r in left["results"] for e in r["evidence"]["exchanges"]]
    assert 0 < len(sent) <= 8
    assert "request-cap" in {r["reason_code"] for r in left["results"]}


def test_fewer_requests_than_workers_is_a_usage_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", str(suites_folder()), "-q", "-n", "3"),
            *("--max-requests", "2", "--out", "r"),
        ],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--max-requests 2 leaves nothing for some of 3 workers" in done.stdout + done.stderr


def by_pytest(folder: Path, *flags: str) -> dict[str, Any]:
    """The record of the suites run by pytest itself."""
    command = [sys.executable, "-m", "pytest", str(suites_folder()), "-q", "-p", "no:cacheprovider"]
    subprocess.run(
        [*command, *flags, "--out", "r"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    return record(folder / "r")


def test_no_key_in_anything_a_run_writes(
    tmp_path: Path, gateway: EmbeddedGateway, provider: str
) -> None:
    target = gateway.target
    secret_header = "x-team-token: team-token-canary-4711"
    flags = ["--gateway", target.base_url, "--api-key-env", "ACME_KEY", "--header", secret_header]
    listen = provider.removeprefix("http://")
    ran = gatecert(
        "run", *flags, "--upstream-listen", listen, "--out", "r", "--json", cwd=tmp_path,
        ACME_KEY=target.api_key,
    )  # fmt: skip
    written = {path: path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file()}
    written[Path("stdout")] = ran.out.encode()
    written[Path("stderr")] = ran.err.encode()
    assert len(written) >= 7
    for path, data in written.items():
        for canary in (target.api_key, "team-token-canary-4711"):
            assert canary.encode() not in data, f"{canary} stands in {path}"


def test_pytest_does_the_same_work(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", str(suites_folder()), "-q", "-p", "no:cacheprovider"]
    flags = ["--defect", "drops-pings", "-k", "streaming", "-n", "2", "--junitxml", "j.xml"]
    done = subprocess.run(
        [*command, *flags, "--out", "r"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    left = record(tmp_path / "r")
    counts = left["summary"]["verdicts"]
    warned = {r["id"] for r in left["results"] if r["verdict"] == "warn"}
    assert warned == set(DEFECTS["drops-pings"].breaks)
    suite = ElementTree.parse(tmp_path / "j.xml").getroot()[0]
    assert suite.get("tests") == str(counts["pass"] + counts["warn"])
    assert suite.get("skipped") == str(counts["warn"])


def test_pytest_stops_at_the_first_failure(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", str(suites_folder()), "-q", "-p", "no:cacheprovider"]
    flags = ["--defect", "accepts-any-key", "-k", "auth", "-x", "--out", "r"]
    done = subprocess.run(
        [*command, *flags],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "AUTH-03 (MUST)" in done.stdout
    left = record(tmp_path / "r")
    assert left["state"] == "stopped"
    assert left["summary"]["verdicts"]["fail"] == 1
    assert "AUTH-05" in left["not_verified"]
