"""Which source counts, and whether third-party mode starts."""

from __future__ import annotations

from typing import Any

import pytest
from configured import BASE, GOOD, hives, launched, library, managed, mode, refusal, source, url_of

from gatecert.desktop.activation import Snapshot, Unreadable
from gatecert.desktop.config.config import Client
from gatecert.desktop.config.keys import version_of
from gatecert.desktop.config.sources import Source, read_source
from gatecert.desktop.credentials import Static
from gatecert.desktop.secret import Secret


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
    assert "provider: 'gateway'" not in "".join(activation.log)


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
POINTER = {"inferenceProvider": "gateway", "bootstrapUrl": "https://boot.example"}


def test_a_bootstrap_server_that_has_not_answered_shows_a_setup_page() -> None:
    activation = launched(source("managed-settings.json", POINTER))
    assert refusal(activation)[:2] == ("3p", "setup")
    assert activation.state == "setup"
    off = source("managed-settings.json", {**POINTER, "bootstrapEnabled": False})
    assert "baseUrl: Required" in refusal(launched(off))[2]
    assert url_of(launched(managed(**POINTER))) == BASE


def test_a_bootstrap_server_that_is_not_https_is_never_asked() -> None:
    for url in ("http://boot.example", "http://127.0.0.1:8080", "boot.example"):
        pointer = source("managed-settings.json", {**POINTER, "bootstrapUrl": url})
        activation = launched(pointer)
        assert refusal(activation)[:2] == ("1p", "invalid-config")
        assert activation.failing_field == "bootstrapUrl"


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
