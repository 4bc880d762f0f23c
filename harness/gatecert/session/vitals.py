"""Whether the gateway is well: what one requirement provokes must not be held against the next.

Some gateways shut a provider out for seconds after it has failed (passive health checks, circuit
breakers, cool-downs). A requirement that fails while even a plain turn fails says nothing; it is
judged once more when plain turns are answered again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gatecert.desktop import DesktopApp, Exchange, HttpxTransport, RequestCap
from gatecert.desktop.transport import RequestCapExceeded
from gatecert.gateways.target import Target
from gatecert.requirements import CannotJudge
from gatecert.session.services import settings_of
from gatecert.upstream import (
    Directive,
    Provider,
    ProviderUnreachable,
    default_text,
    embed,
    new_token,
)

_POLL_S = 0.5
_MOST_FOR_ONE_S = 20.0
_MOST_FOR_ALL_S = 600.0
_BUSY = 429


@dataclass(frozen=True)
class Plain:
    """A plain turn: its exchange, and whether it went as it should (answered by the primary)."""

    exchange: Exchange
    well: bool


def plain_turn(target: Target, provider: Provider, cap: RequestCap) -> Plain:
    """Send one plain turn, without the prompts and tools that make the client's turns large.

    Raises RequestCapExceeded and ProviderUnreachable.
    """
    app = DesktopApp(settings_of(target), transport=lambda: HttpxTransport(cap)).launch()
    token = new_token()
    try:
        words = [{"role": "user", "content": embed(Directive(token))}]
        draft = app.engine.draft(words, stream=False).without_fields("system", "tools")
        turn = app.engine.send_draft(draft)
    finally:
        app.quit()
    routes = [receipt.provider for receipt in provider.receipts(token)]
    whole = turn.exchange.status == 200 and turn.text == default_text(token)
    return Plain(turn.exchange, whole and routes == ["primary"])


@dataclass
class Vitals:
    """The gateway's health over a run. ``clock`` and ``sleep`` are in seconds."""

    send: Callable[[], Plain]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _well_at_first: bool | None = field(default=None, init=False)
    _waited_s: float = field(default=0.0, init=False)
    _patient: bool = field(default=True, init=False)

    def take_baseline(self) -> None:
        """See once, before anything is provoked, whether plain turns are answered at all."""
        if self._well_at_first is None:
            self._well_at_first = self._well()

    def wait_until_well(self) -> float:
        """How long the gateway was unwell, in s: 0 if it is well, or was never.

        Waits 20 s at most, and ten minutes in a whole run; once a wait was in vain there is no
        other. Raises CannotJudge if the gateway keeps on refusing plain turns with 429.
        """
        if not self._well_at_first or self._well():
            return 0.0
        began = self.clock()
        limit = min(_MOST_FOR_ONE_S, _MOST_FOR_ALL_S - self._waited_s) if self._patient else 0.0
        try:
            while self.clock() - began < limit:
                self.sleep(_POLL_S)
                if self._well():
                    return self.clock() - began
        finally:
            self._waited_s += self.clock() - began
        self._patient = False
        self._refuse_to_judge()
        return 0.0

    def _well(self) -> bool:
        try:
            return self.send().well
        except (RequestCapExceeded, ProviderUnreachable):
            return True  # not the gateway's doing; whoever judges finds it out by himself

    def _refuse_to_judge(self) -> None:
        exchange = self.send().exchange
        if exchange.status == _BUSY:
            raise CannotJudge(
                "gateway-cooling",
                f"the gateway refuses every turn by now ({exchange.summary()}); raise its limits "
                "for this key, or turn its cool-down off, and run again",
            )
