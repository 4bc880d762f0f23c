"""Turns that fail at every provider, streamed and not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gatecert.desktop import DesktopApp, Exchange
from gatecert.requirements import expect
from gatecert.session.witness import ScriptedProvider
from gatecert.upstream import Plan

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
