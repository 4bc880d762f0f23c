"""What single values come to at launch: headers, schemes, models, surfaces, by version and era."""

from __future__ import annotations

import json
from typing import Any

import pytest
from configured import BASE, BEFORE, GOOD, NEW, launched, library, refusal, source
from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop.config.config import Client
from gatecert.desktop.config.keys import KEYS, version_of
from gatecert.desktop.config.sources import SourceError
from gatecert.desktop.credentials import HelperSettings, Interactive

OLD_FORMS: list[dict[str, Any]] = [
    {"inferenceCustomHeaders": ["x-team: a", "x-env: b:c"]},
    {"inferenceCustomHeaders": "x-team=a, x-env=b:c"},
    {"inferenceGatewayHeaders": {"x-team": "a", "x-env": "b:c"}},
    {"inferenceGatewayHeaders": ["x-team: a", "x-env: b:c"]},
]


@pytest.mark.parametrize("keys", OLD_FORMS)
def test_older_forms_of_headers_are_sent_before_the_cut_off_only(keys: dict[str, Any]) -> None:
    before = launched(library(**keys), client=BEFORE).settings
    after = launched(library(**keys)).settings
    assert before is not None
    assert after is not None
    assert dict(before.custom_headers) == {"x-team": "a", "x-env": "b:c"}
    assert dict(after.custom_headers) == {}


@pytest.mark.parametrize("client", [NEW, BEFORE])
def test_headers_as_an_object_are_sent_in_any_era(client: Client) -> None:
    metadata = {"x-portkey-metadata": json.dumps({"tenant": "acme"})}
    for value in (metadata, json.dumps(metadata)):
        settings = launched(library(inferenceCustomHeaders=value), client=client).settings
        assert settings is not None
        assert dict(settings.custom_headers) == metadata


def test_headers_without_a_name_or_a_value_are_dropped_in_silence() -> None:
    activation = launched(library(inferenceCustomHeaders={"": "x", "a": "", "b": "c"}))
    assert activation.settings is not None
    assert dict(activation.settings.custom_headers) == {"b": "c"}
    assert activation.warnings == ()


def test_sso_signs_in_at_the_gateway_before_the_cut_off_and_is_nothing_after() -> None:
    sso = library(inferenceGatewayAuthScheme="sso", inferenceGatewayApiKey=...)
    before = launched(sso, client=BEFORE)
    assert before.credential == Interactive(BASE)
    assert "will stop working" in before.warnings[0]
    after = launched(sso)
    assert refusal(after)[:2] == ("1p", "no-credential")
    assert after.warnings == ('inferenceGatewayAuthScheme "sso" is ignored',)
    assert f"[custom-3p] {after.warnings[0]}" in after.log


@pytest.mark.parametrize(
    ("keys", "before", "after"),
    [
        ({"inferenceGatewayHeaders": {"a": "b"}}, "inferenceGatewayHeaders will", "is ignored"),
        ({"inferenceCustomHeaders": ["a: b"]}, "as a list or a string will", "invalid_type"),
        ({"inferenceCustomHeaders": "a=b"}, "as a list or a string will", "invalid_type"),
    ],
)
def test_what_the_cut_off_removes_is_warned_of(
    keys: dict[str, Any], before: str, after: str
) -> None:
    for client, says in ((BEFORE, before), (NEW, after)):
        warnings = launched(library(**keys), client=client).warnings
        assert len(warnings) == 1
        assert says in warnings[0]
    hidden = library(**keys, disableConfigDeprecationWarnings=True)
    assert launched(hidden, client=BEFORE).warnings == ()


def test_headers_in_their_own_form_are_not_warned_of() -> None:
    for value in ({"a": "b"}, '{"a": "b"}'):
        assert launched(library(inferenceCustomHeaders=value), client=BEFORE).warnings == ()


def test_a_value_that_cannot_be_read_is_named_where_nothing_starts_for_the_lack_of_it() -> None:
    activation = launched(library(inferenceGatewayApiKey=4711))
    assert refusal(activation)[1] == "no-credential"
    assert 'managed config "inferenceGatewayApiKey"' in activation.warnings[0]
    provider = launched(library(inferenceProvider="portkey"))
    assert provider.warnings == ()  # the reason says it


@pytest.mark.parametrize("client", [NEW, BEFORE])
def test_auto_is_bearer(client: Client) -> None:
    activation = launched(library(inferenceGatewayAuthScheme="auto"), client=client)
    assert activation.settings is not None
    assert activation.settings.auth_scheme == "bearer"
    assert 'inferenceGatewayAuthScheme "auto"' in activation.warnings[0]


def test_a_value_that_cannot_be_read_is_unset_and_warned_of() -> None:
    activation = launched(library(chatTabEnabled="yes"))
    assert activation.mode == "3p"
    assert activation.warnings == ('Managed config "chatTabEnabled" is not a valid boolean',)


def test_a_client_does_not_see_keys_of_later_releases() -> None:
    helper = {"inferenceCredentialHelper": "/h", "inferenceCredentialHelperTimeoutSec": 5}
    old = launched(library(**helper), client=Client(version_of("1.8088.0"))).credential
    new = launched(library(**helper)).credential
    assert isinstance(old, HelperSettings)
    assert isinstance(new, HelperSettings)
    assert (old.timeout_s, new.timeout_s) == (60, 5)


@pytest.mark.parametrize(
    ("keys", "discovers"),
    [
        ({}, True),
        ({"inferenceModels": ["claude-a", "claude-b"]}, False),
        ({"inferenceModels": ["claude-a", "sonnet"]}, True),
        ({"inferenceModels": ["claude-a"], "modelDiscoveryEnabled": True}, True),
        ({"inferenceModels": ["claude-a", "sonnet"], "modelDiscoveryEnabled": False}, False),
        ({"inferenceModels": ["gpt-5"]}, True),
    ],
)
def test_models_are_discovered_unless_every_one_is_known(
    keys: dict[str, Any], discovers: bool
) -> None:
    assert launched(library(**keys)).discovers is discovers


def test_the_first_full_id_is_the_model_of_a_chat() -> None:
    settings = launched(library(inferenceModels=["sonnet", "claude-b[1m]", "claude-c"])).settings
    assert settings is not None
    assert settings.chat_model == "claude-b"


@pytest.mark.parametrize(
    ("keys", "model"),
    [
        ({"inferenceModels": ["claude-b[1m]"]}, "claude-b"),
        ({"inferenceModels": ["claude-b[1m]"], "modelPrefer1mContext": True}, "claude-b[1m]"),
        ({"inferenceModels": ["claude-b"], "modelPrefer1mContext": True}, "claude-b"),
        ({"inferenceModels": [{"name": "claude-b[1m]", "prefer1m": True}]}, "claude-b[1m]"),
        ({"inferenceModels": [{"name": "claude-b", "prefer1m": True}]}, "claude-b"),
    ],
)
def test_the_long_context_is_chosen_where_it_is_there_and_preferred(
    keys: dict[str, Any], model: str
) -> None:
    settings = launched(library(**keys)).settings
    assert settings is not None
    assert settings.chat_model == model
    older = launched(library(**keys), client=Client(version_of("1.21458.0"))).settings
    assert older is not None
    assert older.chat_model == "claude-b"


def test_a_refused_model_is_dropped_or_refuses_everything_by_version() -> None:
    listed = library(inferenceModels=["gpt-5", "claude-a"])
    assert [model.name for model in launched(listed).models] == ["claude-a"]
    strict = launched(listed, client=Client(version_of("1.6259.0")))
    assert refusal(strict)[1] == "invalid-config"
    assert strict.failing_field == "inferenceModels"


def test_surfaces_have_their_defaults_and_cannot_all_be_off() -> None:
    assert launched(library()).features.surfaces == ("cowork", "code")
    everything = launched(library(chatTabEnabled=True))
    assert everything.features.surfaces == ("chat", "cowork", "code")
    off = launched(library(coworkTabEnabled=False, isClaudeCodeForDesktopEnabled=False))
    assert off.features.surfaces == ("cowork",)
    assert off.warnings == (
        "At least one surface must remain enabled; Cowork has been re-enabled.",
    )


def test_features_are_as_configured() -> None:
    features = launched(
        library(
            toolSearchEnabled=True,
            modelPrefer1mContext=True,
            inferenceStreamIdleTimeoutSec=900,
            configRecheckIntervalMinutes=15,
        )
    ).features
    assert (features.tool_search, features.prefer_1m) == (True, True)
    assert (features.stream_idle_s, features.recheck_minutes) == (900, 15)
    defaults = launched(library(inferenceStreamIdleTimeoutSec=5)).features
    assert (defaults.stream_idle_s, defaults.recheck_minutes) == (300, None)


def test_anthropics_own_host_wants_the_other_scheme() -> None:
    own = {"inferenceGatewayBaseUrl": "https://api.anthropic.com"}
    assert "x-api-key" in launched(library(**own)).warnings[0]
    assert launched(library(**own, inferenceGatewayAuthScheme="x-api-key")).warnings == ()
    other = {"inferenceGatewayBaseUrl": "https://notanthropic.com"}
    assert launched(library(**other)).warnings == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
SOME_KEYS = st.dictionaries(st.sampled_from(sorted(KEYS)), JSON, max_size=6)


@given(SOME_KEYS, st.booleans(), st.sampled_from(["1.3036.0", "1.8089.0", "1.46388.4"]))
def test_any_values_come_to_an_activation(
    keys: dict[str, Any], after_cut_off: bool, version: str
) -> None:
    client = Client(version_of(version), after_cut_off)
    try:
        read = source("managed-settings.json", {**GOOD, **keys})
    except SourceError:
        return
    activation = launched(read, client=client)
    assert (activation.settings is None) == (activation.reason is not None)
    assert (activation.settings is not None) == (activation.state == "healthy")
    assert activation.mode in ("1p", "3p")
