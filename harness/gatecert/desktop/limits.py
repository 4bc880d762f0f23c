"""What a refusal costs the user, by its status and headers: the page ``docs/limits.md``.

``python -m gatecert.desktop.limits`` writes it. Each line is what the recovery model makes of one
answer, so that the page cannot say anything else than a verdict does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from gatecert.desktop.exchange import Chunk, Exchange, OutgoingRequest
from gatecert.desktop.profiles import ENGINE_DESKTOP, EngineProfile
from gatecert.desktop.recovery import seen

Row = tuple[int, dict[str, str], str]

_MESSAGE = "The budget of your team is spent; ask platform@acme.example"
ROWS: Sequence[Row] = (
    (400, {}, "broken metadata, a wrong request"),
    (401, {}, "a wrong, expired or revoked key"),
    (401, {"x-should-retry": "false"}, "the same, told to be final"),
    (402, {}, "a spent budget"),
    (403, {}, "another workspace, a policy"),
    (412, {}, "a spent budget (Portkey)"),
    (446, {}, "a guardrail that denies (Portkey)"),
    (429, {}, "a rate limit that does not say when to come back"),
    (429, {"retry-after": "20"}, "a rate limit that ends soon"),
    (429, {"retry-after": "3600"}, "a rate limit that ends later"),
    (429, {"x-should-retry": "false"}, "a rate limit, told to be final"),
    (500, {}, "an exception in the gateway"),
    (500, {"x-should-retry": "false"}, "the same, told to be final"),
    (503, {"retry-after": "20"}, "a gateway that restarts"),
    (529, {}, "an overloaded provider"),
)
_HEAD = """\
# What a refusal costs your users

How long a user of Claude Desktop waits after a refusal, and how often the client asks meanwhile,
depends on the status and two headers. This page is what the simulated client ({engine})
makes of one refusal of a streamed turn, if the gateway answers the same way every time; a test
keeps it true. Refuse what is final in one of the ways that cost **one request**, with a message in
`error.message`: it is shown as it stands.

| status | header | for example | requests | user waits | what the user reads |
|---|---|---|--:|--:|---|
"""


def page(profile: EngineProfile = ENGINE_DESKTOP) -> str:
    """The page, in Markdown."""
    lines = [_line(row, profile) for row in ROWS]
    return _HEAD.format(engine=profile.name) + "\n".join(lines) + "\n"


def _line(row: Row, profile: EngineProfile) -> str:
    status, headers, example = row
    line = seen(_refusal(status, headers), profile)
    if line is None:
        raise ValueError(f"nothing is seen of HTTP {status}")
    sent = ", ".join(f"`{name}: {value}`" for name, value in headers.items())
    text = line.text.replace("|", "\\|")
    return (
        f"| {status} | {sent} | {example} | {line.requests} | {_duration(line.waits_s)} | {text} |"
    )


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "no time"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _refusal(status: int, headers: dict[str, str]) -> Exchange:
    body = {"model": "claude-sonnet-4-6", "max_tokens": 32_000, "stream": True, "messages": []}
    request = OutgoingRequest(
        "POST", "https://gateway.example/v1/messages?beta=true", [], json.dumps(body).encode()
    )
    answer = {"type": "error", "error": {"type": "refused", "message": _MESSAGE}}
    sent = [("content-type", "application/json"), *headers.items()]
    return Exchange(
        "chat turn", request, status, headers=sent, chunks=[Chunk(0.0, json.dumps(answer).encode())]
    )


if __name__ == "__main__":
    print(page(), end="")
