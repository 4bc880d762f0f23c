"""What a client did about a fault: its attempts, what it changed, and what it said. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from gatecert.fidelity.notation import body_shape, header_shape
from gatecert.realclients.recorder import Seen
from gatecert.realclients.stage import Played

_PATH = "/v1/messages"
_MOST_CHARACTERS = 400
# what differs from run to run in a client's own words
_PORT = re.compile(r"127\.0\.0\.1:\d+")
_REQUEST_ID = re.compile(r"req_\w+")
_MESSAGE_ID = re.compile(r"msg_\w+")
_MOST_CHANGES = 8
_EVENTS = {"message_start": "start", "message_stop": "stop"}
_MEASURED = ("text", "answer", "asked")
_SAID = ("is_error", "api_error_status", "stop_reason", "terminal_reason", "num_turns")


def observed(played: Played) -> dict[str, Any]:
    """One fault's result in the form of ``errors-claude-code.json``. Gaps are in seconds."""
    attempts = [one for one in played.seen if one.request.path == _PATH]
    said = result(played.ended.output)
    pairs = list(pairwise(attempts))
    handed_over = to_host(played.ended.output)
    return {
        "exit_code": played.ended.code,
        "messages_requests": len(attempts),
        "modes": ["stream" if _body(one).get("stream") else "json" for one in attempts],
        "gaps_s": [round(later.at_s - sooner.at_s, 1) for sooner, later in pairs],
        "retry_count_header": sorted({_header(a, "x-stainless-retry-count") for a in attempts}),
        "changes_between_attempts": [changes(sooner, later) for sooner, later in pairs],
        "final_message": shown(said),
        **{key: said.get(key) for key in _SAID},
        **({"to_host": handed_over} if handed_over else {}),
    }


def to_host(output: str) -> list[str]:
    """What a host that reads each event was given, in order, empty if there was none.

    ``start`` and ``stop`` are those of a streamed message, ``text(N)`` is text that came piece by
    piece, ``retry`` announces a repeat, ``answer(N)`` and ``asked(N)`` are whole messages: the
    model's (or the client's own about an error), and what the client then asked in the user's name.
    """
    told: list[str] = []
    for line in output.splitlines():
        word, characters = _handed_over(_json(line))
        if word == "text" and told and told[-1].startswith("text("):
            characters += int(told.pop()[5:-1])
        if word:
            told.append(f"{word}({characters})" if word in _MEASURED else word)
    return told if "start" in told or "retry" in told else []


def _handed_over(line: Mapping[str, Any]) -> tuple[str, int]:
    """What one line of output hands over: a word, and how many characters of text."""
    event = line.get("event") or {}
    if line.get("type") == "stream_event":
        text = (event.get("delta") or {}).get("text", "")
        return ("text", len(text)) if text else (_EVENTS.get(str(event.get("type")), ""), 0)
    if line.get("subtype") == "api_retry":
        return "retry", 0
    word = {"assistant": "answer", "user": "asked"}.get(str(line.get("type")), "")
    content = (line.get("message") or {}).get("content") if word else None
    blocks = content if isinstance(content, list) else []
    return word, sum(len(block.get("text", "")) for block in blocks)


def _json(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def result(output: str) -> dict[str, Any]:
    """The last JSON object that a client printed, empty if there is none."""
    for line in reversed(output.splitlines()):
        if found := _json(line):
            return found
    return {}


def shown(said: dict[str, Any]) -> str:
    """What the user reads, if it is the client's own words: an answer becomes its length."""
    text = str(said.get("result", ""))
    if not said.get("is_error"):
        return f"str({len(text)})"
    text = _MESSAGE_ID.sub("<message-id>", _REQUEST_ID.sub("<request-id>", text))
    text = _PORT.sub("127.0.0.1:<port>", text)
    return text[:_MOST_CHARACTERS]


def changes(sooner: Seen, later: Seen) -> list[str]:
    """What a client changed from one attempt to the next: headers, betas, parts of the body."""
    before, after = _leaves(sooner), _leaves(later)
    found = [f"- {place}={before[place]!r}" for place in before if place not in after]
    found += [f"+ {place}={after[place]!r}" for place in after if place not in before]
    found += [
        f"{place}: {before[place]!r} -> {after[place]!r}"
        for place in before
        if place in after and before[place] != after[place]
    ]
    more = len(found) - _MOST_CHANGES
    told = [*found[:_MOST_CHANGES], f"and {more} more"] if more > 0 else found
    return [*told, *_betas(sooner, later), *_headers(sooner, later)]


def _leaves(one: Seen) -> dict[str, Any]:
    return dict(_walk("", body_shape(_body(one))))


def _walk(place: str, node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _walk(f"{place}.{key}", value)
    elif isinstance(node, list) and node:
        for number, value in enumerate(node):
            yield from _walk(f"{place}[{number}]", value)
    else:
        yield place, node


def _betas(sooner: Seen, later: Seen) -> list[str]:
    before, after = (_header(s, "anthropic-beta").split(",") for s in (sooner, later))
    gone = [beta for beta in before if beta not in after]
    new = [beta for beta in after if beta not in before]
    return [f"beta -{gone} +{new}"] if gone or new else []


def _headers(sooner: Seen, later: Seen) -> list[str]:
    names = _names([*sooner.request.headers, *later.request.headers])
    pairs = ((name, _header(sooner, name), _header(later, name)) for name in names)
    return [
        f"hdr {name}: {before!r} -> {after!r}" for name, before, after in pairs if before != after
    ]


def _names(headers: Sequence[tuple[str, str]]) -> list[str]:
    lower = dict.fromkeys(name.lower() for name, _ in headers)
    return [name for name in lower if name != "anthropic-beta"]


def _header(one: Seen, name: str) -> str:
    return header_shape(name, one.request.header(name) or "")


def _body(one: Seen) -> dict[str, Any]:
    try:
        body = json.loads(one.request.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
