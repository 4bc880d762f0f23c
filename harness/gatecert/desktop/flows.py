"""What the real engine sends around a conversation, in its number and order.

A :class:`Session` runs over any transport, so that a whole flow can be driven against a gateway:
the probe and discovery at start, a title before the turn, tool loops with what the model said
replayed as it came, subagents beside the next turn, the request behind WebSearch, ``/compact`` and
the burst of token counts of ``/context``. Every request is sent once; nothing is retried here.

Source: flows recorded with engines 2.1.330 and 2.1.197, Nov 2026 (observed).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from gatecert.desktop.engine import Engine, OnEvent, Turn
from gatecert.desktop.exchange import Exchange
from gatecert.desktop.messages import (
    marked,
    opening,
    tool_result,
    with_reply,
    with_user,
)
from gatecert.desktop.profiles.traits import bare_model
from gatecert.desktop.prompt import Json, filler, reminder, text_block

MOST_ROUNDS = 8

_LATER_REMINDER = 87
_AGENT_STARTED = (1_055, 86)
_AGENT_DONE = 1_219
_AGENT_SAID = 57
_COMPACT = (6_361, 6_755)
_COUNT_SIZES = (2_025, 265, 357)
_NOT_SERVED = 404
_COMMAND_LINE = "sdk-cli"
# UTF-16 units; observed on engines 2.1.330 and 2.1.197
_LEAST_TITLED = 10
_UNDER_WAY_S = 5.0
_THOUGHTS = ("thinking", "redacted_thinking")
_PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)


@dataclass(frozen=True)
class ToolOutcome:
    """What a tool gave back: text or blocks, and the flag that only some tools set."""

    content: str | list[Json]
    is_error: bool | None = None


RunTool = Callable[[Json], ToolOutcome]


def run_tool(call: Json) -> ToolOutcome:
    """A tool of our own that always works; its results have the shape of the real one's."""
    if call.get("name") == "Bash":
        return ToolOutcome(filler(95), is_error=False)
    if call.get("name") == "WebSearch":
        return ToolOutcome(filler(255))
    if call.get("name") == "Agent":
        size, rest = _AGENT_STARTED
        return ToolOutcome([text_block(filler(size)), reminder(rest)])
    return ToolOutcome(filler(7))


def read_image(call: Json) -> ToolOutcome:
    """What reading an image gives: the picture and a reminder."""
    source = {"type": "base64", "data": _PIXEL, "media_type": "image/png"}
    return ToolOutcome([{"type": "image", "source": source}, reminder(86)])


class Session:
    """One conversation on one engine, with the traffic of the real client around it.

    ``quiet`` says that nonessential traffic is switched off, which keeps newer engines from probes
    and titles. ``title_model`` is what titles are asked of, the conversation's own model if None.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        model: str | None = None,
        title_model: str | None = None,
        quiet: bool = False,
    ) -> None:
        self.engine = engine
        self._title_model = title_model
        self.model = engine.profile.release.full_name(model or engine.settings.chat_model)
        self.messages: list[Json] = []
        self._quiet = quiet
        self._titled = False
        self._last_id = ""

    def start(self, *, discover: bool = False) -> list[Exchange]:
        """What is sent before the user has said anything."""
        release = self.engine.profile.release
        probes = release.ignores_quiet or not self._quiet
        discover = discover and (release.discovers_quietly or not self._quiet)
        sent = [self.engine.start_probe()] if probes else []
        return [*sent, *([self.engine.discover()] if discover else [])]

    def say(self, text: str, *, typed: str | None = None) -> Turn:
        """The user's words: a title first while there is none, then the turn.

        ``typed`` are the words of which the client decides that, where ``text`` holds more.
        """
        if not self._titled and self._asks_for_title(text if typed is None else typed):
            self._titled = _is_title(
                self.engine.title(text, model=self._title_model or self.model).text
            )
        profile = self.engine.profile
        if not self.messages:
            self.messages = opening(profile, self.model, text)
        else:
            later = [reminder(_LATER_REMINDER), text_block(text)]
            self.messages = with_user(self.messages, later)
        return self._turn()

    def _asks_for_title(self, text: str) -> bool:
        """Whether these words get a title: not a few of them, and not on the bare command line."""
        profile, release = self.engine.profile, self.engine.profile.release
        if not release.ignores_quiet and (self._quiet or profile.entrypoint == _COMMAND_LINE):
            return False
        return utf16_units(text.strip()) >= _LEAST_TITLED

    def use_tools(self, turn: Turn, run: RunTool = run_tool) -> Turn:
        """Run the tools that the model asks for, and hand their results in, until it asks for none.

        Results of calls that were made together are handed in the order in which they ended, which
        need not be that of the calls: Bash is done first, as in the recordings.
        """
        for _ in range(MOST_ROUNDS):
            calls = [block for block in turn.blocks if block.get("type") == "tool_use"]
            if not calls:
                break
            turn = self._hand_in(calls, run)
        return turn

    def compact(self) -> list[Turn]:
        """``/compact``: ask for a summary, and once more where none came."""
        turns: list[Turn] = []
        for size in _COMPACT:
            asked = [*self.messages, {"role": "user", "content": filler(size)}]
            sent = marked(self.engine.profile, self.model, asked)
            draft = self.engine.draft(sent, model=self.model, purpose="compact")
            turns.append(self.engine.send_draft(draft))
            if "<summary>" in turns[-1].text:
                break
        return turns

    def _hand_in(self, calls: Sequence[Json], run: RunTool) -> Turn:
        results = []
        waits = self.engine.profile.release.subagents_wait
        for call in sorted(calls, key=lambda c: c.get("name") != "Bash"):
            if call.get("name") == "WebSearch":
                self.engine.web_search(str(_argument(call, "query")))
            outcome = run(call)
            if call.get("name") == "Agent" and waits:
                self.engine.send_draft(self.engine.subagent_draft(str(_argument(call, "prompt"))))
                outcome = ToolOutcome([text_block(filler(_AGENT_SAID))])
            results.append(tool_result(call, outcome.content, is_error=outcome.is_error))
        self.messages = with_user(self.messages, results)
        prompts = [str(_argument(c, "prompt")) for c in calls if c.get("name") == "Agent"]
        return self._beside_subagents(prompts) if prompts and not waits else self._turn()

    def _beside_subagents(self, prompts: Sequence[str]) -> Turn:
        """The next turn with subagents at work beside it, and the one that hears of their end."""
        agents = [_Subagent(self.engine, self.model, prompt) for prompt in prompts]

        def while_answered(event: object) -> bool:
            for agent in agents:
                agent.be_under_way()
            return True

        self._turn(while_answered)
        for agent in agents:
            agent.be_done()
        self.messages = with_user(self.messages, [reminder(_AGENT_DONE)])
        return self._turn()

    def _turn(self, on_event: OnEvent | None = None) -> Turn:
        messages = marked(self.engine.profile, self.model, self.messages)
        turn = self.engine.send_draft(self.engine.draft(messages, model=self.model), on_event)
        same = bool(self._last_id) and message_id(turn) == self._last_id
        if blocks := self._replayed(turn):
            self.messages = with_reply(self.messages, blocks, same_message=same)
        self._last_id = message_id(turn)
        return turn

    def _replayed(self, turn: Turn) -> list[Json]:
        """What is sent back: an older engine drops the thoughts of a model that was not asked."""
        blocks = replayed(turn)
        asked = bare_model(self.model)
        if not self.engine.profile.release.own_thinking_only or answering_model(turn) == asked:
            return blocks
        return [block for block in blocks if block.get("type") not in _THOUGHTS]


class _Subagent:
    """A subagent at work in a thread of its own."""

    def __init__(self, engine: Engine, model: str, prompt: str) -> None:
        self._engine = engine
        self._draft = engine.subagent_draft(prompt, model=model)
        self._answered = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._work: Future[Turn] | None = None

    def be_under_way(self) -> Future[Turn]:
        """Start it, and wait until its answer has begun, so that both requests are open at once."""
        if self._work is None:
            self._work = self._pool.submit(self._engine.send_draft, self._draft, self._seen)
            self._work.add_done_callback(self._seen)
            self._answered.wait(_UNDER_WAY_S)
        return self._work

    def be_done(self) -> Turn:
        """Wait for its end. Raises what its request raised."""
        try:
            return self.be_under_way().result()
        finally:
            self._pool.shutdown()

    def _seen(self, event: object) -> bool:
        self._answered.set()
        return True


def context_burst(
    engine: Engine, text: Callable[[int], str] = filler, *, first: str = "foo"
) -> list[Exchange]:
    """``/context``: one small count, then many at once over several connections.

    ``text`` makes the texts to be counted from their lengths, ``first`` is the one before them.
    """
    release = engine.profile.release
    sizes = [_COUNT_SIZES[i % len(_COUNT_SIZES)] for i in range(release.burst - 1)]

    def count(words: str) -> list[Exchange]:
        answer = engine.count_tokens(words)
        if answer.status == _NOT_SERVED and release.count_fallback:
            return [answer, engine.count_by_message()]
        return [answer]

    begun = count(first)
    with ThreadPoolExecutor(release.burst_connections) as pool:
        rest = pool.map(count, [text(size) for size in sizes])
        return [exchange for group in (begun, *rest) for exchange in group]


def replayed(turn: Turn) -> list[Json]:
    """The blocks of an answer as they are sent back: every value as it came."""
    return [{k: v for k, v in block.items() if k != "partial_json"} for block in turn.blocks]


def message_id(turn: Turn) -> str:
    """The id of an answer's message, or ``""``."""
    return str(_message(turn).get("id", ""))


def answering_model(turn: Turn) -> str:
    """The model that the answer names, or ``""``."""
    return str(_message(turn).get("model", ""))


def utf16_units(text: str) -> int:
    """The length of a text as the engine counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _message(turn: Turn) -> dict[str, object]:
    """An answer's message, or the beginning of one, empty if there is none."""
    if turn.stream:
        starts = (event.json() for event in turn.events if event.name == "message_start")
        first = next(starts, None)
        message = first.get("message") if isinstance(first, dict) else None
    else:
        message = turn.exchange.json()
    return message if isinstance(message, dict) else {}


def _argument(call: Json, name: str) -> object:
    arguments = call.get("input")
    return arguments.get(name, "") if isinstance(arguments, dict) else ""


def _is_title(text: str) -> bool:
    try:
        return "title" in json.loads(text)
    except (ValueError, TypeError):
        return False
