from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.upstream import (
    Block,
    Directive,
    DirectiveError,
    Plan,
    embed,
    find,
    find_token,
    new_token,
)
from gatecert.upstream.compression import CODINGS
from gatecert.upstream.directives import PROVIDERS, parse

TOKEN = "gc-" + "0" * 32
OTHER = "gc-" + "f" * 32

texts = st.text(max_size=12).filter(lambda text: " @@" not in text)
numbers = st.floats(min_value=0, max_value=1e6)
messages = st.fixed_dictionaries({"type": texts, "message": texts})
blocks = st.builds(
    Block,
    type=st.sampled_from(["text", "thinking", "tool_use", "redacted_thinking"]),
    whole=st.none() | st.dictionaries(texts, texts, max_size=2),
    pieces=st.lists(texts, max_size=4),
    name=texts,
    id=texts,
    signature=texts,
)
plans = st.builds(
    Plan,
    status=st.integers(200, 599),
    headers=st.dictionaries(texts, texts | st.lists(texts, max_size=2), max_size=3),
    error=st.none() | messages,
    body=st.none() | texts,
    body_base64=st.none() | texts,
    body_times=st.integers(1, 9),
    blocks=st.lists(blocks, max_size=3).map(tuple),
    stop_reason=texts,
    input_tokens=st.integers(0),
    ping=st.booleans(),
    events=st.none() | st.lists(st.tuples(texts, messages).map(list), max_size=3),
    error_event=st.none() | messages,
    delay_ms=numbers,
    hold_after=st.none() | st.integers(-1, 9) | st.lists(st.integers(-1, 9), max_size=3),
    hold_ms=numbers,
    cut_events=st.none() | st.integers(0, 9),
    cut_bytes=st.none() | st.integers(0, 9),
    reset=st.booleans(),
    drop=st.booleans(),
    compress=st.booleans(),
    coding=st.sampled_from(CODINGS),
    measured=st.booleans(),
    chunks=st.lists(st.integers(min_value=1), max_size=3),
    stop_sequence=st.none() | texts,
    end_events=st.none() | st.integers(0, 9),
    echo=st.booleans(),
)
directives = st.builds(
    Directive,
    st.binary(min_size=16, max_size=16).map(lambda raw: f"gc-{raw.hex()}"),
    st.dictionaries(
        st.sampled_from(PROVIDERS), st.lists(plans, min_size=1, max_size=2).map(tuple), max_size=3
    ),
)


def user(*texts: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


def marked(token: str, text: str) -> dict[str, Any]:
    return {"messages": [user(f"@@gatecert {token} {text} @@")]}


@given(directives, texts, texts, st.booleans())
def test_a_directive_survives_the_way_through_a_body(
    directive: Directive, before: str, after: str, ascii_only: bool
) -> None:
    body = {"model": "m", "messages": [user("reminder"), user(before + embed(directive) + after)]}
    sent = json.dumps(body, ensure_ascii=ascii_only).encode("utf-8")
    assert find(json.loads(sent)) == directive
    assert find_token(sent) == directive.token


@given(directives)
def test_a_directive_is_plain_ascii_on_one_line(directive: Directive) -> None:
    assert embed(directive).isascii()
    assert embed(directive).isprintable()


def test_a_plan_is_written_as_what_differs_from_the_default() -> None:
    directive = Directive(TOKEN, {"primary": (Plan(), Plan(status=529))})
    assert embed(directive) == f'@@gatecert {TOKEN} {{"primary":[{{}},{{"status":529}}]}} @@'


def test_a_directive_may_speak_of_its_own_end_mark() -> None:
    directive = Directive(TOKEN, {"primary": (Plan(body='{"a": "} @@ \\\\@"}'),)})
    assert find({"messages": [{"content": embed(directive)}]}) == directive


def test_the_last_directive_of_a_conversation_counts() -> None:
    older, newer = Directive(TOKEN), Directive(OTHER, {"primary": (Plan(status=500),)})
    reply = {"role": "assistant", "content": f"as you said: {embed(older)}"}
    body = {"messages": [user(embed(older)), reply, user("a reminder", embed(newer))]}
    assert find(body) == newer
    assert find({"messages": [user(embed(older) + embed(newer))]}) == newer
    assert find_token(json.dumps(body).encode()) == OTHER


def test_a_directive_is_found_in_plain_text_and_in_tool_results() -> None:
    text = embed(Directive(TOKEN))
    result = {"type": "tool_result", "content": [{"type": "text", "text": text}]}
    assert find({"messages": [{"role": "user", "content": text}]}) == Directive(TOKEN)
    assert find({"messages": [{"role": "user", "content": [result]}]}) == Directive(TOKEN)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"messages": None},
        {"messages": [user("hello")]},
        {"system": embed(Directive(TOKEN))},
        {"messages": [user(f"@@gatecert {TOKEN} {{}}")]},
        {"messages": [user("@@gatecert gc-123 {} @@")]},
    ],
)
def test_no_directive_is_found_where_there_is_none(body: Any) -> None:
    assert find(body) is None


def test_a_single_plan_needs_no_list() -> None:
    assert find(marked(TOKEN, '{"backup":{"drop":true}}')) == Directive(
        TOKEN, {"backup": (Plan(drop=True),)}
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"primary":{"speed":1}}', "unknown key 'speed' in the plan for primary"),
        ('{"primary":[{},{"statuss":1}]}', "unknown key 'statuss'"),
        ('{"openai":{}}', "unknown provider 'openai'; known: primary, backup, other"),
        ('{"primary":{}', "not JSON"),
    ],
)
def test_a_directive_that_cannot_be_obeyed_is_refused(text: str, message: str) -> None:
    with pytest.raises(DirectiveError, match=message):
        parse(TOKEN, text)


def test_finding_a_directive_that_cannot_be_obeyed_says_so() -> None:
    with pytest.raises(DirectiveError, match="unknown key"):
        find(marked(TOKEN, '{"primary":{"speed":1}}'))


def test_the_last_plan_serves_all_later_attempts() -> None:
    first, second = Plan(status=500), Plan(status=529)
    directive = Directive(TOKEN, {"primary": (first, second)})
    assert [directive.plan("primary", n) for n in range(4)] == [first, second, second, second]


@pytest.mark.parametrize("directive", [Directive(TOKEN), Directive(TOKEN, {"primary": ()})])
def test_a_provider_without_a_plan_answers_by_default(directive: Directive) -> None:
    assert [directive.plan(name, 0) for name in PROVIDERS] == [Plan()] * 3


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_the_token_is_found_in_broken_bytes(before: bytes, after: bytes) -> None:
    assert find_token(before + b" " + TOKEN.encode() + b"," + after) == TOKEN


@pytest.mark.parametrize("data", [b"", b"gc-123", b"\xff" * 40, b"GC-" + b"0" * 32])
def test_no_token_is_found_where_there_is_none(data: bytes) -> None:
    assert find_token(data) is None


def test_tokens_are_fresh_and_can_be_found() -> None:
    tokens = {new_token() for _ in range(200)}
    assert len(tokens) == 200
    assert all(find_token(token.encode()) == token for token in tokens)


def test_the_pieces_of_a_block_are_joined() -> None:
    assert Block("text", ["a", "", "bc"]).joined == "abc"
