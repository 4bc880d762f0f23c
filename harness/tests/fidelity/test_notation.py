"""The notation shows shapes and never what was said."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.fidelity.notation import body_shape, header_shape, request_shape

SECRET = "sk-gatecert-test-secret"


@pytest.mark.parametrize(
    ("name", "value", "shape"),
    [
        ("Authorization", f"Bearer {SECRET}", "Bearer <token>"),
        ("authorization", SECRET, "<token>"),
        ("Authorization", f"Bearer Bearer {SECRET}", "Bearer <token with blanks>"),
        ("Authorization", "Bearer ", "Bearer "),
        ("X-Api-Key", SECRET, "<key>"),
        ("x-api-key", "", ""),
        ("Host", "127.0.0.1:8787", "<host:port>"),
        ("Content-Length", "12", "<n>"),
        ("Content-Length", "twelve", "str(6)"),
        ("X-Claude-Code-Session-Id", "00000000-0000-4000-8000-000000000000", "<uuid>"),
        ("X-Claude-Code-Session-Id", "mine", "str(4)"),
        ("x-claude-code-agent-id", "a0123456789abcdef", "<1 letter + 16 hex>"),
        ("anthropic-version", "2023-06-01", "2023-06-01"),
    ],
)
def test_header_values_become_patterns_where_they_are_secret_or_random(
    name: str, value: str, shape: str
) -> None:
    assert header_shape(name, value) == shape


def test_a_body_keeps_structure_and_loses_text() -> None:
    body = {
        "model": "@slug/claude-opus-4-8[1m]",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "<system-reminder>secret"}]},
            {"role": "user", "content": "hi"},
        ],
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330.d01; cc_x=y;"},
            {"type": "text", "text": "x-anthropic-billing-header: my secret; words;"},
        ],
        "max_tokens": 3,
    }
    shape = body_shape(body)
    assert shape["model"] == body["model"]
    assert shape["messages"][0]["content"][0]["text"] == "str(23) <system-reminder>"
    assert shape["messages"][1]["content"] == "str=hi"
    assert shape["system"][0]["text"].endswith("cc_version=2.1.330.d01; cc_x=y;")
    assert shape["system"][1]["text"] == "str(45)"
    assert list(shape) == list(body)


def test_tools_become_names_and_keys() -> None:
    tool = {"name": "Read", "description": "long", "input_schema": {}, "defer_loading": True}
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
    assert body_shape({"tools": [tool, search, 3]})["tools"] == [
        {
            "name": "Read",
            "keys": ["name", "description", "input_schema", "defer_loading"],
            "defer_loading": True,
        },
        {
            "name": "web_search",
            "type": "web_search_20250305",
            "keys": ["type", "name", "max_uses"],
        },
        "int",
    ]


def test_a_tool_call_keeps_the_names_of_its_arguments_only() -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "rm secret"}}
    assert body_shape(call) == {
        "type": "tool_use",
        "id": "toolu_1",
        "name": "str=Bash",
        "input": {"keys": ["command"]},
    }


def test_the_user_id_shows_what_kind_of_ids_are_in_it() -> None:
    ids = {"device_id": "a" * 64, "account_uuid": "", "session_id": "x", "n": 1}
    shown = body_shape({"user_id": json.dumps(ids)})["user_id"]
    assert shown == (
        'JSON string: {"device_id": "<hex64>", "account_uuid": "", "session_id": "str(1)", "n": 1}'
    )
    assert body_shape({"user_id": "plain"}) == {"user_id": "str(5)"}


def test_a_schema_shows_its_keys_and_properties() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    format_ = {"type": "json_schema", "schema": schema}
    assert body_shape(format_)["schema"] == {
        "keys": ["type", "properties"],
        "properties": ["title"],
    }


def test_a_request_without_a_body_and_one_without_json() -> None:
    head = request_shape("HEAD", "/", "1.1", [("Accept", "*/*")], b"")
    assert head == {
        "method": "HEAD",
        "path": "/",
        "http": "HTTP/1.1",
        "headers_in_order": [["Accept", "*/*"]],
        "body_bytes": 0,
    }
    assert request_shape("POST", "/", "1.1", [], b"{")["body_shape"] == "not JSON: 1 bytes"


@given(st.text(min_size=9), st.sampled_from(["text", "content", "description", "anything"]))
def test_no_text_gets_into_a_shape(text: str, key: str) -> None:
    shown = json.dumps(body_shape({key: [text, {key: text}]}), ensure_ascii=False)
    assert text not in shown


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_has_a_shape(value: object) -> None:
    shape = request_shape("POST", "/", "1.1", [], json.dumps(value).encode())
    assert shape["body_bytes"] > 0
