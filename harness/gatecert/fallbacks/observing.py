"""One turn sent into a fault, and what was seen of it on both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gatecert.arrival import lean_draft, lean_turn
from gatecert.desktop import DesktopApp, Exchange, Turn
from gatecert.desktop.recovery import Clock, Limits
from gatecert.fallbacks.faults import (
    BACKUP_TEXT,
    BACKUP_TOKENS,
    COUNT,
    HISTORY,
    PRIMARY_TEXT,
    PRIMARY_TOKENS,
    WHOLE,
    Fault,
)
from gatecert.gateways.target import Target
from gatecert.session.witness import ScriptedProvider
from gatecert.upstream import Receipt

Json = dict[str, Any]

_SIGNATURE = "EqQBCgIYAhIM" + "c2lnbmF0dXJlLW9mLWEtdGhvdWdodA" * 4
BEFORE: Sequence[Json] = (
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "Read the file first.", "signature": _SIGNATURE},
            {"type": "tool_use", "id": "toolu_01fb", "name": "Read", "input": {"path": "a.txt"}},
        ],
    },
    {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "toolu_01fb", "content": "one line"}],
    },
)


@dataclass(frozen=True)
class Observation:
    """What was seen of one cell.

    ``turn`` is None for a count. ``sees`` is what the user gets to see, in words, and ``model`` the
    name that was asked for.
    """

    fault: Fault
    mode: str
    token: str
    exchange: Exchange
    receipts: Sequence[Receipt]
    model: str
    sees: str = ""
    turn: Turn | None = None

    @property
    def asked(self) -> Counter[str]:
        """How many requests each provider got, which is what is billed.

        A primary that refuses connections gets none, and is asked all the same.
        """
        return Counter(receipt.provider for receipt in self.receipts)

    @property
    def text(self) -> str:
        """What the user may have read by the end, finished or not."""
        if self.turn is None:
            return ""
        if not self.turn.stream:
            return self.turn.text
        deltas = [e.json() for e in self.turn.events if e.name == "content_block_delta"]
        parts = [d.get("delta") for d in deltas if isinstance(d, dict)]
        return "".join(str(p.get("text", "")) for p in parts if isinstance(p, dict))

    @property
    def spoke(self) -> list[str]:
        """The providers of whose answer something came through."""
        if self.mode == COUNT:
            by_count = {PRIMARY_TOKENS: "primary", BACKUP_TOKENS: "backup"}
            found = by_count.get(self.counted)
            return [found] if found else []
        texts = {"primary": PRIMARY_TEXT, "backup": BACKUP_TEXT}
        return [name for name, text in texts.items() if text.strip() in self.text]

    @property
    def counted(self) -> Any:
        """The count that came, if one did."""
        body = self.exchange.json()
        return body.get("input_tokens") if isinstance(body, dict) else None

    @property
    def finished(self) -> bool:
        """Whether the client takes what came for a finished answer."""
        exchange, turn = self.exchange, self.turn
        if exchange.status != 200 or exchange.fault is not None:
            return False
        if turn is None:
            return self.counted is not None
        if turn.stream:
            return turn.assembled.ended and turn.assembled.error is None
        body = exchange.json()
        return isinstance(body, dict) and isinstance(body.get("content"), list)

    @property
    def whole(self) -> bool:
        """Whether it is the whole answer of exactly one provider, whatever its form."""
        if not self.finished or len(self.spoke) != 1:
            return False
        if self.turn is None:
            return True
        script = self.fault.primary if self.spoke == ["primary"] else self.fault.backup
        wanted = "".join(block.joined for block in script.blocks)
        return self.turn.text.strip() == wanted.strip()

    @property
    def answered_by(self) -> str:
        """The provider of whom this is the whole answer, or ``""``."""
        return self.spoke[0] if self.whole else ""

    @property
    def answered_model(self) -> str:
        """The name of the model in the answer, or ``""`` if it has none."""
        if self.turn is None:
            return ""
        if self.turn.stream:
            return self.turn.assembled.model
        body = self.exchange.json()
        return str(body.get("model", "")) if isinstance(body, dict) else ""

    def models_asked(self, provider: str) -> set[str]:
        """The names of the model in the requests to a provider."""
        bodies = [r.json() for r in self.receipts if r.provider == provider]
        return {str(body.get("model")) for body in bodies if isinstance(body, dict)}


def observe(
    fault: Fault, mode: str, desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> Observation:
    """Send the turn of one cell, once, and see what becomes of it."""
    script = provider.script(fault.primary, fault.backup)
    model = model_of(fault, target)
    turn: Turn | None = None
    if mode == COUNT:
        exchange = desktop.engine.count_tokens(script.text, model=model)
    else:
        turn = lean_turn(
            desktop,
            script.text,
            further=BEFORE if mode == HISTORY else (),
            fields={"model": model},
            stream=mode != WHOLE,
        )
        exchange = turn.exchange
    if fault.primary.hold_after == -1:
        provider.release(script)
    line = desktop.engine.seen(exchange)
    return Observation(
        fault,
        mode,
        script.token,
        exchange,
        provider.receipts(script),
        model,
        line.text if line else "",
        turn,
    )


def model_of(fault: Fault, target: Target) -> str:
    """The model to ask, so that the request takes the route of the fault."""
    usual = target.fallback.model or target.models.chat
    if fault.model == "unreachable":
        return target.models.unreachable_primary
    if fault.model == "impatient":
        return target.fallback.impatient_model or usual
    return usual


def patient(fault: Fault, target: Target) -> Fault:
    """The fault, with delays that a limit of the usual route does not reach."""
    limit_ms = target.fallback.after_ms
    if limit_ms is None or target.fallback.impatient_model or not fault.primary.delay_ms:
        return fault
    delay_ms = min(fault.primary.delay_ms, limit_ms / 4)
    return replace(fault, primary=replace(fault.primary, delay_ms=delay_ms))


def repeated(desktop: DesktopApp, text: str, requests: int = 4) -> int:
    """Let the client repeat a failing turn as it does, without its waits; how often it asked."""
    draft = lean_draft(desktop, text, stream=True)
    clock = Clock(sleep=lambda seconds: None, chance=lambda: 0.5)
    kept = desktop.engine.persist(draft, clock=clock, limits=Limits(requests=requests))
    return len(kept.attempts)
