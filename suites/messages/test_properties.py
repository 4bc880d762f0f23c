"""What examples cannot exhaust: any body that the API admits arrives equal, both ways.

Equal means what the other side can tell. Keys may be reordered, escapes spelled otherwise, and 1.0
may come as 1, since the client's own language writes it so. A request's integer must stay one: a
provider refuses 32000.0 where it wants 32000. Numbers that no double holds are not sent; the client
could not have read them.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gatecert.suite import (
    MUST,
    Block,
    DesktopApp,
    Explore,
    Plan,
    ScriptedProvider,
    arrivals,
    field_of,
    kept,
    kept_in_answer,
    requirement,
)

Json = dict[str, Any]

_EXACT = 2**53 - 1
# no unpaired surrogates, which are no text, and no NUL, which providers refuse
_characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
# what gateways trip over: blanks at ends, terminals, escapes, markup, unusual Unicode, empty JSON
_PIECES = (
    *(" ", "\n", "\r\n", "\t", "\x1b[0m", "\x7f", "\u2028", "\ufeff", "\u200b", "e\u0301"),
    *("\ufb01", "\U0001f9d1\u200d\U0001f4bb", "\\", '"', "\\n", "/", "<b>", "&amp;", "%2F", "@@"),
)
_VALUES: tuple[Any, ...] = (
    None,
    0,
    1.0,
    -0.0,
    0.1,
    1e-7,
    1.5e300,
    _EXACT,
    1_764_000_000_123_456,
    "",
    {},
    [],
)
_pieces = st.sampled_from(_PIECES) | st.text(_characters, max_size=4)
_text = st.lists(_pieces, max_size=4).map("".join)
_said = _text.filter(str.strip)
_numbers = st.integers(-_EXACT, _EXACT) | st.floats(allow_nan=False, allow_infinity=False)
_any_json = st.recursive(
    st.sampled_from(_VALUES) | st.booleans() | _numbers | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=8,
)
_object = st.dictionaries(_text, _any_json, max_size=4)
_name = st.from_regex(r"[a-zA-Z0-9_-]{1,64}", fullmatch=True)
_text_block = st.builds(lambda text: {"type": "text", "text": text}, _said)
# never empty: the API refuses an empty signature or picture, so a gateway may drop such a block
_base64 = st.from_regex(r"([A-Za-z0-9+/]{4}){1,9}", fullmatch=True)
_thinking = st.builds(
    lambda text, signature: {"type": "thinking", "thinking": text, "signature": signature},
    _text,
    _base64,
)
_redacted = st.builds(lambda data: {"type": "redacted_thinking", "data": data}, _base64)
_call = st.builds(
    lambda number, name, arguments: {
        "type": "tool_use",
        "id": f"toolu_{number}",
        "name": name,
        "input": arguments,
    },
    st.integers(0, 10**9),
    _name,
    _object,
)
_picture = st.builds(
    lambda data: {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": data},
    },
    _base64,
)
_blocks = st.one_of(_call, _text_block, _call, _thinking, _call, _redacted)
_answer = st.lists(_blocks, min_size=1, max_size=4)
_result = st.builds(
    lambda number, content: {
        "type": "tool_result",
        "tool_use_id": f"toolu_{number}",
        "content": content,
    },
    st.integers(0, 10**9),
    _text | st.lists(_text_block | _picture, max_size=2),
)
_asked = _said | st.lists(_text_block | _picture | _result, min_size=1, max_size=3)
_round = st.tuples(_said | _answer, _asked).map(
    lambda pair: [
        {"role": "assistant", "content": pair[0]},
        {"role": "user", "content": pair[1]},
    ]
)
_tool = st.builds(
    lambda name, description, properties: {
        "name": name,
        "description": description,
        "input_schema": {"type": "object", "properties": properties},
    },
    _name,
    _said,
    st.dictionaries(_text, _object, max_size=2),
)
_fields = st.fixed_dictionaries(
    {
        "system": _said | st.lists(_text_block, min_size=1, max_size=2),
        "tools": st.lists(_tool, max_size=2, unique_by=lambda tool: tool["name"]),
    },
    optional={
        "stop_sequences": st.lists(_said, max_size=2),
        "metadata": st.builds(lambda name: {"user_id": name}, _text),
    },
)
_request = st.tuples(st.booleans(), st.lists(_round, max_size=2), _fields)


@requirement(
    "MSG-63",
    MUST,
    source="official: inspect without modifying bodies; standard: RFC 8259",
    why="Some conversations change on the way or cannot be sent, and nobody can say which.",
    fix="Pass the request's body on as the bytes that came, or write it again without loss.",
    since="0.2",
)
def test_any_request_arrives_equal(
    desktop: DesktopApp, provider: ScriptedProvider, explore: Explore
) -> None:
    """Any request that the API admits arrives equal: content, tools, Unicode, numbers, nesting."""

    def check(example: tuple[bool, list[list[Json]], Json]) -> None:
        stream, rounds, fields = example
        further = [message for pair in rounds for message in pair]
        sent = arrivals(desktop, provider, further=further, fields=fields, streams=[stream])
        for came in sent:
            kept(further, came.further, "the messages")
            for name, value in fields.items():
                # system has the same two forms as a message's content
                as_sent, found = (
                    {"role": name, "content": v} for v in (value, field_of(came.body, name, value))
                )
                kept(as_sent, found, f"the field {name}")

    explore(_request, check)


@requirement(
    "MSG-64",
    MUST,
    source="official: return what the provider answers; standard: RFC 8259",
    why="Some answers change on the way: tools run with other arguments, text is not what the model wrote.",
    fix="Pass the answer's body on as the bytes that came, or write it again without loss.",
    since="0.2",
)
def test_any_answer_arrives_equal(
    desktop: DesktopApp, provider: ScriptedProvider, explore: Explore
) -> None:
    """The content of any whole answer arrives equal: text, thinking, calls with any input."""

    def check(content: list[Json]) -> None:
        plan = Plan(blocks=[Block.of(block) for block in content])
        for came in arrivals(desktop, provider, plan=plan, streams=[False]):
            kept_in_answer(content, came.turn.blocks, "the content of the answer")

    explore(_answer, check)
