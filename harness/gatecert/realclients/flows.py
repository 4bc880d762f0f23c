"""What each client is made to do, as plain data; names as in the captures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from gatecert.upstream import Block, Plan, messages_api

Kind = Literal["print", "stream-json", "terminal"]

# 16 characters: a shorter prompt than about that gets no title request
TITLED_PROMPT = "say hello please"
TYPED_PROMPT = "say hello to me please"


@dataclass(frozen=True)
class Flow:
    """One run of one client.

    ``answers`` names the provider's answers in order (the last serves the rest), unless ``plans``
    holds them; without either the default answer is given and the prompt carries no directive.
    ``quiet`` switches off what the
    client calls nonessential traffic. ``credential`` is ``token``, ``key``, ``both`` or ``helper``.
    ``most`` is how many requests of one kind
    a capture keeps. ``limit_s`` bounds the run.
    """

    name: str
    kind: Kind = "print"
    prompt: str = "hi"
    model: str = ""
    args: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    answers: Sequence[str] = ()
    plans: Sequence[Plan] = ()
    quiet: bool = True
    credential: str = "token"
    most: int = 8
    limit_s: float = 60.0


DESKTOP_BETAS = {
    "CLAUDE_CODE_ENTRYPOINT": "claude-desktop-3p",
    "CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST": "1",
    "API_TIMEOUT_MS": "900000",
}
DESKTOP = {**DESKTOP_BETAS, "CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS": "1"}
COWORK = {**DESKTOP, "CLAUDE_CODE_ENTRYPOINT": "local-agent"}
SDK_COWORK = {**COWORK, "CLAUDE_AGENT_SDK_VERSION": "0.3.330"}
DISCOVERY = {"CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1"}
S45, S46 = "claude-sonnet-4-5", "claude-sonnet-4-6"
DEFAULT = "claude-opus-5-5"
# all that any flow asks the gateway for
MODELS = (
    *(DEFAULT, "claude-sonnet-5-5", "claude-fable-5-2", "claude-opus-4-8"),
    *("claude-opus-4-6", S46, S45, "claude-haiku-4-5", "claude-haiku-4-5-20251001"),
    *("@anthropic-prod/claude-sonnet-4-6", "@anthropic-prod/claude-opus-4-8"),
    *("my-gateway-model", "gw-haiku"),
)

_CUSTOM = (
    'x-portkey-metadata: {"_user":"u1","team":"t","env":"dev"}\n'
    "x-portkey-provider: @slug\n\nX-Custom-Two:   spaced value  "
)
_OVERRIDE = (
    "User-Agent: mine\nanthropic-version: 2099-01-01\nx-api-key: mine\n"
    "Authorization: Bearer mine\nanthropic-beta: mine-2026"
)


def tool(name: str, number: int, arguments: str) -> Block:
    """A tool call whose arguments come in two pieces."""
    half = len(arguments) // 2
    pieces = (arguments[:half], arguments[half:])
    return Block("tool_use", pieces, name=name, id=f"toolu_fake{number:02d}")


_THINKING = Block("thinking", ("let me ", "think"), signature="c2ln")
_BASH = '{"command":"echo ok","description":"say ok"}'
_EXPLORE = '{"description":"say hi","prompt":"say hi","subagent_type":"Explore"}'
# one id for all: so it was when the older captures were made, and the engine merges such answers
_MESSAGE_ID = "msg_fake"


def _answer(*blocks: Block) -> Plan:
    stop = "tool_use" if any(block.type == "tool_use" for block in blocks) else "end_turn"
    plan = Plan(blocks=blocks, stop_reason=stop)
    script = [[name, data] for name, data in messages_api.events(plan, "", "claude")]
    script[0][1]["message"]["id"] = _MESSAGE_ID
    return replace(plan, events=script)


# the provider's answers, by the names and with the tool ids that the captures have for them
ANSWERS: Mapping[str, Plan] = {
    "text": _answer(Block("text", ("hello ", "from the provider"))),
    "think": _answer(_THINKING, Block("text", ("hi",))),
    "bash": _answer(Block("text", ("looking",)), tool("Bash", 1, _BASH)),
    "thinkbash": _answer(_THINKING, tool("Bash", 2, _BASH)),
    "read": _answer(tool("Read", 3, '{"file_path":"dot.png"}')),
    "tworead": _answer(tool("Read", 4, '{"file_path":"one.txt"}'), tool("Bash", 5, _BASH)),
    "agent": _answer(tool("Agent", 6, _EXPLORE)),
    "websearch": _answer(tool("WebSearch", 7, '{"query":"weather"}')),
}
_MAY_SEARCH = ("--allowedTools", "WebSearch")
LOOP = ("thinkbash", "text")


def plans_of(answers: Sequence[str], model: str = "") -> tuple[Plan, ...]:
    """The provider's plans for answers of these names, as given by ``model``.

    Engine 2.1.197 leaves thinking out of the next turn if another model says it thought it.
    """
    return tuple(_by(ANSWERS[name], model.removesuffix("[1m]") or DEFAULT) for name in answers)


def _by(plan: Plan, model: str) -> Plan:
    name, start = (plan.events or ())[0]
    named = {**start, "message": {**start["message"], "model": model}}
    return replace(plan, events=[[name, named], *(plan.events or ())[1:]])


_FLOWS: Sequence[Flow] = (
    Flow("print_default_model"),
    Flow("haiku", model="claude-haiku-4-5"),
    Flow("unknownmodel", model="@anthropic-prod/claude-sonnet-4-6"),
    Flow("m1", model="claude-sonnet-4-6[1m]"),
    Flow("alias_sonnet", model="sonnet"),
    Flow("alias_fable", model="fable"),
    Flow("effort_max", model="claude-opus-4-6", args=("--effort", "max")),
    Flow("exp_betas_off", env={"CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS": "1"}),
    Flow("toolloop_sonnet45", model=S45, answers=LOOP),
    Flow("toolloop_default", answers=("thinkbash", "tworead", "text")),
    Flow("image", model=S46, answers=("read", "text")),
    Flow("subagent", model=S45, answers=("agent", "text")),
    Flow(
        "websearch", model=S45, answers=("websearch", "text"), args=("--allowedTools", "WebSearch")
    ),
    Flow("context_command_count_tokens", prompt="/context", most=4),
    Flow("print_discovery", model=S46, env=DISCOVERY),
    Flow("desktop_code", env=DESKTOP),
    Flow("desktop_cowork", model=S46, env=COWORK),
    Flow("desktop_toolloop", model=S46, env=DESKTOP, answers=LOOP),
    Flow("desktop_subagent", model=S46, env=DESKTOP, answers=("agent", "text")),
    Flow(
        "desktop_websearch",
        model=S46,
        env=DESKTOP,
        answers=("websearch", "text"),
        args=_MAY_SEARCH,
    ),
    Flow("desktop_1m", model="claude-sonnet-4-6[1m]", env=DESKTOP),
    Flow("desktop_unknown_model", model="my-gateway-model", env=DESKTOP),
    Flow("desktop_slug_model", model="@anthropic-prod/claude-opus-4-8", env=DESKTOP),
    Flow("desktop_haiku", model="claude-haiku-4-5", env=DESKTOP),
    Flow("sj_desktop", "stream-json", TITLED_PROMPT, S46, env=DESKTOP, quiet=False),
    Flow(
        "sj_desktop_toolsearch", "stream-json", TITLED_PROMPT, S46, env=DESKTOP_BETAS, quiet=False
    ),
    Flow(
        "sj_haiku_env",
        "stream-json",
        TITLED_PROMPT,
        S46,
        env={**DESKTOP, "ANTHROPIC_DEFAULT_HAIKU_MODEL": "gw-haiku"},
        quiet=False,
    ),
    Flow("sj_local_agent", "stream-json", TITLED_PROMPT, S46, env=SDK_COWORK, quiet=False),
    Flow("auth_key", model=S45, credential="key"),
    Flow("auth_both", model=S45, credential="both"),
    Flow("auth_helper", model=S45, credential="helper"),
    Flow("hdr_multi", model=S45, env={"ANTHROPIC_CUSTOM_HEADERS": _CUSTOM}),
    Flow("hdr_override", model=S45, env={"ANTHROPIC_CUSTOM_HEADERS": _OVERRIDE}),
    Flow("env_betas", model=S45, env={"ANTHROPIC_BETAS": "foo-2026-01-01,bar-2026"}),
    Flow("env_attr0", model=S46, env={"CLAUDE_CODE_ATTRIBUTION_HEADER": "0"}),
    Flow("env_cache1h", model=S46, env={"ENABLE_PROMPT_CACHING_1H": "1"}),
    Flow("env_think0", model=S46, env={"MAX_THINKING_TOKENS": "0"}),
    Flow("env_noadaptive", model=S46, env={"CLAUDE_CODE_DISABLE_ADAPTIVE_THINKING": "1"}),
    Flow("env_toolsearch0", model=S46, env={"ENABLE_TOOL_SEARCH": "false"}),
    Flow("env_extrabody", model=S46, env={"CLAUDE_CODE_EXTRA_BODY": '{"x_extra":1}'}),
)

# on a terminal; a prompt is its last argument
_TERMINAL: Sequence[Flow] = (
    Flow("tty_quiet_new", "terminal", TYPED_PROMPT),
    Flow("tty_nonquiet_new", "terminal", TYPED_PROMPT, quiet=False),
    Flow(
        "tty_noexp",
        "terminal",
        TYPED_PROMPT,
        env={"CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS": "1"},
    ),
    Flow("tty_discovery_new", "terminal", "", env=DISCOVERY, quiet=False),
    Flow("tty_discovery_quiet_new", "terminal", "", env=DISCOVERY),
    Flow(
        "tty_discovery_key_new",
        "terminal",
        "",
        env={**DISCOVERY, "ANTHROPIC_CUSTOM_HEADERS": 'x-portkey-metadata: {"_user":"u"}'},
        quiet=False,
        credential="key",
    ),
    Flow(
        "tty_discovery_helper_new",
        "terminal",
        "",
        env=DISCOVERY,
        quiet=False,
        credential="helper",
    ),
)

# what the capture of 2.1.197 calls otherwise, or asks of another model
_OLDER: Mapping[str, Sequence[Flow]] = {
    "2.1.197": (
        Flow("toolloop", model=S46, answers=LOOP),
        Flow("auth_both", model=S46, credential="both"),
        Flow("model_1m_suffix", model="claude-sonnet-4-6[1m]"),
        Flow("tty_nonquiet", "terminal", TYPED_PROMPT, quiet=False),
        Flow("tty_discovery", "terminal", "", env=DISCOVERY, quiet=False),
        Flow(
            "stream_json_desktop_entrypoint",
            "stream-json",
            TITLED_PROMPT,
            S46,
            env=DESKTOP,
            quiet=False,
        ),
    )
}


def engine_flows(version: str) -> list[Flow]:
    """The flows of a version of Claude Code, each name once."""
    named = {flow.name: flow for flow in (*_FLOWS, *_TERMINAL, *_OLDER.get(version, ()))}
    return list(named.values())
