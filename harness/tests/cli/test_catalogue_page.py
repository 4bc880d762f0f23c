"""The catalogue: what is provisional and what known gateways call it can be seen before a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatecert.cli import catalogue, main
from gatecert.requirements import Catalogue, Source
from gatecert.requirements.model import Requirement

OLD = Requirement(
    *("AUTH-90", "MUST", Source("field", "a place"), "Why.", "Fix."),
    sentence="The old one.",
    area="auth",
    node="auth/test_it.py::test_it",
)
NEW = replace(
    OLD,
    id="AUTH-91",
    sentence="The new one.",
    since="0.2",
    hints={"nginx": "proxy_buffering off", "apache": "MergeSlashes Off"},
)


def test_the_page_marks_what_is_provisional_and_lists_hints() -> None:
    page = catalogue.catalogue_page(Catalogue([OLD, NEW]))
    assert "### AUTH-90 (MUST)\n" in page
    assert "### AUTH-91 (MUST, provisional)\n" in page
    assert "a MUST among it warns until the next one" in page
    hints = "- What to change: Fix.\n  - Apache: MergeSlashes Off\n  - nginx: proxy_buffering off\n"
    assert hints in page


def test_without_anything_new_the_page_does_not_speak_of_it() -> None:
    assert "provisional" not in catalogue.catalogue_page(Catalogue([OLD]))


def test_the_table_says_since_when(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalogue, "load_catalogue", lambda folder: Catalogue([OLD, NEW]))
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["requirements"]) == 0
    told = capsys.readouterr().out
    assert "0.1 " in told
    assert "0.2 (provisional)" in told
    assert main(["requirements", "--provisional"]) == 0
    told = capsys.readouterr().out
    assert "AUTH-91" in told
    assert "AUTH-90" not in told
