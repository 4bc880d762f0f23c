"""What the SDKs are made to do, as plain data; names as in the captures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gatecert.realclients.bench import KEY, TOKEN
from gatecert.realclients.flows import DESKTOP, S46, TITLED_PROMPT

_BY_KEY: Mapping[str, Any] = {"api_key": KEY}
_CUSTOM = 'x-portkey-metadata: {"_user":"u1"}\nx-two: 2'
_HEADERS = {
    "x-portkey-metadata": '{"_user":"u1"}',
    "User-Agent": "mine",
    "anthropic-beta": "a-1",
}


@dataclass(frozen=True)
class Call:
    """One call of an SDK: ``options`` are the client's arguments, ``call`` is one the drivers know.

    ``answers`` are the provider's, as in a flow.
    """

    name: str
    call: str = "create"
    options: Mapping[str, Any] = field(default_factory=lambda: dict(_BY_KEY))
    env: Mapping[str, str] = field(default_factory=dict)
    answers: Sequence[str] = ()
    limit_s: float = 40.0


@dataclass(frozen=True)
class AgentFlow:
    """One flow of the Agent SDK.

    ``options`` are those of ``ClaudeAgentOptions``; ``client`` says that one client gets all
    prompts.
    """

    name: str
    prompts: Sequence[str] = ("hi",)
    options: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    client: bool = False
    quiet: bool = True
    answers: Sequence[str] = ()
    limit_s: float = 60.0


SDK: Sequence[Call] = (
    Call("auth_key"),
    Call("auth_token", options={"auth_token": TOKEN}),
    Call("auth_both", options={"api_key": KEY, "auth_token": TOKEN}),
    Call(
        "auth_envboth",
        options={},
        env={"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_AUTH_TOKEN": TOKEN},
    ),
    Call("auth_envtoken", options={}, env={"ANTHROPIC_AUTH_TOKEN": TOKEN}),
    Call("auth_none", options={}),
    Call("auth_optkey_envtoken", env={"ANTHROPIC_AUTH_TOKEN": TOKEN}),
    Call("hdr_envcustom", env={"ANTHROPIC_CUSTOM_HEADERS": _CUSTOM}),
    Call("hdr_default", options={**_BY_KEY, "default_headers": _HEADERS}),
    Call("hdr_nonascii", options={**_BY_KEY, "default_headers": {"x-n": "café €"}}),
    Call("hdr_crlf", options={**_BY_KEY, "default_headers": {"x-n": "a\r\nx-injected: 1"}}),
    Call("shape_create"),
    Call("shape_stream", "stream"),
    Call("shape_rawstream", "rawstream"),
    Call("shape_betacreate", "betacreate"),
    Call("shape_count", "count"),
    Call("shape_betacount", "betacount"),
    Call("shape_models", "models"),
    Call("shape_models1000", "models1000"),
    Call("shape_model", "model"),
    Call("shape_stream_think", "stream", answers=("think",)),
    Call("shape_stream_tool", "stream", answers=("bash",)),
    Call("shape_create_tool", answers=("bash",)),
)

_DESKTOP = {name: value for name, value in DESKTOP.items() if name != "API_TIMEOUT_MS"}
_PRESET = {"type": "preset", "preset": "claude_code"}
_TWO = (TITLED_PROMPT, TITLED_PROMPT)
AGENT: Sequence[AgentFlow] = (
    AgentFlow("agent_none", options={"model": S46}),
    AgentFlow(
        "agent_preset", options={"model": S46, "system_prompt": _PRESET}, answers=("bash", "text")
    ),
    AgentFlow("agent_custom", options={"model": S46, "system_prompt": "be brief"}),
    AgentFlow("agent_client", _TWO, {"model": S46}, client=True, quiet=False),
    AgentFlow("agent_client_desktop", _TWO, {"model": S46}, _DESKTOP, client=True, quiet=False),
)
