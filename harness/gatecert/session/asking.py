"""Asking a provider that may be live: for requirements that hold whatever the model answers."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from gatecert.requirements import CannotJudge
from gatecert.session.witness import Script, ScriptedProvider
from gatecert.upstream import Plan, Receipt

# any model answers these with words, within the few tokens that a live run allows
LIVE_WORDS = "In one short sentence: why is the sky blue?"


def live_provider() -> CannotJudge:
    """Why a requirement that needs a script cannot be judged."""
    return CannotJudge(
        "live-provider",
        'the provider is live and cannot be scripted; add [upstream] listen = "HOST:PORT" '
        "to the target file and route the gateway there",
    )


@dataclass(frozen=True)
class Question:
    """One turn's words for a live model, whose answer nobody knows beforehand."""

    text: str = LIVE_WORDS
    answer: str | None = None


class Asking:
    """The provider behind the gateway, scripted or live."""

    def __init__(self, scripted: ScriptedProvider | None) -> None:
        self._scripted = scripted

    def ask(self, plan: Plan | None = None) -> Script | Question:
        """Words for one turn. A scripted provider answers by ``plan``, a live one as it likes."""
        return Question() if self._scripted is None else self._scripted.script(plan)

    def release_all(self, asked: Sequence[Script | Question], sent: Sequence[Future[Any]]) -> None:
        """Let held answers go on once all requests have arrived, been refused, or have to wait.

        So that they are open at the same time, however fast the machine is. A live provider holds
        nothing.
        """
        if self._scripted is None:
            return
        scripts = [one for one in asked if isinstance(one, Script)]
        for script, one in zip(scripts, sent, strict=True):
            if not self._scripted.wait_for_arrival(script, one):
                break
        for script in scripts:
            self._scripted.release(script)

    def receipts(self, asked: Script | Question) -> Sequence[Receipt]:
        """What arrived. Raises CannotJudge for a live provider, which tells nobody."""
        if self._scripted is None or isinstance(asked, Question):
            raise live_provider()
        return self._scripted.receipts(asked)
