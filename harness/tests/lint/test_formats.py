"""Four formats say the same, each as its reader wants it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from lint.planted import FLAT

from gatecert.desktop.config.config import Client
from gatecert.desktop.config.placed import NOWHERE, Place
from gatecert.lint import CODES, FORMATS, Finding, Linted, Policy, lint_data
from gatecert.lint.page import as_markdown, as_text

URL = CODES["ends-in-v1"]


def finding(path: str = "a.json", place: Place = NOWHERE, **changes: Any) -> Finding:
    values = {"key": "inferenceGatewayBaseUrl", "message": "it asks for /v1/v1", "fix": "remove it"}
    return Finding(URL, path, place=place, **{**values, **changes})


SAMPLE = Linted(
    3,
    [
        finding(place=Place(3, 5)),
        finding("b c/d,e:f%.json", Place(7)),
        finding("b c/d,e:f%.json", severity="note", key="", message="two\nlines, 100%"),
    ],
    [("/root/x.json", "Permission denied")],
)


def test_text_is_grouped_by_file_and_ends_with_a_sum() -> None:
    lines = FORMATS["text"](SAMPLE).split("\n")
    first = "a.json:3:5: error: inferenceGatewayBaseUrl: the base URL ends in /v1 [U002 ends-in-v1]"
    assert lines[:4] == [first, "    it asks for /v1/v1", "    fix: remove it", ""]
    assert lines[4].startswith("b c/d,e:f%.json:7: error: ")
    assert lines[-4:] == [
        "/root/x.json: cannot be read: Permission denied",
        "",
        "3 files, 1 unreadable: 2 errors, 1 note",
        "",
    ]
    assert FORMATS["text"](Linted(1, [])) == "1 file: nothing found\n"


def test_text_shows_no_control_characters_of_a_path() -> None:
    assert "\x1b" not in FORMATS["text"](Linted(1, [finding("a\x1b[2J.json")]))


def test_json_has_every_part() -> None:
    document = json.loads(FORMATS["json"](SAMPLE))
    assert document["files"] == 3
    assert document["unreadable"] == [{"path": "/root/x.json", "reason": "Permission denied"}]
    assert document["findings"][0] == {
        "code": "U002",
        "name": "ends-in-v1",
        "severity": "error",
        "path": "a.json",
        "key": "inferenceGatewayBaseUrl",
        "line": 3,
        "column": 5,
        "title": "the base URL ends in /v1",
        "message": "it asks for /v1/v1",
        "fix": "remove it",
        "sureness": "observed",
    }
    assert (document["findings"][2]["line"], document["findings"][2]["severity"]) == (None, "note")


def sarif(linted: Linted) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FORMATS["sarif"](linted))
    return document


def test_sarif_has_the_structure_of_2_1_0() -> None:
    document = sarif(SAMPLE)
    assert (document["version"], set(document)) == ("2.1.0", {"$schema", "version", "runs"})
    (run,) = document["runs"]
    assert set(run) == {"tool", "columnKind", "results", "invocations"}
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [code.id for code in CODES.values()]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert sarif(Linted(1, []))["runs"][0]["invocations"][0]["executionSuccessful"] is True


def test_sarif_places_and_addresses() -> None:
    places = [
        result["locations"][0]["physicalLocation"] for result in sarif(SAMPLE)["runs"][0]["results"]
    ]
    assert places[0] == {
        "artifactLocation": {"uri": "a.json"},
        "region": {"startLine": 3, "startColumn": 5},
    }
    assert places[1]["artifactLocation"]["uri"] == "b%20c/d%2Ce%3Af%25.json"
    assert places[1]["region"] == {"startLine": 7}
    assert "region" not in places[2]


def test_github_annotations_are_escaped() -> None:
    lines = FORMATS["github"](SAMPLE).splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("::error file=a.json,line=3,col=5,title=U002 ends-in-v1::")
    assert lines[1].startswith("::error file=b c/d%2Ce%3Af%25.json,line=7,title=")
    assert lines[2].startswith("::notice file=b c/d%2Ce%3Af%25.json,title=")
    assert "two%0Alines, 100%25" in lines[2]
    assert lines[3] == "::error file=/root/x.json::cannot be read: Permission denied"


@pytest.mark.parametrize("name", FORMATS)
def test_a_path_of_any_bytes_can_be_shown(name: str) -> None:
    path = b"caf\xe9/\x01.json".decode("utf-8", "surrogateescape")
    linted = lint_data(
        path, json.dumps({**FLAT, "chatTabEnabled": "x"}).encode(), Client(), Policy()
    )
    assert FORMATS[name](linted).encode("utf-8", "backslashreplace")


def test_the_pages_name_every_code() -> None:
    text, page = as_text(), as_markdown()
    for code in CODES.values():
        assert f"{code.id}  {code.name}  ({code.severity}" in text
        assert f"### {code.id} {code.name}\n" in page
        assert code.fix in page
    assert len(re.findall(r"^### ", page, re.MULTILINE)) == len(CODES)
