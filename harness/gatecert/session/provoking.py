"""Turns in both forms, streamed and not: ones that fail at every provider, ones that arrive."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from gatecert.checks import a_receipt, answered
from gatecert.desktop import DesktopApp, Exchange, OutgoingRequest
from gatecert.desktop.draft import MESSAGES
from gatecert.desktop.shapes import first_message
from gatecert.requirements import expect
from gatecert.session.witness import ScriptedProvider
from gatecert.upstream import Plan, Receipt

_TURNS = {True: "a streamed turn", False: "a turn without stream"}


def provoked(
    desktops: Callable[..., DesktopApp],
    provider: ScriptedProvider,
    plan: Plan,
    *,
    settle: bool = True,
) -> Iterator[tuple[Exchange, str]]:
    """A streamed turn and one without stream, each failing at every provider; what each is called.

    Each comes from a desktop of its own: on a connection that served before, a gateway may close
    instead of answering, and leave the retry to the client. ``settle`` waits before each until
    plain turns are served, so that the failure before is not held against it; refusals with 400
    are nobody's failure, and need no such wait.
    """
    for stream, turn in _TURNS.items():
        if settle:
            provider.settle()
        script = provider.everywhere(plan)
        exchange = desktops().engine.turn(script.text, stream=stream).exchange
        expect(
            provider.receipts(script),
            f"{turn} to reach the provider, which fails it",
            exchange.summary(),
            hop="gateway → provider",
        )
        yield exchange, turn


def headed_turns(
    desktop: DesktopApp, provider: ScriptedProvider, headers: Mapping[str, str | None]
) -> Iterator[tuple[dict[str, str], Receipt]]:
    """The headers (names in lower case) that were sent with a turn, and what arrived of it.

    Once streamed, once not.
    """
    for stream in (True, False):
        script = provider.script()
        turn = desktop.engine.turn(script.text, headers=headers, stream=stream)
        exchange = answered(turn, f"a turn with {', '.join(headers) or 'its usual headers'}")
        sent = {name.lower(): value for name, value in exchange.request.headers}
        yield sent, a_receipt(provider.receipts(script))


def plain_request(desktop: DesktopApp, text: str, betas: Sequence[str]) -> OutgoingRequest:
    """A small turn without stream, for a requirement that changes its headers line by line."""
    model = desktop.engine.settings.chat_model
    body = {"model": model, "max_tokens": 1, "messages": [first_message(text)]}
    return desktop.engine.request(MESSAGES, json.dumps(body).encode(), betas)
