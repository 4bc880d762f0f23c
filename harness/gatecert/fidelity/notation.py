"""The notation of the captures: what a request looked like, without what it said. Pure.

Text becomes its length (``str(N)``), credentials and identifiers become patterns (``<token>``,
``<key>``, ``<uuid>``), tools become their names and keys. What stays as it was is what a protocol
is made of: header names, flags, types, roles, model names, numbers. So nothing that a user wrote,
and nothing secret, can get into a capture.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

Headers = Sequence[tuple[str, str]]
Json = Any

REMINDER = "<system-reminder>"
# words that the recordings use as prompts; they say nothing about anybody
TEST_WORDS = frozenset({"hi", "say hi", "foo", "count"})

# that a text is there is what counts
_LENGTH = re.compile(r"str\(\d+\)|str=(?:" + "|".join(sorted(TEST_WORDS)) + r")$")
# made of the prompt; the release in front may be one that is left out as well
_DIGITS = re.compile(r"(cc_version=[^\s;]+\.)[0-9a-f]{3};")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEX64 = re.compile(r"[0-9a-f]{64}")
_AGENT = re.compile(r"[a-z][0-9a-f]{16}")
_ATTRIBUTION = re.compile(r"x-anthropic-billing-header:( cc_[a-z_]+=[0-9A-Za-z._-]+;)+")
_WORD = re.compile(r"[0-9A-Za-z._:@/\[\]-]{1,80}")
# fields whose values are words of the protocol, not of a person
_PROTOCOL = frozenset("type role model effort display keep media_type id tool_use_id ttl".split())
_NAMED = frozenset("name permission_mode platform".split())


def request_shape(
    method: str,
    target: str,
    http_version: str,
    headers: Headers,
    body: bytes,
    words: Collection[str] = TEST_WORDS,
) -> dict[str, Json]:
    """A request in the captures' form. ``words`` are prompts that may be shown as they are."""
    shape: dict[str, Json] = {
        "method": method,
        "path": target,
        "http": f"HTTP/{http_version}",
        "headers_in_order": [[name, header_shape(name, value)] for name, value in headers],
        "body_bytes": len(body),
    }
    if not body:
        return shape
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {**shape, "body_shape": f"not JSON: {len(body)} bytes"}
    if isinstance(parsed, dict):
        shape["body_top_level_keys_in_order"] = list(parsed)
    shape["body_shape"] = body_shape(parsed, words)
    return shape


def header_shape(name: str, value: str) -> str:
    """A header's value; secrets, addresses and identifiers become patterns."""
    pattern = _HEADERS.get(name.lower())
    return pattern(value) if pattern else value


def without_lengths(text: str) -> str:
    """A shape's text without what varies from run to run: lengths, and digits made of a prompt."""
    return _DIGITS.sub(r"\1<3 hex>;", _LENGTH.sub("str", text))


def body_shape(body: Json, words: Collection[str] = TEST_WORDS) -> Json:
    """A JSON body with texts replaced by their lengths, its keys in the order they came."""
    return _shape("", body, words)


def _shape(key: str, value: Json, words: Collection[str]) -> Json:
    if isinstance(value, str):
        return _text(key, value, words)
    if isinstance(value, list):
        if key == "tools":
            return [_tool(tool) for tool in value]
        return [_shape("", item, words) for item in value]
    if isinstance(value, dict):
        if key in ("input", "input_schema"):
            return {"keys": list(value)}
        if key == "schema":
            return {"keys": list(value), "properties": list(value.get("properties") or {})}
        return {name: _shape(name, item, words) for name, item in value.items()}
    return value


def _text(key: str, text: str, words: Collection[str]) -> str:
    if key == "user_id":
        return _user_id(text)
    if key in _PROTOCOL and _WORD.fullmatch(text):
        return text
    if text in words or (key in _NAMED and _WORD.fullmatch(text)):
        return f"str={text}"
    if _ATTRIBUTION.fullmatch(text):
        return text
    size = f"str({len(text)})"
    return f"{size} {REMINDER}" if text.startswith(REMINDER) else size


def _tool(tool: Json) -> Json:
    """A tool by its name and keys; its description and schema are long and not ours."""
    if not isinstance(tool, dict):
        return type(tool).__name__
    shown = {name: tool[name] for name in ("name", "type") if isinstance(tool.get(name), str)}
    shape: dict[str, Json] = {**shown, "keys": list(tool)}
    if "defer_loading" in tool:
        shape["defer_loading"] = tool["defer_loading"] is True
    return shape


def _user_id(text: str) -> str:
    try:
        ids = json.loads(text)
    except (ValueError, RecursionError):
        ids = None
    if not isinstance(ids, dict):
        return f"str({len(text)})"
    return "JSON string: " + json.dumps({name: _identifier(value) for name, value in ids.items()})


def _identifier(value: Json) -> Json:
    if not isinstance(value, str) or not value:
        return value
    if _UUID.fullmatch(value):
        return "<uuid>"
    return "<hex64>" if _HEX64.fullmatch(value) else f"str({len(value)})"


def _authorization(value: str) -> str:
    scheme, blank, secret = value.partition(" ")
    if blank and scheme in ("Bearer", "Basic") and secret:
        return f"{scheme} <token>" if " " not in secret else f"{scheme} <token with blanks>"
    return "<token>" if value.strip() not in ("", "Bearer") else value


def _fixed(pattern: str) -> Callable[[str], str]:
    return lambda value: pattern if value else ""


def _matched(pattern: re.Pattern[str], name: str) -> Callable[[str], str]:
    return lambda value: name if pattern.fullmatch(value) else f"str({len(value)})"


_HEADERS: dict[str, Callable[[str], str]] = {
    "authorization": _authorization,
    "proxy-authorization": _authorization,
    "x-api-key": _fixed("<key>"),
    "cookie": _fixed("<cookie>"),
    "host": _fixed("<host:port>"),
    "content-length": _matched(re.compile(r"\d+"), "<n>"),
    "x-claude-code-session-id": _matched(_UUID, "<uuid>"),
    "x-claude-code-agent-id": _matched(_AGENT, "<1 letter + 16 hex>"),
}
