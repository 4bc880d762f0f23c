from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop.activation import Activation, Snapshot, Unreadable
from gatecert.desktop.config.config import Client
from gatecert.desktop.config.keys import KEYS, version_of
from gatecert.desktop.config.sources import Source, SourceError, read_source
from gatecert.desktop.credentials import HelperSettings, Interactive, Static
from gatecert.desktop.launch_rules import activate
from gatecert.desktop.secret import Secret

BASE = "https://gw.example/anthropic"
GOOD = {
    "inferenceProvider": "gateway",
    "inferenceGatewayBaseUrl": BASE,
    "inferenceGatewayApiKey": "sk-1",
}
NEW = Client()
BEFORE = Client(after_cut_off=False)


def library(**keys: Any) -> Source:
    return source("profile-1.json", {**GOOD, **keys})


def managed(**keys: Any) -> Source:
    return source("managed-settings.json", {**GOOD, **keys})


def source(name: str, keys: dict[str, Any]) -> Source:
    kept = {key: value for key, value in keys.items() if value is not ...}
    (read,) = read_source(name, json.dumps(kept).encode())
    assert isinstance(read, Source)
    return read


def mode(value: str) -> Source:
    return source("claude_desktop_config.json", {"deploymentMode": value})


def hives(hklm: dict[str, str], hkcu: dict[str, str]) -> list[Source]:
    lines = ["Windows Registry Editor Version 5.00"]
    for hive, keys in (("HKEY_LOCAL_MACHINE", hklm), ("HKEY_CURRENT_USER", hkcu)):
        lines += ["", f"[{hive}\\SOFTWARE\\Policies\\Claude]"]
        lines += [f'"{key}"="{value}"' for key, value in keys.items()]
    read = read_source("policy.reg", "\r\n".join([*lines, ""]).encode("utf-16"))
    return [one for one in read if isinstance(one, Source)]


def launched(*sources: Source, client: Client = NEW, **more: Any) -> Activation:
    return activate(Snapshot(sources, **more), client)


def url_of(activation: Activation) -> str:
    assert activation.settings is not None, activation.reason
    return activation.settings.base_url


def refusal(activation: Activation) -> tuple[str, str, str]:
    assert activation.settings is None
    assert activation.reason is not None
    return activation.mode, activation.reason.code, activation.reason.message


def test_a_complete_configuration_starts_third_party_mode() -> None:
    activation = launched(library())
    assert (activation.mode, activation.state) == ("3p", "healthy")
    assert activation.settings is not None
    assert activation.settings.credential() == ("Authorization", "Bearer sk-1")
    assert url_of(activation) == BASE
    assert activation.credential == Static(Secret("sk-1"))
    assert activation.log == (
        "[custom-3p] 3P mode active { provider: 'gateway' }",
        "[custom-3p] ConfigHealth recomputed { state: 'healthy' }",
    )


def test_without_any_source_the_app_signs_in_normally() -> None:
    activation = launched()
    assert refusal(activation) == ("1p", "unconfigured", "nothing is configured")
    assert activation.state == "unconfigured"
    assert "3P mode active" not in "".join(activation.log)


URL = "inferenceGatewayBaseUrl"


@pytest.mark.parametrize(
    ("keys", "code", "says", "field"),
    [
        ({"inferenceProvider": ...}, "no-provider", "is not set", "inferenceProvider"),
        ({"inferenceProvider": ""}, "no-provider", "is not set", "inferenceProvider"),
        ({"inferenceProvider": "portkey"}, "no-provider", "invalid_enum", "inferenceProvider"),
        ({URL: ...}, "invalid-config", "baseUrl: Required", URL),
        ({URL: "http://gw.corp"}, "invalid-config", "must use https (or http on loopback)", URL),
        ({URL: "https://u:pw@gw.example"}, "invalid-config", "credentials in the URL", URL),
        (
            {"inferenceGatewayApiKey": ...},
            "no-credential",
            'no credential configured for provider "gateway"',
            "inferenceGatewayApiKey",
        ),
        (
            {"inferenceGatewayApiKey": "  "},
            "no-credential",
            "either inferenceGatewayApiKey or inferenceCredentialHelper must be set",
            "inferenceGatewayApiKey",
        ),
        (
            {"modelDiscoveryEnabled": False},
            "invalid-config",
            "inferenceModels is required",
            "inferenceModels",
        ),
        ({"inferenceModels": []}, "invalid-config", "1 to 200 entries", "inferenceModels"),
    ],
)
def test_whatever_is_missing_or_invalid_falls_back_into_normal_sign_in(
    keys: dict[str, Any], code: str, says: str, field: str
) -> None:
    activation = launched(library(**keys))
    found_mode, found, message = refusal(activation)
    assert (found_mode, found) == ("1p", code)
    assert says in message
    assert activation.failing_field == field
    assert f"[custom-3p] {message}" in activation.log


def test_a_value_that_is_wrong_is_invalid_and_one_that_is_missing_is_not() -> None:
    assert launched(library(inferenceProvider="x")).state == "invalid_config"
    assert launched(library(inferenceProvider=...)).state == "unconfigured"
    assert launched(library(inferenceGatewayBaseUrl="http://x")).state == "invalid_config"


def test_managed_settings_beat_local_ones_and_nothing_is_merged() -> None:
    assert url_of(launched(managed(), library(inferenceGatewayBaseUrl="https://l"))) == BASE
    keyless = managed(inferenceGatewayApiKey=...)
    # the managed source has no key, and takes none from the local one
    assert refusal(launched(library(), keyless))[1] == "no-credential"


def test_managed_update_keys_lock_nothing() -> None:
    updates = source("managed-settings.json", {"disableAutoUpdates": True})
    assert url_of(launched(updates, library())) == BASE
    assert not Snapshot((updates, library())).managed
    locking = source("managed-settings.json", {"disableAutoUpdates": True, "chatTabEnabled": True})
    assert refusal(launched(locking, library()))[1] == "no-provider"
    assert Snapshot((locking, library())).managed


def test_update_keys_alone_lock_nothing() -> None:
    updates = source("managed-settings.json", {"disableAutoUpdates": True})
    assert not Snapshot((updates,)).managed
    assert refusal(launched(updates))[1] == "no-provider"


def test_a_value_that_cannot_be_read_locks_as_well() -> None:
    lines = [
        "Windows Registry Editor Version 5.00",
        "",
        "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Claude]",
        '"disableAutoUpdates"="true"',
        '"inferenceProvider"=hex(2):67,00,00,00',
        "",
    ]
    read = read_source("policy.reg", "\r\n".join(lines).encode("utf-16"))
    sources = [one for one in read if isinstance(one, Source)]
    assert Snapshot(sources).managed
    assert refusal(launched(*sources, library()))[1] == "no-provider"


def test_a_managed_source_that_cannot_be_read_switches_local_settings_off_too() -> None:
    broken = Unreadable("managed-settings.json", "managed", "root does not own it")
    activation = launched(library(), unreadable=(broken,))
    found_mode, code, message = refusal(activation)
    assert (found_mode, code) == ("1p", "managed-unreadable")
    assert "root does not own it" in message
    assert Snapshot((library(),), (broken,)).managed


def test_a_local_source_that_cannot_be_read_leaves_the_managed_one_alone() -> None:
    broken = Unreadable("profile.json", "local", "not JSON")
    assert url_of(launched(managed(), unreadable=(broken,))) == BASE
    assert refusal(launched(unreadable=(broken,)))[1] == "unreadable"


def test_hklm_hides_hkcu() -> None:
    other = {**GOOD, "inferenceGatewayBaseUrl": "https://user.example"}
    assert url_of(launched(*hives(GOOD, other))) == BASE
    assert url_of(launched(*hives({}, other))) == "https://user.example"
    # one value in HKLM is enough to hide everything in HKCU
    assert refusal(launched(*hives({"chatTabEnabled": "true"}, other)))[1] == "no-provider"


@pytest.mark.parametrize("value", ["1p", "other"])
def test_a_mode_switch_that_is_not_3p_keeps_normal_sign_in(value: str) -> None:
    assert refusal(launched(library(), mode(value)))[:2] == ("1p", "mode-switch")
    assert refusal(launched(managed(), mode(value)))[:2] == ("1p", "mode-switch")
    assert launched(library(), mode(value)).failing_field == "deploymentMode"


def test_the_mode_switch_3p_lets_the_settings_decide() -> None:
    assert url_of(launched(library(), mode("3p"))) == BASE
    assert refusal(launched(mode("3p")))[1] == "unconfigured"


def test_managed_settings_without_a_chooser_need_no_switch() -> None:
    chosen = {"disableDeploymentModeChooser": True}
    assert url_of(launched(managed(**chosen), mode("1p"))) == BASE
    assert refusal(launched(library(**chosen), mode("1p")))[1] == "mode-switch"


def test_a_build_before_third_party_inference_signs_in_normally() -> None:
    old = Client(version_of("1.1.9"))
    assert refusal(launched(managed(), client=old))[:2] == ("1p", "too-old")
    assert launched(library(), client=Client(version_of("1.3036.0"))).mode == "3p"


@pytest.mark.parametrize("provider", ["bedrock", "vertex", "anthropic"])
def test_another_provider_is_third_party_and_not_simulated(provider: str) -> None:
    activation = launched(library(inferenceProvider=provider))
    assert refusal(activation)[:2] == ("3p", "other-provider")
    assert activation.state == "blocked"


def test_credentials_in_the_url_were_dropped_by_older_builds() -> None:
    older = Client(version_of("1.32351.0"))
    with_scheme = library(inferenceGatewayBaseUrl="https://user:pw@gw.example/a")
    assert url_of(launched(with_scheme, client=older)) == "https://gw.example/a"
    bare = library(inferenceGatewayBaseUrl="user@gw.example")
    assert url_of(launched(bare, client=older)) == "https://gw.example"


@pytest.mark.parametrize(
    "keys",
    [
        {"inferenceGatewayBaseUrl": "https://gw.example?api-version=1"},
        {"inferenceGatewayBaseUrl": "https://gw.example#x"},
        {"inferenceGatewayApiKey": "sk-\u2603"},
        {"inferenceCustomHeaders": {"x-team": "\u2603"}},
        {"inferenceCustomHeaders": {"x team": "t"}},
    ],
)
def test_what_no_request_can_carry_blocks_inference_and_not_the_mode(keys: dict[str, Any]) -> None:
    activation = launched(library(**keys))
    assert refusal(activation)[:2] == ("3p", "unsendable")
    assert "sk-" not in repr(activation)


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
    assert refusal(launched(sso))[:2] == ("1p", "no-credential")


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


def test_a_stored_key_serves_the_local_library_only() -> None:
    keyless = {"inferenceGatewayApiKey": ...}
    stored = Secret("sk-stored")
    activation = launched(library(**keyless), stored_key=stored)
    assert activation.credential == Static(stored)
    assert refusal(launched(managed(**keyless), stored_key=stored))[1] == "no-credential"
    assert launched(library(), stored_key=stored).credential == Static(Secret("sk-1"))


def test_a_repackaged_build_refuses_its_file_for_one_unknown_key() -> None:
    odd = source("enterprise.json", {**GOOD, "inferenceGatwayBaseUrl": "x"})
    assert refusal(launched(odd, library()))[1:] == (
        "managed-unreadable",
        "unrecognized configuration key",
    )
    assert url_of(launched(managed(inferenceGatwayBaseUrl="x"))) == BASE


NESTED = {
    "inference": {
        "provider": "gateway",
        "baseUrl": BASE,
        "credential": {"kind": "static", "apiKey": "sk-1"},
    }
}
POINTER = {"bootstrapUrl": "https://boot.example"}


def test_a_bootstrap_server_that_has_not_answered_shows_a_setup_page() -> None:
    activation = launched(source("managed-settings.json", POINTER))
    assert refusal(activation)[:2] == ("3p", "setup")
    assert activation.state == "setup"
    off = source("managed-settings.json", {**POINTER, "bootstrapEnabled": False})
    assert refusal(launched(off))[1] == "no-provider"


def test_what_a_bootstrap_server_delivers_counts() -> None:
    pointer = source("managed-settings.json", POINTER)
    assert url_of(launched(pointer, source("boot.json", NESTED))) == BASE


@pytest.mark.parametrize("url", ["http://127.0.0.1:8787", "http://localhost:8787"])
def test_a_bootstrap_server_cannot_name_loopback(url: str) -> None:
    inference = {**NESTED["inference"], "baseUrl": url}
    delivered = source("boot.json", {"inference": inference})
    assert "loopback" in refusal(launched(delivered))[2]
    assert url_of(launched(library(inferenceGatewayBaseUrl=url))) == url


def test_the_user_must_agree_to_a_gateway_that_bootstrap_delivers() -> None:
    delivered = source("boot.json", NESTED)
    assert refusal(launched(delivered, consented=False))[:2] == ("3p", "consent-needed")
    older = Client(version_of("1.28928.0"))
    assert url_of(launched(delivered, consented=False, client=older)) == BASE
    assert url_of(launched(managed(), consented=False)) == BASE


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
