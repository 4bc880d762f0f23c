"""What the gateway decides by itself: routing, keys, metadata, bodies. No I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from gatecert.gateways.reference.config import GatewayConfig, KeyRecord
from gatecert.wire import Request

_ENDPOINTS = {
    "/v1/messages": ("POST", "messages"),
    "/v1/messages/count_tokens": ("POST", "count_tokens"),
    "/v1/models": ("GET", "models"),
}
# far beyond what any client sends, and within what every HTTP library takes
_LONGEST_TARGET = 16_384


@dataclass(frozen=True)
class Refusal:
    """The gateway's own no: status, error type and a message for the user."""

    status: int
    kind: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()


class Decisions:
    """The gateway's own yes and no to a request."""

    def __init__(self, config: GatewayConfig) -> None:
        self.config = config

    def endpoint(self, request: Request) -> str | Refusal:
        """Which endpoint a path means; the query plays no part."""
        if len(request.target) > _LONGEST_TARGET:
            return Refusal(414, "invalid_request_error", "Path and query are too long")
        known = _ENDPOINTS.get(request.path)
        if known is None:
            return Refusal(404, "not_found_error", self.not_found_message(request.path))
        method, name = known
        if request.method != method:
            allow = (("allow", method),)
            text = f"{request.method} is not allowed on {request.path}; use {method}"
            return Refusal(405, "invalid_request_error", text, allow)
        return name

    def not_found_message(self, path: str) -> str:
        """The text of a 404, with the likely mistake."""
        hint = "the gateway base URL must end before /v1, without a trailing slash"
        return f"no route for {path}; {hint}"

    def authenticate(self, request: Request) -> Refusal | None:
        """Any valid credential opens the gateway, by bearer or by x-api-key."""
        if not self.config.enforces_keys:
            return None
        offered = self.credentials(request)
        if not offered:
            return self.key_refusal("no API key in Authorization or x-api-key")
        complaints = [self.judge_key(key) for key in offered]
        return None if None in complaints else complaints[0]

    def credentials(self, request: Request) -> list[str]:
        """The keys a request offers, the bearer one first."""
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        return [key for key in (bearer, (request.header("x-api-key") or "").strip()) if key]

    def judge_key(self, key: str) -> Refusal | None:
        """What is wrong with a key, or None."""
        record = self.key_record(key)
        if record is None:
            return self.refused_key("unknown")
        if record.state != "active":
            return self.refused_key(record.state)
        return self.refused_key("foreign") if record.workspace != self.config.workspace else None

    def refused_key(self, state: str) -> Refusal:
        """The refusal of a key in this state; the client is told not to try it again."""
        status, kind, message = self.config.key_refusals[state]
        if status == 401:
            return self.key_refusal(message)
        headers = self.do_not_retry()
        if status == 429:
            headers = (*headers, ("retry-after", str(self.config.limit_lasts_s)))
        return Refusal(status, kind, message, headers)

    def key_record(self, key: str) -> KeyRecord | None:
        """What the gateway knows of a key."""
        return self.config.keys.get(key)

    def key_refusal(self, message: str) -> Refusal:
        """A 401 that the client does not retry for minutes."""
        kind = str(self.config.key_refusals["unknown"][1])
        return Refusal(401, kind, message, self.do_not_retry())

    def do_not_retry(self) -> tuple[tuple[str, str], ...]:
        """Headers that stop the client from trying a lost cause again."""
        return (("x-should-retry", "false"),)

    def check_metadata(self, request: Request) -> Refusal | None:
        """The metadata policy: one JSON object of short strings with the required keys."""
        policy = self.config.metadata
        if not policy.header:
            return None
        metadata = self.metadata(request)
        if not isinstance(metadata, dict) and self.config.broken_metadata == "empty":
            metadata = {}
        if not isinstance(metadata, dict):
            return self.metadata_refusal(
                "must be one JSON object (no trailing comma, double quotes)"
            )
        missing = [key for key in policy.required if key not in metadata]
        if missing:
            known = ", ".join(policy.required)
            text = f"lacks the key {missing[0]!r}; keys are case-sensitive, required are {known}"
            return self.metadata_refusal(text)
        for key, allowed in policy.allowed.items():
            if key in metadata and metadata[key] not in allowed:
                return self.metadata_refusal(
                    f"value of {key!r} must be one of {', '.join(allowed)}"
                )
        if policy.any_value:
            return None
        for key, value in metadata.items():
            if not isinstance(value, str) or len(value) > policy.max_value_chars:
                limit = f"a string of at most {policy.max_value_chars} characters"
                return self.metadata_refusal(f"value of {key!r} must be {limit}")
        return None

    def metadata_refusal(self, what: str) -> Refusal:
        """A 400 that names the header and the mistake."""
        text = f"{self.config.metadata.header} {what}"
        policy = self.config.metadata
        return Refusal(policy.guardrail_status, policy.guardrail_type, text, self.do_not_retry())

    def metadata(self, request: Request) -> Any:
        """The metadata as parsed JSON; None if the header is no JSON, or not there just once."""
        header = self.config.metadata.header.lower()
        lines = [value for name, value in request.headers if name.lower() == header]
        if self.config.metadata.parsing == "web":
            return web_json(", ".join(lines))
        if len(lines) != 1:
            return None
        try:
            return strict_json(lines[0].encode("latin-1").decode())
        except ValueError:
            return None

    def check_body(self, request: Request) -> Refusal | None:
        """Only what the gateway itself needs: JSON, its size, and a model it knows."""
        if request.too_large:
            return Refusal(413, "request_too_large", "Request exceeds the maximum size")
        body = parsed(request.body)
        if not isinstance(body, dict):
            return Refusal(400, "invalid_request_error", "The request body is not a JSON object")
        model = body.get("model")
        if self.config.checks_models and model not in self.config.routed_models:
            return Refusal(404, "not_found_error", f"model: {model}")
        return None


def strict_json(text: str) -> Any:
    """JSON as its standard has it: no NaN, and no key twice. Raises ValueError."""
    return json.loads(text, object_pairs_hook=_each_key_once, parse_constant=_no_number)


def web_json(text: str) -> Any:
    """JSON as a browser's parser has it: of a key that stands twice the last one counts."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError:
        return None


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def parsed(body: bytes) -> Any:
    """A body as JSON, or None."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
