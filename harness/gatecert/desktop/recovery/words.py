"""The client's own words at the end of a turn that failed. Pure.

The engine's messages are quoted as recorded (``final_message`` in the captures), since a report has
to say what the user reads; a gateway's words stand in them as they came, so whoever shows a message
bounds and cleans it. Two are from documentation alone: no answer at all, and the notices below text
that stays.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gatecert.desktop.draft import Draft
from gatecert.desktop.exchange import Exchange
from gatecert.desktop.recovery import sdkwords
from gatecert.desktop.recovery.outcome import Outcome
from gatecert.desktop.recovery.policy import RetryPolicy
from gatecert.desktop.recovery.streamwords import notice, stream_message

if TYPE_CHECKING:
    from gatecert.desktop.recovery.situation import Attempt

_TITLE = re.compile(r"<title[^<>]*>([^<]*)</title>", re.IGNORECASE)
_TOKENS = re.compile(r"(\d{1,9}) tokens > (\d{1,9})")
LONG_CONTEXT = "context-1m-2025-08-07"
_MOST_OF_A_BODY = 8_000
_CHARS_A_TOKEN = 4


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
    kept = policy.keeps_shown_text and bool(outcome.reading.shown)
    return (notice(kind) if kept else "") or stream_message(draft, outcome, older)


def gateway_words(exchange: Exchange) -> str:
    """What the gateway says in an error, as the client finds it: JSON, a page's title, or text."""
    if exchange.error_message:
        return exchange.error_message[:_MOST_OF_A_BODY]
    return _title(exchange) or _beginning(exchange)


def _beginning(exchange: Exchange) -> str:
    return exchange.body[:_MOST_OF_A_BODY].decode("utf-8", "replace").strip()


def _title(exchange: Exchange) -> str:
    """The title of a page, looked for at its beginning: a hostile one has no end."""
    found = _TITLE.search(_beginning(exchange))
    return found.group(1).strip() if found else ""


def host_of(exchange: Exchange) -> str:
    """Host and port of the gateway."""
    return urlsplit(exchange.request.url).netloc.rpartition("@")[2]


def _http(policy: RetryPolicy, draft: Draft, exchange: Exchange, older: bool) -> str:
    status, said = exchange.status or 0, gateway_words(exchange)
    titled = older and not exchange.error_message and bool(_title(exchange))
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
    if status >= 500:
        return (
            f"API Error: {told}. This is a server-side issue, usually temporary — try again in a "
            f"moment. {_check(exchange)}"
        )
    return f"API Error: {told}"


def overloaded(exchange: Exchange) -> str:
    """What is shown where 529 is not waited for any longer, though repeats are left."""
    return (
        "API Error: Repeated 529 Overloaded errors. The API is at capacity — this is usually "
        f"temporary. Try again in a moment. {_check(exchange)}"
    )


def _check(exchange: Exchange) -> str:
    return f"If it persists, check your inference gateway ({host_of(exchange)})."


def _no_model(policy: RetryPolicy, draft: Draft) -> str:
    # the client names the model as it was chosen, with the suffix that it turns into a beta
    model = f"{draft.body.get('model', '')}{'[1m]' if LONG_CONTEXT in draft.betas else ''}"
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
    names = {name.lower() for name, _ in exchange.headers}
    seen = ["anthropic-*"] if any(name.startswith("anthropic-") for name in names) else []
    seen += ["transfer-encoding"] if "transfer-encoding" in names else []
    return [*found, f"intermediary headers {', '.join(seen)}"] if seen else found
