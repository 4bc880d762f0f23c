"""Isolation as a property: whatever a few conversations do, none of them sees another's words."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from hypothesis import strategies as st

from gatecert.suite import (
    MUST,
    READ,
    Block,
    DesktopApp,
    Desktops,
    Explore,
    Plan,
    Script,
    ScriptedProvider,
    Target,
    Turn,
    expect,
    requirement,
)

_MARK = re.compile(r"mark-[0-9a-f]{12}")
_BRIEF = {"system": [{"type": "text", "text": "Answer briefly."}], "tools": [READ]}
_ERROR = {"type": "invalid_request_error", "message": "That request was not to the model's taste"}


class Step(NamedTuple):
    """What one conversation does next."""

    conversation: int
    does: Literal["talks", "uses a tool", "fails", "tries again", "stops the answer"]
    streamed: bool


@dataclass
class Conversation:
    """One user's conversation: its messages so far, and the marks of all that it was ever told."""

    app: DesktopApp
    messages: list[dict[str, Any]] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)


_STEPS = st.lists(
    st.builds(
        Step,
        st.integers(0, 2),
        st.sampled_from(["talks", "uses a tool", "fails", "tries again", "stops the answer"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@requirement(
    "SEC-12",
    MUST,
    source="official: the Messages API keeps no state; field: answers and histories that strayed",
    why="A user reads what somebody else wrote, or the model is told it.",
    fix="Keep nothing between requests: no cache, no memory, no connection with bytes left on it.",
    since="0.2",
)
def test_conversations_stay_apart(
    desktop: DesktopApp,
    desktops: Desktops,
    provider: ScriptedProvider,
    target: Target,
    explore: Explore,
) -> None:
    """Whatever conversations do (turns, tools, errors, retries, stops), none gets words of another."""
    peer = desktops(api_key=target.keys.second_user or target.api_key)
    apps = (desktop, peer, desktops())

    def stay_apart(steps: Sequence[Step]) -> None:
        conversations = [Conversation(app) for app in apps]
        for number, step in enumerate(steps, 1):
            _take(step, number, conversations[step.conversation], provider)
        # what a step left behind shall show in this example, not at the start of the next
        for number, talk in enumerate(conversations):
            _take(Step(number, "talks", True), len(steps) + 1 + number, talk, provider)

    explore(_STEPS, stay_apart)


def _take(step: Step, number: int, talk: Conversation, provider: ScriptedProvider) -> None:
    mark = f"mark-{secrets.token_hex(6)}"
    talk.marks.add(mark)
    script = provider.everywhere(_plans(step, mark))
    said = {"role": "user", "content": [*_tool_results(talk.messages), _text(script.text)]}
    messages = [*talk.messages, said]
    turn = _ask(step, talk, messages)
    if step.does == "tries again":
        turn = _ask(step, talk, messages)
    _no_foreign_words(
        f"step {number}, where conversation {step.conversation} {step.does}", turn, talk
    )
    _no_foreign_history(number, script, talk, provider)
    if turn.exchange.status == 200 and step.does not in ("fails", "stops the answer"):
        talk.messages = [*messages, {"role": "assistant", "content": turn.blocks or [_text("-")]}]


def _plans(step: Step, mark: str) -> list[Plan]:
    """Every piece of an answer bears the mark, so that no stray one goes unseen."""
    failing = Plan(status=400, error={**_ERROR, "message": f"{_ERROR['message']}: {mark}"})
    if step.does == "uses a tool":
        pieces = [f'{{"path": "{mark}"', "}"]
        return [Plan(blocks=[Block("tool_use", pieces, "Read", f"toolu_{mark}")])]
    gap_ms = 1 if step.does == "stops the answer" else 0
    good = Plan(blocks=[Block("text", [f"{mark} "] * 4)], gap_ms=gap_ms)
    return {"fails": [failing], "tries again": [failing, good]}.get(step.does, [good])


def _ask(step: Step, talk: Conversation, messages: list[dict[str, Any]]) -> Turn:
    stops = step.does == "stops the answer"
    return talk.app.engine.turn(
        "",
        messages=messages,
        extra=_BRIEF,
        stream=step.streamed or stops,
        on_event=(lambda event: event.name != "content_block_delta") if stops else None,
    )


def _tool_results(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the client must answer to the tools that the last message used."""
    last = messages[-1]["content"] if messages else []
    used = [block.get("id") for block in last if block.get("type") == "tool_use"]
    return [{"type": "tool_result", "tool_use_id": i, "content": "done"} for i in used]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _no_foreign_words(where: str, turn: Turn, talk: Conversation) -> None:
    found = set(_MARK.findall(f"{turn.text}\n{turn.exchange.text}")) - talk.marks
    expect(
        not found,
        f"an answer with nothing of another conversation in {where}",
        f"HTTP {turn.exchange.status} with words of {len(found)} other request(s)",
        hop="gateway → client",
        silent=True,
    )


def _no_foreign_history(
    number: int, script: Script, talk: Conversation, provider: ScriptedProvider
) -> None:
    bodies = [receipt.body.decode("utf-8", "replace") for receipt in provider.receipts(script)]
    found = {mark for body in bodies for mark in _MARK.findall(body)} - talk.marks
    expect(
        not found,
        f"the provider to receive conversation history of its own conversation only in step {number}",
        f"a request with words of {len(found)} other request(s)",
        hop="gateway → provider",
        silent=True,
    )
