"""The comparison is seen to fail: each change to a request costs points and is named."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.fidelity.captures import CapturedFlow, read_captures
from gatecert.fidelity.comparison import Comparison, paired
from gatecert.fidelity.requests import compare_flow, normal
from gatecert.session.paths import fixtures_folder

FLOWS = {(f.capture, f.name): f for f in read_captures(fixtures_folder() / "captures")}
DESKTOP = FLOWS["claude-code-2.1.330", "desktop_toolloop"]
SENT = 1
Change = Callable[[list[dict[str, Any]]], object]


def compared(change: Change, flow: CapturedFlow = DESKTOP) -> Comparison:
    sent = copy.deepcopy([dict(request) for request in flow.requests])
    change(sent)
    return compare_flow(flow, sent, flow.connections)


def unchanged(sent: list[dict[str, Any]]) -> None:
    """Sends what was captured."""


@pytest.mark.parametrize("flow", FLOWS.values(), ids=lambda f: f"{f.capture}-{f.name}")
def test_a_flow_equals_itself(flow: CapturedFlow) -> None:
    sent = [*flow.requests, *flow.later]
    sent += sent[-1:] * (flow.total - len(sent))
    result = compare_flow(flow, sent, flow.connections)
    assert result.differences == []
    assert result.points == result.equal
    assert result.points["flow"] > 0


def header(sent: list[dict[str, Any]], name: str) -> list[str]:
    found: list[str] = next(h for h in sent[SENT]["headers_in_order"] if h[0] == name)
    return found


def drop_a_header(sent: list[dict[str, Any]]) -> None:
    sent[SENT]["headers_in_order"].remove(header(sent, "x-app"))


def add_a_header(sent: list[dict[str, Any]]) -> None:
    sent[SENT]["headers_in_order"].insert(3, ["X-New", "1"])


def send_a_header_twice(sent: list[dict[str, Any]]) -> None:
    sent[SENT]["headers_in_order"].insert(1, ["Accept", "application/json"])


def swap_two_headers(sent: list[dict[str, Any]]) -> None:
    headers = sent[SENT]["headers_in_order"]
    headers[-3], headers[-2] = headers[-2], headers[-3]


def change_the_case(sent: list[dict[str, Any]]) -> None:
    header(sent, "Content-Type")[0] = "content-type"


def add_a_beta(sent: list[dict[str, Any]]) -> None:
    header(sent, "anthropic-beta")[1] += ",foo-2026-01-01"


def lose_a_key(sent: list[dict[str, Any]]) -> None:
    del sent[SENT]["body_shape"]["metadata"]


def add_a_key(sent: list[dict[str, Any]]) -> None:
    sent[SENT]["body_shape"]["temperature"] = 1


def move_a_key(sent: list[dict[str, Any]]) -> None:
    body = sent[SENT]["body_shape"]
    body["model"] = body.pop("model")


def change_a_type(sent: list[dict[str, Any]]) -> None:
    sent[SENT]["body_shape"]["max_tokens"] = "32000"


def change_a_number(sent: list[dict[str, Any]]) -> None:
    sent[SENT]["body_shape"]["max_tokens"] = 32_001


def lose_a_cache_mark(sent: list[dict[str, Any]]) -> None:
    del sent[SENT]["body_shape"]["system"][1]["cache_control"]


def lose_a_tool(sent: list[dict[str, Any]]) -> None:
    del sent[SENT]["body_shape"]["tools"][4]


def swap_two_tools(sent: list[dict[str, Any]]) -> None:
    tools = sent[SENT]["body_shape"]["tools"]
    tools[0], tools[1] = tools[1], tools[0]


def lose_a_reminder(sent: list[dict[str, Any]]) -> None:
    del sent[SENT]["body_shape"]["messages"][0]["content"][0]


def make_a_reminder_plain(sent: list[dict[str, Any]]) -> None:
    sent[SENT]["body_shape"]["messages"][0]["content"][0]["text"] = "str(810)"


def reorder_a_result(sent: list[dict[str, Any]]) -> None:
    result = sent[SENT]["body_shape"]["messages"][2]["content"][0]
    result["tool_use_id"] = result.pop("tool_use_id")


def make_true_a_number(sent: list[dict[str, Any]]) -> None:
    sent[SENT]["body_shape"]["stream"] = 1


def answer_on_another_path(sent: list[dict[str, Any]]) -> None:
    sent[SENT]["path"] = "/v1/messages"


def speak_another_version(sent: list[dict[str, Any]]) -> None:
    sent[SENT]["http"] = "HTTP/1.0"


def send_one_less(sent: list[dict[str, Any]]) -> None:
    sent.pop()


def send_one_more(sent: list[dict[str, Any]]) -> None:
    sent.append(copy.deepcopy(sent[0]))


@pytest.mark.parametrize(
    ("change", "kind", "path"),
    [
        (drop_a_header, "header", "headers.x-app"),
        (add_a_header, "header", "headers.X-New"),
        (send_a_header_twice, "header", "headers.Accept"),
        (swap_two_headers, "header", "headers.Accept-Encoding"),
        (change_the_case, "header", "headers.Content-Type"),
        (add_a_beta, "header", "headers.anthropic-beta.value"),
        (lose_a_key, "top", "keys.metadata"),
        (add_a_key, "top", "keys.temperature"),
        (move_a_key, "top", "keys.model"),
        (change_a_type, "top", "keys.max_tokens"),
        (change_a_number, "body", "body.max_tokens"),
        (lose_a_cache_mark, "body", "body.system.1.cache_control"),
        (lose_a_tool, "body", "body.tools.4"),
        (swap_two_tools, "body", "body.tools.1"),
        (lose_a_reminder, "body", "body.messages.0.content.7"),
        (make_a_reminder_plain, "body", "body.messages.0.content.0.text"),
        (reorder_a_result, "body", "body.messages.2.content.0.<order>"),
        (make_true_a_number, "body", "body.stream"),
        (answer_on_another_path, "flow", "request"),
        (speak_another_version, "flow", "http"),
        (send_one_less, "flow", "requests"),
        (send_one_more, "flow", "requests"),
    ],
)
def test_a_changed_request_costs_points_and_is_named(change: Change, kind: str, path: str) -> None:
    result = compared(change)
    assert result.equal[kind] < result.points[kind]
    assert path in [difference.path for difference in result.differences]
    assert result.equal.total() / result.points.total() < 1


def test_a_difference_says_where_it_is_and_what_was_expected() -> None:
    (difference,) = compared(change_a_number).differences
    assert str(difference) == (
        "claude-code-2.1.330 desktop_toolloop #2 body.max_tokens: 32000 in the capture, 32001 here"
    )


def test_other_lengths_are_no_difference_but_no_text_is() -> None:
    def longer(sent: list[dict[str, Any]]) -> None:
        sent[SENT]["body_shape"]["system"][2]["text"] = "str(1)"
        sent[SENT]["body_shape"]["system"][0]["text"] = (
            "x-anthropic-billing-header: cc_version=2.1.330.fff; cc_entrypoint=claude-desktop-3p;"
        )

    def other(sent: list[dict[str, Any]]) -> None:
        sent[SENT]["body_shape"]["system"][2]["text"] = None

    assert compared(longer).differences == []
    assert len(compared(other).differences) == 1


def test_a_result_must_name_its_call_whatever_the_call_is_named() -> None:
    def renamed(sent: list[dict[str, Any]]) -> None:
        messages = sent[SENT]["body_shape"]["messages"]
        messages[1]["content"][1]["id"] = messages[2]["content"][0]["tool_use_id"] = "toolu_9"

    def wrong(sent: list[dict[str, Any]]) -> None:
        sent[SENT]["body_shape"]["messages"][2]["content"][0]["tool_use_id"] = "toolu_9"

    assert compared(renamed).differences == []
    (difference,) = compared(wrong).differences
    assert (difference.expected, difference.actual) == ("call 1", "call 2")


def test_another_number_of_connections_is_a_difference() -> None:
    result = compare_flow(DESKTOP, DESKTOP.requests, 3)
    assert [d.path for d in result.differences] == ["connections"]


def test_a_request_that_is_not_sent_costs_all_its_points() -> None:
    whole, less = compared(unchanged), compared(send_one_less)
    assert less.points["header"] == whole.points["header"]
    assert less.equal["header"] < whole.equal["header"] * 0.6


def test_a_later_request_is_looked_for_among_the_rest() -> None:
    flow = FLOWS["claude-code-2.1.197", "context_count_tokens_404_fallback"]
    sent = [*flow.requests, *([flow.requests[-1]] * 27)]
    missing = compare_flow(flow, sent, flow.connections)
    assert [d.path for d in missing.differences] == ["request"]
    there = compare_flow(flow, [*sent[:-1], *flow.later], flow.connections)
    assert there.differences == []


@given(st.lists(st.integers(0, 5)), st.lists(st.integers(0, 5)))
def test_pairing_shows_every_item_once_and_in_order(left: list[int], right: list[int]) -> None:
    pairs = list(paired(left, right))
    assert [a for a, _ in pairs if a is not None] == list(range(len(left)))
    assert [b for _, b in pairs if b is not None] == list(range(len(right)))
    assert all(left[a] == right[b] for a, b in pairs if a is not None and b is not None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=4), json_values), json_values)
def test_any_two_bodies_can_be_compared(body: dict[str, Any], other: Any) -> None:
    def request(shape: Any) -> dict[str, Any]:
        line = {"method": "POST", "path": "/", "http": "HTTP/1.1"}
        return {**line, "headers_in_order": [], "body_shape": shape}

    flow = CapturedFlow("c", "f", [request(body)], 1)
    same = compare_flow(flow, [request(copy.deepcopy(body))], None)
    assert same.differences == []
    result = compare_flow(flow, [request(other)], None)
    assert (result.differences == []) == (
        normal(body) == normal(other) and repr(normal(body)) == repr(normal(other))
    )
