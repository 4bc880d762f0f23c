"""The 400 ladder, request by request, against a gateway that never gives in."""

from __future__ import annotations

from typing import Any

import pytest
from recovery_cases import draft, play, status

from gatecert.desktop import Engine, GatewaySettings, HttpxTransport
from gatecert.desktop.draft import Draft
from gatecert.desktop.messages import opening
from gatecert.desktop.profiles import find_engine
from gatecert.desktop.recovery import policy as policies
from gatecert.desktop.recovery import policy_of
from gatecert.desktop.recovery.ladder import (
    CONTEXT,
    DISPLAY_UPDATES,
    EFFORT,
    REDACT_THINKING,
    SAFEGUARDS,
    TOKEN_COUNT,
    TOOL_SEARCH,
)
from gatecert.desktop.recovery.policy import DESKTOP_330, PRINT_330, RetryPolicy

BETAS = ("claude-code-20250219", CONTEXT, TOKEN_COUNT, TOOL_SEARCH, EFFORT)
UNKNOWN = "something the client has never heard of"


def full(*more: str, **body: Any) -> Draft:
    """All that a terminal's request has to take out."""
    return draft(
        betas=(*BETAS, *more),
        thinking={"type": "adaptive", "display": "omitted"},
        context_management={"edits": []},
        output_config={"effort": "medium"},
        tools=[{"name": "Agent"}, {"name": "ToolSearch"}],
        **body,
    )


def small(**body: Any) -> Draft:
    """What the desktop sends with experimental betas off."""
    return draft(
        betas=("claude-code-20250219", EFFORT),
        thinking={"type": "adaptive"},
        output_config={"effort": "high"},
        **body,
    )


def steps(policy: RetryPolicy, first: Draft, message: str) -> list[str]:
    turn = play(policy, status(400, message=message), first=first)
    assert set(turn.waits_s) <= {0.0}
    assert turn.end.message.endswith(message) or "too long" in turn.end.message
    return [attempt.why.removeprefix("ladder:") for attempt in turn.attempts[1:]]


def test_an_unknown_wording_costs_a_terminal_six_requests() -> None:
    names = ["token-count", "display", "tool-search", "token-count", "display"]
    assert steps(PRINT_330, full(), UNKNOWN) == names


def test_an_unknown_wording_costs_an_interactive_terminal_eight() -> None:
    first = full(SAFEGUARDS, DISPLAY_UPDATES, safeguards=[{}])
    found = steps(PRINT_330, first, UNKNOWN)
    assert len(found) == 7
    assert {"safeguards", "thinking-updates"} <= set(found)


def test_an_unknown_wording_is_final_for_the_desktop() -> None:
    assert steps(DESKTOP_330, small(), UNKNOWN) == []


def test_the_older_engine_has_no_ladder_but_for_adaptive_thinking() -> None:
    assert steps(policies.PRINT_197, full(), UNKNOWN) == []
    assert steps(policies.PRINT_197, full(), "adaptive thinking is not supported") == [
        "adaptive-thinking"
    ]


@pytest.mark.parametrize(
    ("message", "step"),
    [
        ("context_management: Extra inputs are not permitted", "context-management"),
        ("This model does not support the effort parameter.", "effort"),
        (f"Unexpected value(s) `{EFFORT}` for the header", "effort"),
        ("adaptive thinking is not supported on this model", "adaptive-thinking"),
    ],
)
def test_a_known_wording_costs_one_more_request(message: str, step: str) -> None:
    assert steps(PRINT_330, full(), message) == [step]


def test_the_desktop_knows_effort_and_role_and_has_no_effort_of_a_turn_to_take_out() -> None:
    role = "messages.1.role: Input should be 'user' or 'assistant'"
    system = [*draft().body["messages"], {"role": "system", "content": "be kind"}]
    assert steps(DESKTOP_330, small(), "does not support the effort parameter") == ["effort"]
    assert steps(DESKTOP_330, small(messages=system), role) == ["system-role"]
    assert steps(DESKTOP_330, small(), "output_config: Extra inputs are not permitted") == []


def test_too_many_tokens_are_lowered_first_and_again_after_the_tools() -> None:
    message = "max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens"
    found = steps(PRINT_330, full(), message)
    once = ["max-tokens", "token-count", "display"]
    assert found == [*once, "tool-search", *once]


def test_what_was_taken_out_comes_back_with_the_tools() -> None:
    turn = play(PRINT_330, status(400, message=UNKNOWN), first=full())
    drafts = [attempt.draft for attempt in turn.attempts]
    assert TOKEN_COUNT not in drafts[2].betas
    assert "display" not in drafts[2].body["thinking"]
    assert (TOKEN_COUNT in drafts[3].betas, TOOL_SEARCH in drafts[3].betas) == (True, False)
    names = [tool["name"] for tool in drafts[3].body["tools"]]
    assert "ToolSearch" not in names
    assert len(names) > 20
    assert "display" in drafts[3].body["thinking"]


def test_each_step_changes_what_it_says() -> None:
    effort = play(
        PRINT_330,
        status(400, message="effort parameter, does not support the effort parameter"),
        first=full(),
    )
    assert "output_config" not in effort.last.draft.body
    assert EFFORT not in effort.last.draft.betas
    adaptive = play(
        PRINT_330, status(400, message="adaptive thinking is not supported"), first=full()
    )
    assert adaptive.last.draft.body["thinking"] == {
        "type": "enabled",
        "display": "omitted",
        "budget_tokens": 31_999,
    }
    swapped = play(PRINT_330, status(400, message=UNKNOWN), first=full(DISPLAY_UPDATES))
    assert REDACT_THINKING in swapped.last.draft.betas


def test_a_system_message_is_folded_before_the_users_own_words() -> None:
    system = [*draft().body["messages"], {"role": "system", "content": "be kind"}]
    message = "messages.1.role: Input should be 'user' or 'assistant'"
    turn = play(DESKTOP_330, status(400, message=message), first=small(messages=system))
    assert [m["role"] for m in turn.last.draft.body["messages"]] == ["user"]
    texts = [block["text"] for block in turn.last.draft.body["messages"][0]["content"]]
    assert texts == ["<system-reminder>be kind</system-reminder>", "hi"]


def test_after_the_ladder_the_gateway_may_still_ask_for_repeats() -> None:
    told = status(400, ("x-should-retry", "true"), message=UNKNOWN)
    whys = [attempt.why for attempt in play(PRINT_330, told, first=full()).attempts]
    assert (len(whys), whys[6:]) == (16, ["retry"] * 10)


def test_a_step_that_helps_ends_the_ladder() -> None:
    turn = play(
        PRINT_330, status(400, message="safeguards: no"), "text", first=full(safeguards=[{}])
    )
    assert (turn.end.result, len(turn.attempts)) == ("answered", 2)
    assert "safeguards" not in turn.last.draft.body


def test_a_prompt_that_is_too_long_is_compacted_and_nothing_is_taken_out() -> None:
    message = "prompt is too long: 210000 tokens > 200000 maximum"
    once = play(PRINT_330, status(400, message=message), first=full())
    assert (once.end.result, len(once.attempts)) == ("failed", 1)
    assert once.end.message.startswith("Prompt is too long · the request is ~210000 tokens")
    talk = [
        *draft().body["messages"],
        {"role": "assistant", "content": "a"},
        *draft().body["messages"],
    ]
    longer = play(PRINT_330, status(400, message=message), first=draft(messages=talk))
    assert longer.end.result == "compact"
    reworded = status(400, message="ContextWindowExceededError")
    assert play(DESKTOP_330, reworded, first=draft(messages=talk)).end.result == "failed"


@pytest.mark.parametrize(
    ("name", "unknown", "effort", "role", "context"),
    [
        ("engine-desktop-2.1.330", 1, 2, 2, 1),
        ("engine-cowork-2.1.330", 1, 2, 2, 1),
        ("engine-print-2.1.330", 6, 2, 2, 2),
        ("engine-cli-2.1.330", 8, 2, 2, 2),
        ("engine-desktop-2.1.197", 1, 1, 1, 1),
    ],
)
def test_what_each_profile_really_sends_decides_how_often(
    name: str, unknown: int, effort: int, role: int, context: int
) -> None:
    profile = find_engine(name)
    assert profile is not None
    settings = GatewaySettings("http://127.0.0.1:1", "sk-1", chat_model="claude-opus-5-5")
    engine = Engine(profile, settings, HttpxTransport())
    first = engine.draft(opening(profile, settings.chat_model, "hi"))
    words = {
        UNKNOWN: unknown,
        "This model does not support the effort parameter.": effort,
        "messages.1.role: Input should be 'user' or 'assistant'": role,
        "context_management: Extra inputs are not permitted": context,
    }
    turns = [play(policy_of(profile), status(400, message=m), first=first) for m in words]
    assert [len(turn.attempts) for turn in turns] == list(words.values())
