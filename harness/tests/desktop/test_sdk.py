from __future__ import annotations

import json

import pytest
from scripted import ScriptedWire

from gatecert.desktop.profiles import SDKS, SdkProfile
from gatecert.desktop.sdk import CALLS, SdkClient, SdkRefusal, sendable

PYTHON_NEW, PYTHON_OLD, TS_NEW, TS_OLD = SDKS[:4]
BASE = "http://127.0.0.1:1"
BY_NAME = pytest.mark.parametrize("profile", SDKS, ids=lambda p: p.name)


def headers(profile: SdkProfile, call: str = "create", **given: object) -> dict[str, str]:
    wire = ScriptedWire()
    client = SdkClient(profile, BASE, wire, **{"key": "sk-1", **given})  # type: ignore[arg-type]
    client.send(call, "claude-sonnet-4-5", "hi")
    return dict(wire.sent[0].headers)


@BY_NAME
def test_new_majors_send_a_key_as_a_bearer_with_a_new_version(profile: SdkProfile) -> None:
    sent = {name.lower(): value for name, value in headers(profile).items()}
    new = profile not in (PYTHON_OLD, TS_OLD)
    assert sent["anthropic-version"] == ("2026-10-21" if new else "2023-06-01")
    assert sent.get("authorization") == ("Bearer sk-1" if new else None)
    assert sent.get("x-api-key") == (None if new else "sk-1")


@BY_NAME
def test_only_old_majors_mark_a_beta_call_in_the_query(profile: SdkProfile) -> None:
    wire = ScriptedWire()
    SdkClient(profile, BASE, wire, key="sk-1").send("betacount", "m", "hi")
    old = profile in (PYTHON_OLD, TS_OLD)
    assert wire.lines == [f"POST /v1/messages/count_tokens{'?beta=true' if old else ''}"]
    assert wire.sent[0].header("anthropic-beta") == "token-counting-2024-11-01"


@BY_NAME
def test_a_key_and_a_token_together(profile: SdkProfile) -> None:
    sent = headers(profile, token="tok")
    names = {name.lower() for name in sent}
    if profile.both == "both":
        assert {"x-api-key", "authorization"} <= names
        both = frozenset({"key", "token"})
        assert headers(profile, token="tok", arguments=both) == sent
        return
    assert "Bearer sk-1" in sent.values()
    assert "x-api-key" not in names
    with pytest.raises(SdkRefusal, match="at most one"):
        headers(profile, token="tok", arguments=frozenset({"key", "token"}))


@BY_NAME
def test_without_a_credential_nothing_is_sent(profile: SdkProfile) -> None:
    with pytest.raises(SdkRefusal, match="no credential"):
        headers(profile, key=None)


@pytest.mark.parametrize(
    ("profile", "call", "timeout"),
    [
        (PYTHON_NEW, "create", "600"),
        (PYTHON_NEW, "rawstream", "NOT_GIVEN"),
        (PYTHON_OLD, "models", "NOT_GIVEN"),
        (TS_NEW, "models", "600"),
        (TS_OLD, "count", None),
        (TS_OLD, "stream", "600"),
    ],
)
def test_the_announced_timeout(profile: SdkProfile, call: str, timeout: str | None) -> None:
    sent = {name.lower(): value for name, value in headers(profile, call).items()}
    assert sent.get("x-stainless-timeout") == timeout


@BY_NAME
@pytest.mark.parametrize("call", CALLS)
def test_each_header_goes_out_once(profile: SdkProfile, call: str) -> None:
    wire = ScriptedWire()
    custom = {"user-agent": "mine", "x-own": "1"}
    SdkClient(profile, BASE, wire, key="sk-1", headers=custom).send(call, "m", "hi")
    names = [name.lower() for name, _ in wire.sent[0].headers]
    assert len(names) == len(set(names))
    assert wire.sent[0].header("user-agent") == "mine"


def test_python_sorts_the_keys_of_a_body_and_typescript_does_not() -> None:
    bodies = []
    for profile in (PYTHON_NEW, TS_NEW):
        wire = ScriptedWire()
        SdkClient(profile, BASE, wire, key="k").send("stream", "m", "hi")
        bodies.append(list(json.loads(wire.sent[0].body)))
    assert bodies == [
        ["max_tokens", "messages", "model", "stream"],
        ["model", "max_tokens", "messages", "stream"],
    ]


def test_a_key_given_as_argument_hides_a_token_of_the_environment_in_python() -> None:
    only = frozenset({"key"})
    assert "Authorization" not in headers(PYTHON_OLD, token="tok", arguments=only)
    assert "authorization" in headers(TS_OLD, token="tok", arguments=only)


def test_header_values_are_written_in_the_sdks_own_way_or_refused() -> None:
    assert sendable(PYTHON_NEW, "€").encode("latin-1") == "€".encode()
    for profile, value in ((TS_NEW, "€"), (PYTHON_OLD, "é")):
        with pytest.raises(SdkRefusal, match=f"is no {profile.charset}"):
            sendable(profile, value)
    assert sendable(TS_NEW, "é") == "é"
    for profile in SDKS:
        with pytest.raises(SdkRefusal, match="line break"):
            sendable(profile, "a\r\nb")


def test_a_client_does_not_show_its_credentials() -> None:
    assert "sk-secret" not in repr(SdkClient(TS_NEW, BASE, ScriptedWire(), key="sk-secret"))
