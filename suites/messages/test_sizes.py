"""Large bodies and long conversations on their way to the provider, whose limit is 32 MB."""

from typing import Any

from gatecert.suite import (
    MUST,
    READY,
    SHOULD,
    DesktopApp,
    ScriptedProvider,
    arrivals,
    hints,
    kept,
    lean_turn,
    refused,
    requirement,
    shortened,
)

_MEGABYTE = 1_000_000
_LIMIT_BYTES = 32 * 1024 * 1024
_HINTS = {
    **hints.BODY_LIMIT,
    "portkey": "Behind nginx or an ingress, raise that proxy's limit; the gateway itself has none.",
}


def _attached(size: int, parts: int) -> list[dict[str, Any]]:
    """A user message with so many bytes of attachments, behind an answer."""
    data = "iVBORw0KGgoA" * (size // parts // 12)
    source = {"type": "base64", "media_type": "image/png", "data": data}
    return [READY, {"role": "user", "content": [{"type": "image", "source": source}] * parts}]


def _arrives(
    desktop: DesktopApp, provider: ScriptedProvider, further: list[dict[str, Any]]
) -> None:
    for came in arrivals(desktop, provider, further=further, streams=[True]):
        received = came.further if came.receipt.large_bytes else shortened(came.further)
        kept(shortened(further), received, "the attachments")


@requirement(
    "MSG-38",
    MUST,
    source="official: the API takes 32 MB; field: body limits of 4 and 5 MB in gateways and functions",
    why="Two photos in one conversation fail with 'Request too large', although the model takes them.",
    fix="Raise the request body limit to 32 MB.",
    since="0.2",
    hints=_HINTS,
)
def test_eight_megabytes_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A turn with 8 MB of pictures is answered and arrives unchanged."""
    _arrives(desktop, provider, _attached(8 * _MEGABYTE, 4))


@requirement(
    "MSG-39",
    SHOULD,
    source="official: the API takes 32 MB; field: body limits of 10 and 20 MB in gateways",
    why="A long PDF fails with 'Request too large', although the model takes it.",
    fix="Raise the request body limit to 32 MB, at every hop.",
    since="0.2",
    hints=_HINTS,
)
def test_largest_body_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A turn of 31 MB, just below the API's limit, is answered and arrives unchanged."""
    _arrives(desktop, provider, _attached(31 * _MEGABYTE, 6))


@requirement(
    "MSG-40",
    SHOULD,
    source="official: a request above 32 MB earns 413; field: connections reset in the middle of the upload",
    why="The client takes it for a network failure and sends the same 33 MB again and again.",
    fix="Read the body to its end (or say Connection: close) and answer 413; the client has its own words for it.",
    since="0.2",
)
def test_too_large_a_body_is_refused(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A body above the API's 32 MB earns a 413, not a broken connection."""
    script = provider.script()
    turn = lean_turn(desktop, script.text, further=_attached(_LIMIT_BYTES + _MEGABYTE, 6))
    refused(turn, "a body above 32 MB", (413,))


@requirement(
    "MSG-66",
    MUST,
    source="observed: the client sends the whole conversation with each turn, and shortens it itself",
    why="The model forgets how the conversation began, or a step of it, and nobody is told.",
    fix="Pass all messages on: keep no window of the last ones, and drop none that say the same.",
    since="0.2",
)
def test_long_conversation_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A conversation of hundreds of messages, in which the same words come again, arrives whole."""
    again = [("assistant", "Done."), ("user", "Go on.")] * 150
    further = [{"role": role, "content": [{"type": "text", "text": text}]} for role, text in again]
    for came in arrivals(desktop, provider, further=further):
        kept(further, came.further, "the messages")
