"""The engine's own words where no HTTP status says what is wrong. Pure; see :mod:`words`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gatecert.desktop.draft import Draft
from gatecert.desktop.recovery.outcome import Outcome
from gatecert.desktop.recovery.redraft import has_new_safeguards

_BARE_WORD = re.compile(r"[:\[,{]\s*(?!true\b|false\b|null\b)([A-Za-z_]\w*)")
_MODEL = re.compile(r"claude-([a-z]+)-(\d+)-(\d+)")
_INCOMPLETE = "The response above may be incomplete."
_USAGE_POLICY = "https://www.anthropic.com/legal/aup"
_ARTICLE = "8106465"
_ARTICLES = {"fable": "15363606"}


def notice(kind: str) -> str:
    """What stands below text that stays on the screen, or ``""``."""
    words = _NOTICES.get(kind)
    return f"API Error: {words}. {_INCOMPLETE}" if words else ""


def stream_message(draft: Draft, outcome: Outcome, older: bool) -> str:
    """What is shown after this outcome; ``older`` is engine 2.1.197."""
    kind = outcome.kind
    if kind == "max-tokens":
        return (
            f"API Error: Claude's response exceeded the {draft.body.get('max_tokens')} output "
            "token maximum. To configure this behavior, set the CLAUDE_CODE_MAX_OUTPUT_TOKENS "
            "environment variable."
        )
    if kind == "refusal":
        return f"API Error: {_refusal(draft, outcome, older)}"
    if outcome.reading.blocks and not older and kind in _NOTICES_OF_BLOCKS:
        return notice(kind)
    if kind == "error-event":
        return f"API Error: {outcome.reading.detail or 'the stream carried an error'}"
    if kind == "bad-stream":
        return f"API Error: {_bad_stream(outcome)}"
    if kind == "undecodable":
        url = outcome.exchange.request.url
        advice = "pass `verbose: true` in the second argument to fetch()"
        return f'API Error: ZlibError fetching "{url}". For more information, {advice}'
    if kind == "reset" and outcome.reading.blocks:
        return f"API Error: Connection closed mid-response. {_INCOMPLETE}"
    known = {**_WORDS, **_OLDER} if older else _WORDS
    return f"API Error: {known.get(kind, kind)}"


def _bad_stream(outcome: Outcome) -> str:
    if outcome.reading.defect == "bad-json":
        word = _BARE_WORD.search(outcome.reading.detail)
        return f"JSON Parse error: Unexpected {'identifier' if word else 'token'}" + (
            f' "{word.group(1)}"' if word else ""
        )
    if outcome.reading.defect == "no-block":
        return "Content block not found"
    return _WORDS["no-events"]


def _refusal(draft: Draft, outcome: Outcome, older: bool) -> str:
    model = str(draft.body.get("model", ""))
    found = _MODEL.match(model)
    name = f"{found.group(1).title()} {found.group(2)}.{found.group(3)}" if found else model
    request_id = outcome.exchange.header("request-id")
    ids = [f"\n\nRequest ID: {request_id}"] if request_id else []
    again = "Try rephrasing the request in a new session or change your model."
    if older:
        return (
            "Claude Code is unable to respond to this request, which appears to violate our Usage "
            f"Policy ({_USAGE_POLICY}). {again}{''.join(ids)}"
        )
    message_id = _message_id(outcome)
    ids += [f"\n\nMessage ID: {message_id}"] if message_id else []
    if not has_new_safeguards(model):
        return (
            f"{name} can't help with this. Start a new session to continue.\n\n"
            f"Learn more: {_USAGE_POLICY}{''.join(ids)}"
        )
    article = _ARTICLES.get(found.group(1) if found else "", _ARTICLE)
    return (
        f"{name}'s safeguards flagged this message ({_USAGE_POLICY}). This sometimes happens "
        f"with safe, normal conversations. Claude Code can't respond to this message with {name}."
        f"\n\n{again}\n\nLearn more: https://support.claude.com/en/articles/{article}{''.join(ids)}"
    )


def _message_id(outcome: Outcome) -> str:
    body: Any = outcome.exchange.json()
    if isinstance(body, dict):
        return str(body.get("id", ""))
    return outcome.reading.message_id


_WORDS: Mapping[str, str] = {
    "no-events": "Stream ended without receiving any events",
    "ended": "Connection to the API was lost (StreamTruncated). This is usually temporary — "
    "try again.",
    "reset": "Connection to the API was lost (ECONNRESET). This is usually temporary — try again.",
    "silent": "Connection to the API was lost (idle). This is usually temporary — try again.",
    "unfinished": f"Connection lost mid-response. {_INCOMPLETE}",
    "late-delta": f"The response stream was malformed. {_INCOMPLETE}",
    "no-connection": "Connection refused — a firewall or proxy may be blocking it (ECONNREFUSED)",
    "dropped": "Connection dropped (ECONNRESET). Check the gateway set in ANTHROPIC_BASE_URL, then "
    "try again.",
    "no-headers": "No response from API",
}
_OLDER: Mapping[str, str] = {
    "no-connection": "Unable to connect to API (ConnectionRefused)",
    "dropped": "Unable to connect to API (ECONNRESET)",
}
_NOTICES_OF_BLOCKS = ("error-event", "reset", "ended", "silent")
# below text that stays on the screen; those of whole blocks observed, the others documented
_NOTICES: Mapping[str, str] = {
    "error-event": "Server error mid-response",
    "silent": "Response stalled mid-stream",
    "reset": "Connection lost mid-response",
    "ended": "Connection lost mid-response",
    "unfinished": "Connection lost mid-response",
    "bad-stream": "The response stream was malformed",
    "late-delta": "The response stream was malformed",
    "undecodable": "Connection lost mid-response",
}
