"""The captures that are committed hold shapes: no prompt text, no credential, no place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatecert.realclients.bench import HELPER, KEY, TOKEN

CAPTURES = sorted((Path(__file__).parents[3] / "fixtures" / "captures").rglob("*.json"))
LONGEST = 64
# long strings that say nothing about anybody
NOTATIONS = [
    re.compile(r"(,?[a-z0-9-]+-20\d\d(-?\d\d-?\d\d)?)+"),  # beta flags
    re.compile(r"JSON string: \{[^}]*\}"),
    re.compile(r"x-anthropic-billing-header:( cc_[a-z_]+=[0-9A-Za-z._<>-]+;)+"),
]
# fields that hold a client's or a library's own words about an error, or ours about the capture
OWN_WORDS = {"note", "final_message", "message", "returned", "server_answered"}
LONGEST_OWN_WORDS = 420
PLACES = re.compile(
    r"/(home|Users|root|tmp|work|opt|var|private)/|[A-Z]:\\\\|\.(internal|corp|lan)\b"
)
HOSTS = re.compile(r"\b(?:[a-z0-9-]+\.)+(?:com|net|org|io|dev|ai)\b")
SECRETS = re.compile(
    r"gk-fake|sk-ant|@@gatecert|gc-[0-9a-f]{32}|Bearer [^<\s]|[0-9a-f]{40}|"
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)


def strings(node: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Every string with the field it stands in."""
    if isinstance(node, str):
        yield field, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from strings(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value, field)


def too_long(field: str, text: str) -> bool:
    if field in OWN_WORDS:
        return len(text) > LONGEST_OWN_WORDS
    if field == "changes_between_attempts" or len(text) <= LONGEST:
        return len(text) > LONGEST_OWN_WORDS
    return not any(notation.fullmatch(text) for notation in NOTATIONS)


@pytest.mark.parametrize("place", CAPTURES, ids=lambda place: place.stem)
def test_no_string_is_long_enough_to_be_somebodys(place: Path) -> None:
    found = strings(json.loads(place.read_text("utf-8")))
    assert [text for field, text in found if too_long(field, text)] == []


@pytest.mark.parametrize("place", CAPTURES, ids=lambda place: place.stem)
def test_no_place_host_or_secret_is_named(place: Path) -> None:
    text = place.read_text("utf-8")
    assert PLACES.findall(text) == []
    assert SECRETS.findall(text) == []
    # the client's own messages point to its maker's pages
    assert set(HOSTS.findall(text)) <= {"www.anthropic.com", "claude.com", "support.claude.com"}


@pytest.mark.parametrize(
    "text",
    [
        "please summarise the quarterly figures of the northern region for me",
        "a-2026-01-01,tell me about the quarterly figures of the northern region",
        "x-anthropic-billing-header: and then a sentence that somebody has written",
    ],
)
def test_a_sentence_would_be_found(text: str) -> None:
    assert too_long("text", text)


@pytest.mark.parametrize(
    "text", [f"Bearer {TOKEN}", KEY, HELPER, "@@gatecert gc-" + "0" * 32, "Bearer abc"]
)
def test_a_secret_would_be_found(text: str) -> None:
    assert SECRETS.search(text)


def test_a_place_would_be_found() -> None:
    assert PLACES.search('"working_directory": "/home/somebody/project"')
