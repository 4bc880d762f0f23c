"""The modes, run as a user does: each is what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.running import gatecert, record
from gatecert.session.paths import fixtures_folder

KNOWN = fixtures_folder() / "known" / "portkey-1.15.2.toml"


def test_the_hosted_mode_does_what_is_documented(tmp_path: Path) -> None:
    areas = ("--area", "auth", "--area", "metadata", "--area", "fallback")
    ran = gatecert("run", "--mode", "portkey-hosted", *areas, "--out", tmp_path, cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "made up: The JSON of its own 401" in ran.out + ran.err
    found = record(tmp_path)
    assert set(found["summary"]["verdicts"]) <= {"pass", "not-applicable"}
    assert found["target"]["mode"] == "portkey-hosted"
    assert len(found["target"]["invented"]) >= 4
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "no vendor has published is made up" in page


def test_the_open_source_mode_deviates_as_the_real_one_does(tmp_path: Path) -> None:
    areas = ("--area", "metadata", "--area", "fallback")
    known_here = tmp_path / "known.toml"  # the same deviations, of another gateway
    text = KNOWN.read_text("utf-8")
    known_here.write_text(text[text.index("[known.") :], "utf-8")
    given = ("--known", known_here, "--out", tmp_path / "run")
    ran = gatecert("run", "--mode", "portkey-oss", *areas, *given, cwd=tmp_path)
    assert ran.code == 0, ran.err
    verdicts = {r["id"]: r["verdict"] for r in record(tmp_path / "run")["results"]}
    assert set(verdicts.values()) <= {"pass", "not-applicable", "known", "fixed"}
    known = {identifier for identifier, verdict in verdicts.items() if verdict == "known"}
    assert known == {"META-09", "META-13", "META-14", "META-16", "META-17", "META-20"}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--mode", "portkey-hostd"), "did you mean 'portkey-hosted'"),
        (("--mode", "portkey-oss", "--defect", "slow"), "--mode goes without --defect"),
        (("--mode", "portkey-oss", "--target", "portkey"), "--mode is for the embedded gateway"),
    ],
)
def test_a_mode_that_cannot_be_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    ran = gatecert("run", *arguments, cwd=tmp_path)
    assert ran.code == 2
    assert complaint in ran.err
    assert len(ran.lines) == 1
