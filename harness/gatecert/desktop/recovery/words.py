"""The client's own words at the end of a turn that failed. Pure.

The engine's messages are quoted as recorded (``final_message`` in the captures), since a report has
to say what the user reads; a gateway's words stand in them as they came, so whoever shows a message
bounds and cleans it. Two are from documentation alone: no answer at all, and the notices below text
that stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gatecert.desktop.draft import Draft
from gatecert.desktop.exchange import Exchange
from gatecert.desktop.recovery import sdkwords
from gatecert.desktop.recovery.outcome import Outcome
from gatecert.desktop.recovery.policy import OVERLOADED, RetryPolicy

if TYPE_CHECKING:
    from gatecert.desktop.recovery.situation import Attempt

_TITLE = re.compile(r"<title[^>]*>\s*([^<]*?)\s*</title>", re.IGNORECASE)
_BARE_WORD = re.compile(r"[:\[,{]\s*(?!true\b|false\b|null\b)([A-Za-z_]\w*)")
_MODEL = re.compile(r"claude-([a-z]+)-(\d+)-(\d+)")
_TOKENS = re.compile(r"(\d+) tokens > (\d+)")
_MOST_OF_A_BODY = 2_000
_CHARS_A_TOKEN = 4
_INCOMPLETE = "The response above may be incomplete."
_OUR_GUIDELINES = "https://www.anthropic.com/legal/aup"


def message(
    policy: RetryPolicy, draft: Draft, outcome: Outcome, streamed: Attempt | None = None
) -> str:
    """What is shown when a turn ends with this outcome; ``streamed`` is its first try as stream."""
    if policy.family != "engine":
        return sdkwords.message(policy, outcome)
    older = policy.version == "2.1.197"
    kind, exchange = outcome.kind, outcome.exchange
    if kind == "http":
        return _http(policy, draft, exchange, older)
    if kind == "redirect":
        circle = exchange.status not in (301, 302, 303)
        lost = "API Error: Unable to connect to API (TooManyRedirects)"
        return lost if circle else _no_model(policy, draft)
    if kind == "malformed":
        return f"API Error: {_malformed(exchange, streamed, older)}"
    if policy.keeps_shown_text and outcome.reading.shown and kind in _NOTICES:
        return f"API Error: {_NOTICES[kind]}. {_INCOMPLETE}"
    return _rest(draft, outcome, older)


def gateway_words(exchange: Exchange) -> str:
    """What the gateway says in an error, as the client finds it: JSON, a page's title, or text."""
    if exchange.error_message:
        return exchange.error_message
    text = exchange.text.strip()
    title = _TITLE.search(text)
    if title and title.group(1):
        return title.group(1)
    return text[:_MOST_OF_A_BODY]


def host_of(exchange: Exchange) -> str:
    """Host and port of the gateway."""
    return urlsplit(exchange.request.url).netloc.rpartition("@")[2]


def _http(policy: RetryPolicy, draft: Draft, exchange: Exchange, older: bool) -> str:
    status, said = exchange.status or 0, gateway_words(exchange)
    titled = older and not exchange.error_message and bool(_TITLE.search(exchange.text))
    told = said if titled else f"{status} {said or 'status code (no body)'}"
    if status in (401, 403):
        return f"Failed to authenticate. API Error: {told}"
    if status == 404:
        return _no_model(policy, draft)
    if status == 413:
        return _too_large(older)
    if status == 429:
        return f"API Error: Request rejected (429) · {said or 'status code (no body)'}"
    if status == 400 and "prompt is too long" in said.lower():
        return _too_long(draft, said)
    check = f"If it persists, check your inference gateway ({host_of(exchange)})."
    if status == OVERLOADED:
        return (
            "API Error: Repeated 529 Overloaded errors. The API is at capacity — this is usually "
            f"temporary. Try again in a moment. {check}"
        )
    if status >= 500:
        return (
            f"API Error: {told}. This is a server-side issue, usually temporary — try again in a "
            f"moment. {check}"
        )
    return f"API Error: {told}"


def _no_model(policy: RetryPolicy, draft: Draft) -> str:
    model = draft.body.get("model", "")
    advice = " Run --model to pick a different model." if policy.surface == "terminal" else ""
    return (
        f"There's an issue with the selected model ({model}). It may not exist or you may not have "
        f"access to it.{advice}"
    )


def _too_large(older: bool) -> str:
    if older:
        return "Request too large (max 32MB). Try with a smaller file."
    return (
        "Request too large (max 32MB). Accumulated images and attachments in the conversation "
        "pushed the request over the limit. Remove older images or compact the conversation."
    )


def _too_long(draft: Draft, said: str) -> str:
    found = _TOKENS.search(said)
    if found is None:
        return "Prompt is too long"
    size = sum(len(str(m.get("content"))) for m in draft.body.get("messages", ())) // _CHARS_A_TOKEN
    return (
        f"Prompt is too long · the request is ~{found.group(1)} tokens (limit {found.group(2)}) "
        f"but this conversation is only ~{size} tokens — the rest is system prompt, tool "
        "definitions, and attachment content. A single-exchange conversation cannot be compacted; "
        "reduce attached files/tools or start with less context."
    )


def _malformed(exchange: Exchange, streamed: Attempt | None, older: bool) -> str:
    text = (
        "API returned an empty or malformed response (HTTP 200) — check for a proxy or gateway "
        "intercepting the request"
    )
    if older:
        return text
    text = f"{text}. Response: {', '.join(_described(exchange))}."
    if streamed is None or streamed.outcome.kind != "no-events":
        return text
    request_id = streamed.outcome.exchange.header("request-id")
    which = request_id or "(no Anthropic request-id)"
    return (
        f"{text} This was the non-streaming retry of streaming request {which}, which failed with: "
        "no_events, StreamNoEventsError; 0 stream events received."
    )


def _described(exchange: Exchange) -> list[str]:
    kind = (exchange.header("content-type") or "absent").partition(";")[0].partition("/")
    body = exchange.body
    if not body:
        what = "empty body"
    elif exchange.json() is not None:
        what = "body is JSON but not a Message"
    elif body.lstrip()[:1] == b"<":
        what = "body is an HTML page"
    else:
        what = "body is not JSON"
    found = [f"content-type {kind[2] or kind[0]}", what, f"{len(body)} bytes"]
    found.append(f"request-id {exchange.header('request-id') or 'absent'}")
    if exchange.header("transfer-encoding"):
        found.append("intermediary headers transfer-encoding")
    return found


def _rest(draft: Draft, outcome: Outcome, older: bool) -> str:
    kind = outcome.kind
    if kind == "max-tokens":
        return (
            f"API Error: Claude's response exceeded the {draft.body.get('max_tokens')} output "
            "token maximum. To configure this behavior, set the CLAUDE_CODE_MAX_OUTPUT_TOKENS "
            "environment variable."
        )
    if kind == "refusal":
        return f"API Error: {_refusal(draft, outcome, older)}"
    if kind == "error-event":
        return f"API Error: {outcome.reading.detail or 'the stream carried an error'}"
    if kind == "bad-stream":
        return f"API Error: {_bad_stream(outcome)}"
    if kind == "undecodable":
        url = outcome.exchange.request.url
        advice = "pass `verbose: true` in the second argument to fetch()"
        return f'API Error: ZlibError fetching "{url}". For more information, {advice}'
    if kind == "reset" and outcome.reading.blocks:
        return f"API Error: Connection {'closed' if older else 'lost'} mid-response. {_INCOMPLETE}"
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
    found = _MODEL.match(str(draft.body.get("model", "")))
    name = f"{found.group(1).title()} {found.group(2)}.{found.group(3)}" if found else "the model"
    request_id = outcome.exchange.header("request-id")
    ids = [f"\n\nRequest ID: {request_id}"] if request_id else []
    again = "Try rephrasing the request in a new session or change your model."
    if older:
        return (
            "Claude Code is unable to respond to this request, which appears to violate our Usage "
            f"Policy ({_OUR_GUIDELINES}). {again}{''.join(ids)}"
        )
    message_id = _message_id(outcome)
    ids += [f"\n\nMessage ID: {message_id}"] if message_id else []
    return (
        f"{name}'s safeguards flagged this message ({_OUR_GUIDELINES}). This sometimes happens "
        f"with safe, normal conversations. Claude Code can't respond to this message with {name}."
        f"\n\n{again}\n\nLearn more: https://support.claude.com/en/articles/8106465{''.join(ids)}"
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
# below text that stays on the screen; documented
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
