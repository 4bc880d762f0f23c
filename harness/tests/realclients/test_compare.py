from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from gatecert.realclients import compare

CAPTURES = Path(__file__).parents[3] / "fixtures" / "captures"
KEPT = json.loads((CAPTURES / "claude-code-2.1.330.json").read_text("utf-8"))


def changed(edit: Any, flow: str = "sj_desktop", number: int = 1) -> list[str]:
    fresh = copy.deepcopy(KEPT)
    edit(fresh["flows"][flow]["requests"][number])
    return compare.differences(KEPT, fresh)


def test_a_capture_does_not_differ_from_itself() -> None:
    assert compare.differences(KEPT, copy.deepcopy(KEPT)) == []


def test_lengths_bytes_and_a_conversations_digits_are_left_out() -> None:
    def edit(request: dict[str, Any]) -> None:
        request["body_bytes"] += 5
        request["body_shape"]["system"][2]["text"] = "str(99999)"
        billing = request["body_shape"]["system"][0]["text"]
        request["body_shape"]["system"][0]["text"] = billing.replace(".593;", ".abc;")
        assert billing != request["body_shape"]["system"][0]["text"]

    assert changed(edit) == []


def test_the_version_of_the_client_itself_is_left_out() -> None:
    text = json.dumps(KEPT).replace("2.1.330", "2.1.999")
    assert compare.differences(KEPT, json.loads(text)) == []


def test_a_header_that_is_gone_is_named() -> None:
    (line,) = changed(lambda r: r["headers_in_order"].pop(3))
    assert "sj_desktop request 1" in line
    assert "gone ['User-Agent'], new []" in line


def test_another_order_of_headers_is_a_difference() -> None:
    (line,) = changed(lambda r: r["headers_in_order"].reverse())
    assert "other order" in line


def test_a_headers_value_is_compared() -> None:
    def edit(request: dict[str, Any]) -> None:
        request["headers_in_order"][0][1] = "text/event-stream"

    (line,) = changed(edit)
    assert "[Accept]" in line
    assert "application/json → text/event-stream" in line


def test_the_order_of_a_bodys_keys_is_compared() -> None:
    def edit(request: dict[str, Any]) -> None:
        shape = request["body_shape"]
        request["body_shape"] = {key: shape[key] for key in reversed(shape)}

    (line,) = changed(edit)
    assert ".body_shape: keys" in line


def test_a_tool_that_is_new_is_named() -> None:
    def edit(request: dict[str, Any]) -> None:
        request["body_shape"]["tools"].append({"name": "Fly", "keys": ["name"]})

    (line,) = changed(edit, number=2)
    assert "new ['Fly']" in line


def test_another_number_of_requests_is_one_difference() -> None:
    fresh = copy.deepcopy(KEPT)
    fresh["flows"]["sj_desktop"]["requests"].pop()
    (line,) = compare.differences(KEPT, fresh)
    assert line.startswith("sj_desktop: requests")


def test_what_is_different_in_many_requests_is_told_once() -> None:
    text = json.dumps(KEPT).replace("Bun/1.4.4", "Bun/1.5.0")
    (line,) = compare.differences(KEPT, json.loads(text))
    assert " more: " in line
    assert "Bun/1.4.4 → Bun/1.5.0" in line


def test_flows_that_only_one_capture_holds_are_no_difference() -> None:
    fresh = copy.deepcopy(KEPT)
    del fresh["flows"]["haiku"]
    assert compare.differences(KEPT, fresh) == []


@pytest.mark.parametrize(
    ("version", "others", "expected"),
    [
        ("2.1.331", ["2.1.197", "2.1.330"], "2.1.330"),
        ("2.1.330", ["2.1.197", "2.1.330"], "2.1.330"),
        ("2.1.330", ["2.1.99", "2.1.331"], "2.1.99"),
        ("1.0.0", ["2.0.0"], ""),
        ("1.0.0", [], ""),
    ],
)
def test_the_nearest_version(version: str, others: list[str], expected: str) -> None:
    assert compare.nearest(version, others) == expected
