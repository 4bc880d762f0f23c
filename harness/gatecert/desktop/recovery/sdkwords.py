"""What the SDKs throw: the exception's name and its message. Pure.

Source: recordings of anthropic 2.12.0 (Python) and 1.12.0 (TypeScript), Nov 2026.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from gatecert.desktop.exchange import Exchange
from gatecert.desktop.recovery.outcome import Outcome
from gatecert.desktop.recovery.policy import RetryPolicy

_NAMES: Mapping[int, str] = {
    400: "BadRequestError",
    401: "AuthenticationError",
    402: "PaymentRequiredError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    408: "RequestTimeoutError",
    409: "ConflictError",
    413: "ContentTooLargeError",
    429: "RateLimitError",
    503: "ServiceUnavailableError",
    504: "GatewayTimeoutError",
    529: "OverloadedError",
}
_NO_MESSAGE = "stream ended without producing a Message with role=assistant"
_NO_CHUNKS = "request ended without sending any chunks"
_TERMINATED = "terminated"


def message(policy: RetryPolicy, outcome: Outcome) -> str:
    """The message of the exception, empty where there is none."""
    return thrown(policy, outcome)[1]


def thrown(policy: RetryPolicy, outcome: Outcome) -> tuple[str, str]:
    """Name and message of the exception with which a call ends; both empty for an answer."""
    python = policy.family == "python"
    kind = outcome.kind
    if kind == "http":
        status = outcome.status
        other = "InternalServerError" if status >= 500 else "APIStatusError"
        return _NAMES.get(status, other), _of_status(outcome.exchange, python)
    if kind == "redirect":
        found = "NotFoundError", "Error code: 404" if python else "404"
        circle = outcome.status not in (301, 302, 303)
        return ("APIConnectionError", "Connection error.") if circle else found
    if kind in ("no-connection", "dropped"):
        return "APIConnectionError", "Connection error."
    if kind == "no-headers":
        return "APITimeoutError" if python else "APIConnectionTimeoutError", "Request timed out."
    if kind == "malformed":
        return _no_message(outcome.exchange, python)
    return _python(outcome) if python else _ts(outcome)


def _of_status(exchange: Exchange, python: bool) -> str:
    body, text = exchange.json(), exchange.text
    status = exchange.status
    if python:
        if body is not None:
            return f"Error code: {status} - {body!r}"
        return text or f"Error code: {status}"
    if body is not None:
        told = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
        return f"{status} {told}"
    return f"{status} {text or 'status code (no body)'}"


def _no_message(exchange: Exchange, python: bool) -> tuple[str, str]:
    """Anything but JSON is handed to the caller as it is."""
    says_json = "json" in (exchange.header("content-type") or "")
    if python and says_json and exchange.json() is None:
        try:
            json.loads(exchange.text)
        except ValueError as exc:
            return "JSONDecodeError", str(exc)
    return "", ""


def _python(outcome: Outcome) -> tuple[str, str]:
    defect, detail = outcome.reading.defect, outcome.reading.detail
    fault = outcome.exchange.fault
    if defect == "error-event":
        whole = {"type": "error", "error": outcome.reading.error}
        return "APIStatusError", repr(whole)
    if outcome.kind in ("reset", "silent") and fault:
        early = fault.detail.startswith("peer closed")
        name = "ReadTimeout" if outcome.kind == "silent" else "ReadError"
        return "RemoteProtocolError" if early else name, fault.detail
    if outcome.kind == "undecodable":
        text = defect == "bad-text"
        return ("UnicodeDecodeError", detail) if text else ("DecodingError", _fault(outcome))
    if defect == "bad-json":
        try:
            json.loads(detail)
        except ValueError as exc:
            return "JSONDecodeError", str(exc)
    if defect == "no-usage":
        return "AttributeError", "'NoneType' object has no attribute 'output_tokens'"
    if defect == "no-block":
        return "IndexError", "list index out of range"
    return ("AssertionError", "") if defect in ("no-events", "no-message-start") else ("", "")


def _ts(outcome: Outcome) -> tuple[str, str]:
    defect, detail = outcome.reading.defect, outcome.reading.detail
    if defect == "error-event":
        whole = {"type": "error", "error": outcome.reading.error}
        return "APIError", json.dumps(whole, separators=(",", ":"), ensure_ascii=False)
    if outcome.kind in ("reset", "silent", "undecodable"):
        return "AnthropicError", _TERMINATED
    said = {
        "no-events": _NO_CHUNKS,
        "no-message-start": _NO_CHUNKS,
        "no-end": _NO_MESSAGE,
        "no-block": "Cannot read properties of undefined (reading 'type')",
        "no-usage": detail,
        "bad-json": _no_json(detail),
    }.get(defect, "")
    return ("AnthropicError", said) if said else ("", "")


def _no_json(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as exc:
        at = getattr(exc, "pos", 0)
        return f"Unexpected token '{text[at : at + 1]}', \"{text}\" is not valid JSON"
    return ""


def _fault(outcome: Outcome) -> str:
    return outcome.exchange.fault.detail if outcome.exchange.fault else ""
