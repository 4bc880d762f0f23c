from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gatecert.errors import UsageError
from gatecert.realclients import engine, sdks
from gatecert.realclients.bench import HELPER, KEY, TOKEN, gateway_config
from gatecert.realclients.calls import AGENT, SDK
from gatecert.realclients.clients import NEWEST, PROGRAMS, chosen
from gatecert.realclients.flows import DEFAULT, MODELS, Flow, engine_flows, plans_of
from gatecert.realclients.start import FOLDER_MARK, Start
from gatecert.upstream import Plan, find

URL, HOME = "http://127.0.0.1:1", Path("/h")
FLOWS = engine_flows("2.1.330")
CAPTURES = Path(__file__).parents[3] / "fixtures" / "captures"


def engine_start(flow: Flow) -> Start:
    return engine.start(flow, Path("/p/claude"), URL, HOME, "2.1.330")


@pytest.fixture(autouse=True)
def _a_world_to_keep_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "HTTP_PROXY", "https_proxy", "CLAUDE_CODE_OAUTH_TOKEN"):
        monkeypatch.setenv(name, "of the user")


def all_starts() -> list[Start]:
    packages = Path("/packages")
    return [
        *(engine_start(flow) for flow in FLOWS),
        *(sdks.python_call(call, packages, URL, HOME) for call in SDK),
        *(sdks.agent_flow(flow, packages, URL, HOME) for flow in AGENT),
    ]


def test_no_client_sees_anything_of_the_user() -> None:
    for start in all_starts():
        assert start.env["HOME"] == str(HOME)
        assert start.env["ANTHROPIC_BASE_URL"] == URL
        assert "of the user" not in start.env.values()
        assert not [name for name in start.env if name.lower().endswith("_proxy")]


def test_every_start_is_bounded() -> None:
    assert all(0 < start.limit_s <= 60 for start in all_starts())


def test_credentials_are_fakes_that_the_gateway_knows() -> None:
    config = gateway_config("http://a", "http://b", MODELS)
    assert set(config.keys) == {TOKEN, KEY, HELPER}
    assert all("fake" in key for key in config.keys)


@pytest.mark.parametrize(
    ("credential", "names"),
    [
        ("token", {"ANTHROPIC_AUTH_TOKEN"}),
        ("key", {"ANTHROPIC_API_KEY"}),
        ("both", {"ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY"}),
        ("helper", set()),
    ],
)
def test_the_credential_of_a_flow(credential: str, names: set[str]) -> None:
    start = engine_start(Flow("x", credential=credential))
    assert {n for n in start.env if n.endswith(("_TOKEN", "_API_KEY"))} == names
    helper = json.loads(start.files.get(".claude/settings.json", "{}")).get("apiKeyHelper")
    assert helper == (f"echo {HELPER}" if credential == "helper" else None)


def test_a_printing_client_reads_its_prompt() -> None:
    start = engine_start(Flow("x", model="m"))
    assert start.command == ["/p/claude", "--model", "m", "-p", "--output-format", "json"]
    assert start.stdin == [b"hi"]


def test_an_embedded_client_reads_messages() -> None:
    start = engine_start(Flow("x", "stream-json", "hello"))
    lines = [json.loads(piece) for piece in start.stdin if isinstance(piece, bytes)]
    assert [line["type"] for line in lines] == ["control_request", "user"]
    assert lines[1]["message"]["content"] == "hello"


def test_a_terminal_client_is_asked_nothing_and_ended() -> None:
    start = engine_start(Flow("x", "terminal", "hello"))
    assert start.terminal
    assert start.command == ["/p/claude", "hello"]
    assert FOLDER_MARK in json.loads(start.files[".claude.json"])["projects"]
    assert start.stdin == []


def test_a_terminal_client_carries_its_plans_in_its_argument() -> None:
    start = engine_start(Flow("x", "terminal", "hello", plans=(Plan(status=529),)))
    directive = find({"messages": [{"role": "user", "content": start.command[-1]}]})
    assert directive is not None
    assert directive.plan("other", 0).status == 529


def test_plans_ride_in_the_prompt() -> None:
    flow = next(flow for flow in FLOWS if flow.name == "desktop_toolloop")
    (text,) = (p.decode() for p in engine_start(flow).stdin if isinstance(p, bytes))
    directive = find({"messages": [{"role": "user", "content": text}]})
    assert directive is not None
    stops = [directive.plan("other", attempt).stop_reason for attempt in range(3)]
    assert stops == ["tool_use", "end_turn", "end_turn"]


def test_a_flow_without_plans_says_only_its_prompt() -> None:
    start = engine_start(next(flow for flow in FLOWS if flow.name == "desktop_code"))
    assert start.stdin == [b"hi"]


def test_an_sdk_sees_only_its_own_packages() -> None:
    start = sdks.python_call(SDK[0], Path("/packages"), URL, HOME)
    assert list(start.command[:3]) == [sys.executable, "-S", "-P"]
    assert start.env["PYTHONPATH"] == "/packages"


def test_names_are_used_once_and_models_are_known_to_the_gateway() -> None:
    for names in ([f.name for f in FLOWS], [c.name for c in SDK], [a.name for a in AGENT]):
        assert len(names) == len(set(names))
    aliases = {"", "sonnet", "fable"}
    assert {f.model.removesuffix("[1m]") for f in FLOWS} - aliases <= set(MODELS)


def test_most_kept_flows_can_be_had_again() -> None:
    """What is kept of the engine and cannot be had again is known by name."""
    names = {flow.name for flow in FLOWS}
    kept = json.loads((CAPTURES / "claude-code-2.1.330.json").read_text("utf-8"))["flows"]
    assert set(kept) - names == {"tty_safeguards400", "tty_compact", "mcp", "mcp_noexp"}


def test_the_same_flow_asks_another_model_of_an_older_engine() -> None:
    older = {flow.name: flow for flow in engine_flows("2.1.197")}
    newer = {flow.name: flow for flow in FLOWS}
    assert older["auth_both"] == replace(newer["auth_both"], model="claude-sonnet-4-6")
    assert "toolloop" not in newer


def test_without_a_word_all_pinned_clients_are_chosen() -> None:
    pinned = {(p.name, version) for p in PROGRAMS for version in p.pinned}
    assert {(c.program.name, c.version) for c in chosen([])} == pinned


def test_a_version_may_be_named_or_be_the_newest() -> None:
    (client,) = chosen(["claude-code@2.1.329"])
    assert (client.version, client.file_name) == ("2.1.329", "claude-code-2.1.329.json")
    assert [c.version for c in chosen(["anthropic-ts"], newest=True)] == [NEWEST]


@pytest.mark.parametrize("word", ["claude", "claude-code-2.1.330", "@1.0"])
def test_an_unknown_client_is_a_usage_error(word: str) -> None:
    with pytest.raises(UsageError, match="known: claude-code"):
        chosen([word])


def test_answers_come_from_the_model_that_was_asked() -> None:
    for model, given in (("claude-sonnet-4-6[1m]", "claude-sonnet-4-6"), ("", DEFAULT)):
        plans = plans_of(("thinkbash", "text"), model)
        assert [plan.events[0][1]["message"]["model"] for plan in plans if plan.events] == [
            given,
            given,
        ]
