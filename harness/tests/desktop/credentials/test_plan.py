from __future__ import annotations

import json
from typing import Any

import pytest

from gatecert.desktop.config.config import Client, read_config
from gatecert.desktop.config.keys import version_of
from gatecert.desktop.config.sources import Source, read_source
from gatecert.desktop.credentials import (
    Helper,
    HelperSettings,
    Interactive,
    NoCredentialError,
    SignIn,
    SignInSettings,
    Static,
    StaticKey,
    Surroundings,
    plan_credential,
    source_of,
)
from gatecert.desktop.credentials.plan import Planned
from gatecert.desktop.secret import Secret

BASE = "https://gw.example"
KEY = {"inferenceGatewayApiKey": "sk-1"}
HELPER = {"inferenceCredentialHelper": "/opt/helper"}
OIDC = {"inferenceGatewayOidc": {"clientId": "c", "issuer": "https://id.example"}}
NEW = Client()


def planned(keys: dict[str, Any], client: Client = NEW, stored: Secret | None = None) -> Planned:
    (source,) = read_source("managed-settings.json", json.dumps(keys).encode())
    assert isinstance(source, Source)
    return plan_credential(read_config(source, client), client, BASE, stored)


def kind(value: str) -> dict[str, str]:
    return {"inferenceCredentialKind": value}


def refusal(keys: dict[str, Any], client: Client = NEW) -> tuple[str, str]:
    with pytest.raises(NoCredentialError) as caught:
        planned(keys, client)
    return str(caught.value), caught.value.key


def test_each_field_alone_says_what_it_is() -> None:
    assert planned(KEY) == Planned(Static(Secret("sk-1")), "bearer")
    assert planned(HELPER).plan == HelperSettings("/opt/helper")
    oidc = planned(OIDC).plan
    assert oidc == Interactive(BASE, SignInSettings("c", "https://id.example"))


def test_a_helper_takes_its_settings_along() -> None:
    keys = {
        **HELPER,
        "inferenceCredentialHelperTtlSec": 100,
        "inferenceCredentialHelperTimeoutSec": 5,
        "inferenceCredentialHelperSilentRefreshEnabled": False,
    }
    assert planned(keys).plan == HelperSettings("/opt/helper", 100, 5, False)


def test_a_timeout_out_of_bounds_is_the_default() -> None:
    keys = {**HELPER, "inferenceCredentialHelperTimeoutSec": 601}
    assert planned(keys).plan == HelperSettings("/opt/helper")


@pytest.mark.parametrize(
    ("keys", "listed"),
    [
        ({**KEY, **HELPER}, "helper-script, static"),
        ({**HELPER, **OIDC}, "interactive, helper-script"),
        ({**KEY, **HELPER, **OIDC}, "interactive, helper-script, static"),
    ],
)
def test_of_several_without_a_kind_the_strongest_is_used_with_a_warning(
    keys: dict[str, Any], listed: str
) -> None:
    used = listed.partition(",")[0]
    found = planned(keys)
    assert found.warnings == (f"Multiple credential methods configured ({listed}); using {used}",)
    assert isinstance(found.plan, HelperSettings if used == "helper-script" else Interactive)


@pytest.mark.parametrize(
    ("value", "plan"),
    [("static", Static), ("helper-script", HelperSettings), ("interactive", Interactive)],
)
def test_a_kind_decides_alone_and_without_a_warning(value: str, plan: type) -> None:
    found = planned({**KEY, **HELPER, **OIDC, **kind(value)})
    assert isinstance(found.plan, plan)
    assert found.warnings == ()


def test_a_kind_without_its_field_is_told() -> None:
    assert refusal({**HELPER, **kind("static")}) == (
        'inferenceCredentialKind is "static" but inferenceGatewayApiKey is not set',
        "inferenceGatewayApiKey",
    )
    says, key = refusal({**KEY, **kind("helper-script")})
    assert (key, "is not set" in says) == ("inferenceCredentialHelper", True)


@pytest.mark.parametrize("value", ["vendor-profile", "workforce"])
def test_a_kind_of_other_providers_is_told(value: str) -> None:
    assert refusal({**KEY, **kind(value)}) == (
        f'inferenceCredentialKind "{value}" is not supported for provider "gateway"',
        "inferenceCredentialKind",
    )


def test_a_kind_that_the_build_does_not_know_decides_nothing() -> None:
    older = Client(version_of("1.8554.0"))
    assert planned({**KEY, **kind("interactive")}, older).plan == Static(Secret("sk-1"))
    assert refusal({}, older)[0] == (
        "either inferenceGatewayApiKey or inferenceCredentialHelper must be set"
    )


def test_interactive_without_a_provider_signs_in_at_the_gateway() -> None:
    keys = {**kind("interactive"), "inferenceSessionLifetimeSec": 900}
    plan = planned(keys).plan
    assert plan == Interactive(BASE, None, 900)
    assert isinstance(plan, Interactive)
    assert plan.bearer == "access_token"


def test_the_scheme_is_for_keys_and_helpers() -> None:
    scheme = {"inferenceGatewayAuthScheme": "x-api-key"}
    assert planned({**KEY, **scheme}).scheme == "x-api-key"
    assert planned({**HELPER, **scheme}).scheme == "x-api-key"
    assert planned({**OIDC, **scheme}).scheme == "bearer"


@pytest.mark.parametrize(
    ("oidc", "says"),
    [
        ({"issuer": "https://id.example"}, "clientId: Required"),
        ({"clientId": "c"}, "either issuer, or both authorizationUrl and tokenUrl, required"),
    ],
)
def test_an_incomplete_sign_in_is_told(oidc: dict[str, str], says: str) -> None:
    assert refusal({"inferenceGatewayOidc": oidc}) == (says, "inferenceGatewayOidc")


def test_the_systems_broker_is_not_simulated() -> None:
    keys = {**OIDC, "inferenceGatewayOidcAuthFlow": "broker"}
    assert "not simulated" in refusal(keys)[0]
    assert planned({**OIDC, "inferenceGatewayOidcAuthFlow": "browser"}).plan


def test_a_stored_key_counts_as_a_static_one() -> None:
    stored = Secret("sk-stored")
    assert planned({}, stored=stored).plan == Static(stored)
    assert planned(kind("static"), stored=stored).plan == Static(stored)
    assert planned(KEY, stored=stored).plan == Static(Secret("sk-1"))


@pytest.mark.parametrize(
    ("plan", "source"),
    [
        (Static(Secret("k")), StaticKey),
        (HelperSettings("/h"), Helper),
        (Interactive(BASE), SignIn),
    ],
)
def test_each_plan_has_its_source(plan: Any, source: type) -> None:
    assert isinstance(source_of(plan, Surroundings()), source)
