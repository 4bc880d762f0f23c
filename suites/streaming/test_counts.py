"""Streams: tokens counted, reasons to stop, and events of kinds that are new."""

from typing import Any

from gatecert.suite import (
    MAY,
    MUST,
    SHOULD,
    DesktopApp,
    Plan,
    ScriptedProvider,
    Turn,
    answered,
    at,
    expect,
    json_equal,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
_STOP_REASONS = (
    "tool_use",
    "max_tokens",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
)
Event = tuple[str, dict[str, Any]]


@requirement(
    "STREAM-40",
    MUST,
    source="observed: SDK clients crash without output_tokens in message_start; "
    "field: LiteLLM issue 24176, PR 24850",
    why="Clients built on the SDKs break off at the first event; costs and compaction are wrong.",
    fix="Pass usage on whole, in message_start as well as in message_delta.",
    since="0.2",
)
def test_usage_is_whole_at_both_places(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """All four counts of tokens stand in message_start and in message_delta, exact but for the first output."""
    counts: dict[str, Any] = {
        "input_tokens": 4_001,
        "cache_creation_input_tokens": 12_011,
        "cache_read_input_tokens": 20_021,
    }
    turn = _streamed(desktop, provider, Plan(**counts, output_tokens=333))
    start, end = turn.assembled.usage_at_start, _usage_at_end(turn)
    for name, count in counts.items():
        same(count, start.get(name), f"usage.{name} in message_start", hop=_HOP)
        same(count, at(end, name), f"usage.{name} in message_delta", hop=_HOP)
    at_start = start.get("output_tokens")  # a first guess, which nobody adds up
    expect(
        isinstance(at_start, int) and not isinstance(at_start, bool),
        "a number in usage.output_tokens in message_start",
        f"{at_start!r}",
        hop=_HOP,
        silent=True,
    )
    same(333, at(end, "output_tokens"), "usage.output_tokens in message_delta", hop=_HOP)


@requirement(
    "STREAM-41",
    SHOULD,
    source="official: headers and body fields are open lists",
    why="Searches and long-lived cache entries are not seen in what a conversation costs.",
    fix="Pass usage on whole, with members that are objects and with unknown ones.",
    since="0.2",
)
def test_further_usage_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Usage of server tools and the parts of cache_creation arrive in message_delta."""
    further = {
        "server_tool_use": {"web_search_requests": 3},
        "cache_creation": {"ephemeral_5m_input_tokens": 1_100, "ephemeral_1h_input_tokens": 80},
    }
    turn = _streamed(desktop, provider, Plan(usage=further))
    for name, value in further.items():
        same(value, at(_usage_at_end(turn), name), f"usage.{name} in message_delta", hop=_HOP)


@requirement(
    "STREAM-42",
    MUST,
    source="observed: the client goes on, gives up or compacts by stop_reason; field: claude-code "
    "issue 16785",
    why="An answer that was cut short or refused is taken for a whole one, or tools never run.",
    fix="Pass stop_reason on as it is, values that are new to you included.",
    since="0.2",
)
def test_stop_reasons_are_exact(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Each stop_reason of the API arrives unchanged."""
    for reason in _STOP_REASONS:
        turn = _streamed(desktop, provider, Plan(stop_reason=reason))
        same(reason, turn.assembled.stop_reason, "stop_reason", hop=_HOP)


@requirement(
    "STREAM-43",
    SHOULD,
    source="official: stop_sequence names the sequence that ended the answer",
    why="Programs that stop at a mark cannot tell which one it was.",
    fix="Pass the delta of message_delta on whole.",
    since="0.2",
)
def test_stop_sequence_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """An answer that ended at a stop sequence says so, and says at which."""
    plan = Plan(stop_reason="stop_sequence", stop_sequence="</answer>")
    turn = _streamed(desktop, provider, plan)
    same("stop_sequence", turn.assembled.stop_reason, "stop_reason", hop=_HOP)
    said = [at(e.json(), "delta", "stop_sequence") for e in _named(turn, "message_delta")]
    same("</answer>", next(filter(None, said), None), "stop_sequence", hop=_HOP)


@requirement(
    "STREAM-44",
    MUST,
    source="field: a late message_delta with usage only erases the stop_reason before it",
    why="The client does not see why the answer stopped: tools do not run, cuts go unnoticed.",
    fix="Pass every message_delta on; if you merge them, let null replace nothing.",
    since="0.2",
)
def test_late_usage_keeps_the_stop_reason(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A second message_delta that has usage only does not cost the stop_reason of the first."""
    late = {"stop_reason": None, "stop_sequence": None}
    events = _around(
        [
            _delta({"type": "text_delta", "text": "Done."}),
            ("content_block_stop", {"type": "content_block_stop", "index": 0}),
            _message_delta({"stop_reason": "max_tokens", "stop_sequence": None}, 5),
            _message_delta(late, 7),
        ]
    )
    turn = _streamed(desktop, provider, Plan(events=events))
    same("max_tokens", turn.assembled.stop_reason, "stop_reason", hop=_HOP)


@requirement(
    "STREAM-45",
    MUST,
    source="observed: clients skip events and deltas that they do not know",
    why="The first new kind of event that the provider sends breaks every answer.",
    fix="Relay events by their bytes; where you read them, skip what you do not know.",
    since="0.2",
)
def test_new_kinds_break_nothing(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Events and deltas of unknown types cost nothing of the text around them."""
    turn = _streamed(desktop, provider, Plan(events=_with_new_kinds()))
    same("Before and after.", turn.text, "the text around the new kinds", hop=_HOP)


@requirement(
    "STREAM-46",
    SHOULD,
    source="official: headers and body fields are open lists",
    why="Citations and whatever the next release of the client shows are missing.",
    fix="Relay events by their bytes, those of unknown types too.",
    since="0.2",
)
def test_new_kinds_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A citations_delta, a delta of an unknown type and an unknown event arrive as they are."""
    turn = _streamed(desktop, provider, Plan(events=_with_new_kinds()))
    came = [event.json() for event in turn.events]
    for name, data in _NEW_KINDS:
        member = "delta" if "delta" in data else "value"
        wanted = data[member]
        found = [at(one, member) for one in came if at(one, "type") == name]
        expect(
            any(json_equal(wanted, one) for one in found),
            f"the {name} of a new kind with the {member} {wanted}",
            "none like it",
            hop=_HOP,
            silent=True,
        )


@requirement(
    "STREAM-89",
    SHOULD,
    source="official: headers and body fields are open lists; stop_details, context_management, container and caller came later",
    why="The client does not know why an answer was refused, or what the provider has left out of the context.",
    fix="Relay events by their bytes; do not rebuild them from the members that the gateway knows.",
    since="0.2",
)
def test_further_members_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Members beyond the oldest ones arrive in message_start, in the start of a block and in message_delta."""
    turn = _streamed(desktop, provider, Plan(events=_with_further_members()))
    for name, path, wanted in _FURTHER:
        found = [at(event.json(), *path) for event in _named(turn, name)]
        same([wanted], found, f"{'.'.join(path)} of {name}", hop=_HOP)


@requirement(
    "STREAM-47",
    MAY,
    source="official: message_start has stop_reason and stop_sequence, both null",
    why="Programs that read the fields without asking whether they are there stop with an error.",
    fix="Do not leave out members that are null.",
    since="0.2",
)
def test_nulls_are_kept(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Members that are null stay in message_start and message_delta."""
    turn = _streamed(desktop, provider, Plan())
    for event_name, member, names in (
        ("message_start", "message", ("stop_reason", "stop_sequence")),
        ("message_delta", "delta", ("stop_sequence",)),
    ):
        found = [at(event.json(), member) for event in _named(turn, event_name)]
        came = found[0] if found and isinstance(found[0], dict) else {}
        lost = [name for name in names if name not in came]
        expect(
            not lost,
            f"{event_name} with {' and '.join(names)}",
            f"it without {' and '.join(lost)}",
            hop=_HOP,
        )


def _streamed(desktop: DesktopApp, provider: ScriptedProvider, plan: Plan) -> Turn:
    turn = desktop.engine.turn(provider.script(plan).text)
    answered(turn, "a streamed turn")
    return turn


def _named(turn: Turn, name: str) -> list[Any]:
    return [event for event in turn.events if event.name == name]


def _usage_at_end(turn: Turn) -> Any:
    """The usage of the last message_delta that has some."""
    found = [at(event.json(), "usage") for event in _named(turn, "message_delta")]
    return next(filter(None, reversed(found)), None)


def _delta(delta: dict[str, Any]) -> Event:
    return "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}


def _message_delta(delta: dict[str, Any], output_tokens: int) -> Event:
    usage = {"output_tokens": output_tokens}
    return "message_delta", {"type": "message_delta", "delta": delta, "usage": usage}


_CITATION = {"type": "char_location", "cited_text": "Before", "document_index": 0}
_NEW_KINDS: list[Event] = [
    _delta({"type": "citations_delta", "citation": _CITATION}),
    _delta({"type": "gatecert_new_delta", "value": [1, {"deep": "er"}]}),
    ("gatecert_new_event", {"type": "gatecert_new_event", "value": {"deep": [True]}}),
]


def _with_new_kinds() -> list[Event]:
    return _around(
        [
            _delta({"type": "text_delta", "text": "Before "}),
            *_NEW_KINDS,
            _delta({"type": "text_delta", "text": "and after."}),
            ("content_block_stop", {"type": "content_block_stop", "index": 0}),
            _message_delta({"stop_reason": "end_turn", "stop_sequence": None}, 9),
        ]
    )


_CONTAINER = {"id": "container_01Gc", "expires_at": "2099-12-31T23:59:59Z"}
_EDITS = [{"type": "clear_thinking_20251015", "cleared_thinking_turns": 2}]
_FURTHER: list[tuple[str, tuple[str, ...], Any]] = [
    ("message_start", ("message", "container"), _CONTAINER),
    ("content_block_start", ("content_block", "caller"), {"type": "direct"}),
    ("message_delta", ("delta", "stop_details"), {"type": "refusal", "category": "cyber"}),
    ("message_delta", ("context_management",), {"applied_edits": _EDITS}),
]


def _with_further_members() -> list[Event]:
    call = {"type": "tool_use", "id": "toolu_01Gc", "name": "Read", "input": {}}
    end = _message_delta({"stop_reason": "refusal", "stop_sequence": None}, 9)
    stop = ("content_block_stop", {"type": "content_block_stop", "index": 0})
    events = _around([_delta({"type": "input_json_delta", "partial_json": "{}"}), stop, end])
    events[1][1]["content_block"] = call
    for name, path, value in _FURTHER:
        holder = next(data for event, data in events if event == name)
        for member in path[:-1]:
            holder = holder[member]
        holder[path[-1]] = value
    return events


def _around(middle: list[Event]) -> list[Event]:
    """Events from message_start to the start of a text block, the given ones, message_stop."""
    message = {
        **{"id": "msg_01Gc", "type": "message", "role": "assistant", "content": []},
        **{"model": "claude-sonnet-4-6", "stop_reason": None, "stop_sequence": None},
        "usage": {"input_tokens": 12, "output_tokens": 1},
    }
    start = {"type": "content_block_start", "index": 0}
    return [
        ("message_start", {"type": "message_start", "message": message}),
        ("content_block_start", {**start, "content_block": {"type": "text", "text": ""}}),
        *middle,
        ("message_stop", {"type": "message_stop"}),
    ]
