"""Requests that no provider could answer: refused as the client's mistake, in readable form."""

import json
from collections.abc import Iterator
from typing import Any

from gatecert.suite import (
    SHOULD,
    DesktopApp,
    Exchange,
    Target,
    expect,
    readable_error,
    requirement,
)

# 401 and 403 would blame the key; 408, 409, 429 and 5xx are retried for minutes
_REFUSED = (400, 404, 405, 411, 413, 415, 422)
_PATH = "/v1/messages?beta=true"
_BETAS = ("claude-code-20250219",)
_NO_OBJECTS = {
    "an empty body": b"",
    "a JSON array": b"[]",
    "null": b"null",
    "a number": b"17",
    "a JSON string": b'"hello"',
}
_FIX = "Check the body before using it, and answer 400 with a sentence that names the mistake."


@requirement(
    "ERR-38",
    SHOULD,
    source="field: bodies that are no JSON object end in exceptions and 500, which clients retry ten times",
    why="One broken program floods the gateway with retries, and its owner looks for the fault elsewhere.",
    fix=_FIX,
    since="0.2",
)
def test_body_that_is_no_object_is_refused(desktop: DesktopApp) -> None:
    """A body that is empty, an array or a bare value is refused as the client's mistake."""
    for what, body in _NO_OBJECTS.items():
        _refused(_sent(desktop, body, f"a turn with {what}"), f"a turn whose body is {what}")


@requirement(
    "ERR-39",
    SHOULD,
    source="field: requests without model or messages end in a KeyError and 500",
    why="One broken program floods the gateway with retries, and its owner looks for the fault elsewhere.",
    fix=_FIX,
    since="0.2",
)
def test_missing_and_mistyped_fields_are_refused(desktop: DesktopApp, target: Target) -> None:
    """A request without model or messages, or with ones of a wrong type, is refused as a mistake."""
    for what, body in _wrong_fields(target.models.chat):
        exchange = _sent(desktop, json.dumps(body).encode(), f"a turn with {what}")
        _refused(exchange, f"a turn with {what}")


@requirement(
    "ERR-40",
    SHOULD,
    source="official: gateway errors are shown to the user with error.message",
    why="Whoever wrote the broken program is told nothing of what is wrong with it.",
    fix="Answer in the JSON error envelope, with a sentence in error.message.",
    since="0.2",
    hints={"nginx": "error_page 400 with a JSON body and default_type application/json"},
)
def test_refusal_of_malformed_requests_is_readable(desktop: DesktopApp, target: Target) -> None:
    """A malformed request is refused in JSON, with a message that can be read."""
    model = {"model": target.models.chat, "max_tokens": 1}
    for what, body in {
        "an empty body": b"",
        "broken JSON": b'{"model": ',
        "no messages": json.dumps(model).encode(),
    }.items():
        exchange = _sent(desktop, body, f"a turn with {what}")
        if exchange.status is not None and exchange.status >= 400:  # else another one's matter
            readable_error(exchange, f"the refusal of a turn with {what}")


@requirement(
    "ERR-41",
    SHOULD,
    source="standard: RFC 8259, JSON is UTF-8",
    why="A server error is retried for minutes; letters that were replaced reach the model in silence.",
    fix="Refuse a body that is not UTF-8 with 400, or pass it on byte for byte.",
    since="0.2",
)
def test_body_that_is_not_utf8_is_refused(desktop: DesktopApp, target: Target) -> None:
    """A body that is not UTF-8 is refused, instead of being repaired in silence or ending in a 5xx."""
    text = json.dumps(_body(target.models.chat, "gr\xfc\xdfe"), ensure_ascii=False)
    _refused(_sent(desktop, text.encode("latin-1"), "a turn in ISO-8859-1"), "a turn in ISO-8859-1")


@requirement(
    "ERR-42",
    SHOULD,
    source="standard: RFC 9110, parameters of a media type; a content type that is not understood is 415",
    why="A client that writes its content type in another way meets a server error and retries it.",
    fix="Accept application/json with any parameters; refuse what you do not accept with 415.",
    since="0.2",
)
def test_content_types_are_read_with_care(desktop: DesktopApp, target: Target) -> None:
    """JSON with a charset is served; another content type is served or refused with a 4xx."""
    body = json.dumps(_body(target.models.chat, "Hello")).encode()
    for kind in ("application/json; charset=utf-8", "Application/JSON"):
        exchange = _sent(desktop, body, f"a turn of {kind}", kind)
        expect(
            exchange.status == 200,
            f"a turn with content-type: {kind} to be answered",
            exchange.summary(),
        )
    for other in ("text/plain", None):
        exchange = _sent(desktop, body, f"a turn of {other}", other)
        expect(
            exchange.status == 200 or exchange.status in _REFUSED,
            f"a turn with {f'content-type: {other}' if other else 'no content type'} to be "
            "answered, or refused with a 4xx that is final",
            exchange.summary(),
        )


def _body(model: str, text: str) -> dict[str, Any]:
    return {"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": text}]}


def _wrong_fields(model: str) -> Iterator[tuple[str, dict[str, Any]]]:
    right = _body(model, "Hello")
    yield "no model", {k: v for k, v in right.items() if k != "model"}
    yield "no messages", {k: v for k, v in right.items() if k != "messages"}
    yield "an empty object", {}
    yield "messages that are a string", {**right, "messages": "Hello"}
    yield "messages that are null", {**right, "messages": None}
    yield "max_tokens in words", {**right, "max_tokens": "many"}


def _sent(
    desktop: DesktopApp, body: bytes, purpose: str, kind: str | None = "application/json"
) -> Exchange:
    engine = desktop.engine
    request = engine.request(_PATH, body, _BETAS, {"Content-Type": kind})
    return engine.send(purpose, request).exchange


def _refused(exchange: Exchange, what: str) -> None:
    expect(
        exchange.status in _REFUSED,
        f"{what} to be refused with 400, or another 4xx that is final",
        exchange.summary(),
        silent=exchange.status is not None and exchange.status < 300,
    )
