"""The pages say what is true: generated ones are current, links lead somewhere, examples parse."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from gatecert.cli.catalogue import catalogue_page, load_identifiers, load_trace
from gatecert.cli.parser import build_parser
from gatecert.gateways.promises import FallbackPromise, Promises
from gatecert.gateways.targetfile import parse_target
from gatecert.requirements import load_catalogue
from gatecert.requirements.tracepage import trace_page
from gatecert.session.paths import suites_folder

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def test_catalogue_page_is_current() -> None:
    page = (ROOT / "docs" / "requirements.md").read_text("utf-8")
    assert page == catalogue_page(load_catalogue(suites_folder())), "run `nox -s docs`"


def test_traceability_page_is_current() -> None:
    page = (ROOT / "docs" / "traceability.md").read_text("utf-8")
    retired = load_identifiers().retired
    current = trace_page(load_trace(), load_catalogue(suites_folder()), retired)
    assert page == current, "run `nox -s docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


def test_quick_start_is_two_shell_lines() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    section = text.partition("## Quick start")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert [block.count("\n") for block in blocks] == [1, 1]
    assert "gatecert run" in blocks[0]
    assert "nox" in blocks[1]


def test_target_file_in_the_readme_parses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_KEY", "sk-acme-0123456789")
    text = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        assert parse_target(tomllib.loads(block), "README.md").target.promises.enforces_keys


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    listed = re.findall(r"^    (\w+) ", build_parser().format_help(), re.MULTILINE)
    assert "run" in listed
    assert not [name for name in listed if f"gatecert {name}" not in text]


def test_promises_are_all_in_the_guide() -> None:
    guide = (ROOT / "docs" / "guide.md").read_text("utf-8")
    missing = [field.name for field in fields(Promises) if f"`{field.name}`" not in guide]
    assert not missing


def test_promises_in_the_page_on_fallback_are_ones_that_a_target_file_may_make(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACME_KEY", "sk-acme-0123456789")
    text = (ROOT / "docs" / "fallback.md").read_text("utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert blocks
    head = '[gateway]\nname = "x"\nbase_url = "http://127.0.0.1:1"\napi_key_env = "ACME_KEY"\n'
    means = '[upstream]\nlisten = "127.0.0.1:2"\n[promises]\nfallback = true\n'
    for block in blocks:
        parsed = parse_target(tomllib.loads(f"{head}{means}{block}"), "fallback.md").target
        assert parsed.fallback != FallbackPromise()


def test_every_key_of_a_fallback_is_explained() -> None:
    text = (ROOT / "docs" / "fallback.md").read_text("utf-8")
    assert [f.name for f in fields(FallbackPromise) if f"`{f.name}`" not in text] == []
