"""What depends on the client's version and era, and on circumstances, beyond the planted files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from configured import launched, library
from lint.planted import FLAT, METADATA

from gatecert.desktop.config.config import Client
from gatecert.desktop.credentials.helper import path_trouble
from gatecert.lint import CODES, SEVERITIES, Finding, Policy, at_least, lint_data
from gatecert.lint.finding import SURENESS
from gatecert.lint.near import meant
from gatecert.lint.secrets import carries_credential
from gatecert.lint.show import shown, shown_model

GOOD = {k: v for k, v in FLAT.items() if k != "unknownKey"}
BEFORE = Client(after_cut_off=False)


def findings(
    changes: Mapping[str, Any], client: Client | None = None, policy: Policy | None = None
) -> list[Finding]:
    """What is found in good settings with changes; ``...`` takes a key out."""
    document = {k: v for k, v in {**GOOD, **changes}.items() if v is not ...}
    data = json.dumps(document).encode()
    return list(lint_data("a.json", data, client or Client(), policy or Policy()).findings)


def codes(found: list[Finding]) -> list[str]:
    return [finding.code.name for finding in found]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"inferenceGatewayAuthScheme": "auto"}, "scheme-auto"),
        ({"inferenceGatewayAuthScheme": "sso", "inferenceGatewayApiKey": ...}, "scheme-sso"),
        ({"inferenceCustomHeaders": ["x-team: a"]}, "old-header-form"),
        ({"inferenceCustomHeaders": "x-team=a,x-env=b"}, "old-header-form"),
        (
            {"inferenceCustomHeaders": ..., "inferenceGatewayHeaders": {"x-team": "a"}},
            "old-header-key",
        ),
    ],
)
def test_what_ended_on_7_october_2026(changes: dict[str, Any], code: str) -> None:
    (after,) = findings(changes)
    (before,) = findings(changes, BEFORE)
    assert (after.code.name, before.code.name) == (code, code)
    assert (before.weight, after.weight) == ("note", CODES[code].severity)
    assert "still" in before.message


def test_metadata_in_an_old_form_is_judged_while_it_counts() -> None:
    changes = {"inferenceCustomHeaders": ["x-portkey-metadata: {'a': 'b'}"]}
    assert codes(findings(changes, BEFORE)) == ["old-header-form", "single-quotes"]


def test_keys_of_later_releases() -> None:
    changes = {"toolSearchEnabled": True, "egressProxyUrl": ..., "organizationInstructions": ...}
    (found,) = findings(changes, Client((1, 21458, 0)))
    assert (found.code.name, found.key) == ("key-too-new", "toolSearchEnabled")
    assert "1.21459.0" in found.message
    assert findings(changes, Client((1, 21459, 0))) == []


def test_user_info_before_it_was_refused() -> None:
    changes = {"inferenceGatewayBaseUrl": "https://u:p@gw.example"}
    old = findings(changes, Client((1, 30000, 0)))
    assert ["drops" in f.message for f in old if f.code.name == "credentials-in-url"] == [True]
    assert codes(findings(changes)) == ["credentials-in-url"]


def test_a_tier_alias_needs_discovery() -> None:
    alias = {"inferenceModels": ["opus"]}
    weights = {
        value: [f.weight for f in findings({**alias, "modelDiscoveryEnabled": value})]
        for value in (False, True, ...)
    }
    assert weights == {False: ["error"], True: [], ...: ["note"]}


def test_one_credential_when_several_are_there() -> None:
    helper = {"inferenceCredentialHelper": "/bin/key"}
    (found,) = findings(helper)
    assert "using helper-script" in found.message
    assert findings({**helper, "inferenceCredentialKind": "static"}) == []
    oidc = {"inferenceGatewayOidc": {"clientId": "a", "issuer": "https://idp.example"}}
    (found,) = findings(oidc)
    assert "(interactive, static); using interactive" in found.message


@pytest.mark.parametrize("name", ["C:\\key.exe", "/opt/key", "/opt/my key.sh"])
def test_paths_of_a_helper(name: str) -> None:
    assert findings({"inferenceCredentialHelper": name, "inferenceGatewayApiKey": ...}) == []


def test_a_bootstrap_server_tells_the_rest() -> None:
    document = {"inferenceProvider": "gateway", "bootstrapUrl": "https://config.example"}
    everything = dict.fromkeys(GOOD, ...)
    assert findings({**everything, **document}) == []
    off = findings({**everything, **document, "bootstrapEnabled": False})
    assert codes(off) == ["missing-key", "missing-url"]


def test_other_providers_are_not_judged() -> None:
    changes = {"inferenceProvider": "vertex", "inferenceGatewayBaseUrl": "http://x/v1"}
    assert findings(changes) == []


def test_surfaces() -> None:
    off = {"coworkTabEnabled": False, "isClaudeCodeForDesktopEnabled": "false"}
    assert codes(findings(off)) == ["all-surfaces-off"]
    assert findings({**off, "chatTabEnabled": "1"}) == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (METADATA, ""),
        (f"  {METADATA}  ", ""),
        ('{"tenant":"acme"', "metadata-not-json"),
        ("", "empty-header"),
        ("null", "metadata-not-object"),
        ('{"a":"' + "é" * 128 + '"}', "non-ascii-header"),
        ('{"a":"' + r"\u00e9" * 128 + '"}', ""),
        ('{"a":"' + r"\u00e9" * 129 + '"}', "metadata-too-long"),
        ('{"a":null}', "metadata-value-type"),
        ('{"a":true}', "metadata-value-type"),
        ("{}", ""),
        ("{\u2018a\u2019:\u2018b\u2019}", "smart-quotes"),
        ('{"a":"b\u200b"}', "unsendable-header"),
        ('\ufeff{"a":"b"}', "unsendable-header"),
        ("{'a':'b',}", "single-quotes"),
    ],
)
def test_metadata(value: str, code: str) -> None:
    found = findings({"inferenceCustomHeaders": {"x-portkey-metadata": value}})
    assert code in [*codes(found), ""]
    assert bool(found) == bool(code)


def test_a_place_inside_the_metadata_is_told() -> None:
    value = '{"tenant":"acme",}'
    (found,) = findings({"inferenceCustomHeaders": {"x-portkey-metadata": value}})
    assert f"(character {value.index(',') + 1} of the value)" in found.message


def test_another_header_may_carry_the_metadata() -> None:
    policy = Policy(header="x-acme-metadata", required=("team",))
    headers = {"X-Acme-Metadata": '{"Team":"a"}', "x-portkey-metadata": "whatever"}
    assert codes(findings({"inferenceCustomHeaders": headers}, policy=policy)) == [
        "metadata-key-case"
    ]


def test_a_policy_is_not_asked_where_headers_could_not_be_read() -> None:
    policy = Policy(required=("team",))
    headers = {"x-portkey-metadata": {"team": "a"}}
    found = findings({"inferenceCustomHeaders": headers}, policy=policy)
    assert codes(found) == ["header-not-text"]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("inferencegatewaybaseurl", "inferenceGatewayBaseUrl"),
        ("InferenceGatewayBaseURL", "inferenceGatewayBaseUrl"),
        ("inference_gateway_base_url", "inferenceGatewayBaseUrl"),
        ("inference-provider", "inferenceProvider"),
        (" inferenceProvider ", "inferenceProvider"),
        ("inferenceGatewayBaseUri", "inferenceGatewayBaseUrl"),
        ("inferenceCustomHeader", "inferenceCustomHeaders"),
        ("inference.credential.apiKey", "inferenceGatewayApiKey"),
        ("models.discoveryEnabled", "modelDiscoveryEnabled"),
        ("inference.gatewayBaseURL", "inferenceGatewayBaseUrl"),
        ("inference.credential.apikey", "inferenceGatewayApiKey"),
        ("inference.credential.autScheme", "inferenceGatewayAuthScheme"),
        ("theme", ""),
        ("a.b", ""),
        ("x" * 5000, ""),
    ],
)
def test_which_key_was_meant(name: str, key: str) -> None:
    assert meant(name) == key


@pytest.mark.parametrize("name", ["x-team", "inferenceColour", "a.b", "$schema", "Team_1"])
def test_plain_names_are_shown(name: str) -> None:
    assert shown(name) == repr(name)


@pytest.mark.parametrize(
    "name",
    [
        *("sk-live-0123456789ab", "a b", "x\x1b[2J", "é", "x" * 61, "", "sk_abc", "a\nb"),
        *("0123456789abcdef", "Zq81xWvU27TtRr55LmNn", "Bearer x"),
    ],
)
def test_other_names_are_not_shown(name: str) -> None:
    assert shown(name) == f"(a name of {len(name)} characters, not shown)"


def test_names_of_models_are_shown() -> None:
    for name in ("claude-sonnet-4-5-20250929", "@slug/claude-opus-5", "us.anthropic.claude-v1:0"):
        assert shown_model(name) == repr(name)
    for name in ("sk-live-0123456789ab", "0123456789abcdefgh", "a b", "x\x1b[2J"):
        assert "not shown" in shown_model(name)


def test_codes_are_well_formed() -> None:
    assert len({code.id for code in CODES.values()}) == len(CODES)
    for code in CODES.values():
        assert code.severity in SEVERITIES
        assert code.sureness in SURENESS
        assert not code.title.endswith(".")
        assert not code.does.endswith(".") or code.does.endswith(('."', "..."))
        assert not code.fix.endswith(".")
        assert code.example


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Bearer abc"),
        ("x-portkey-api-key", "acme-1"),
        ("x-portkey-virtual-key", "anthropic-1a2b"),
        ("X_AUTH_TOKEN", "a-b-c-1"),
        ("x-team", "sk-ant-0123456789"),
        ("x-team", "Bearer abc123"),
        ("x-team", "9f86d081884c7d659a2feaa0c55ad015"),
        ("x-portkey-config", '{"provider":"anthropic","api_key":"abc"}'),
    ],
)
def test_headers_that_carry_a_credential(name: str, value: str) -> None:
    assert carries_credential(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-auth-provider", "okta-prod"),
        ("x-access-group", "tier-2"),
        ("x-token-budget", "100000"),
        ("x-portkey-config", "pc-claude-desktop-engineering-prod-2026"),
        ("x-portkey-trace-id", "claude-desktop-engineering-prod-2026-10"),
        ("x-request-id", "123e4567-e89b-12d3-a456-426614174000"),
        ("x-portkey-metadata", METADATA),
        ("x-team-key", "engineering"),
    ],
)
def test_headers_that_do_not(name: str, value: str) -> None:
    assert not carries_credential(name, value)


def test_severities_are_ordered() -> None:
    found = findings({"inferenceGatewayBaseUrl": "http://localhost:1/v1/"})
    assert [len(at_least(found, severity)) for severity in SEVERITIES] == [3, 2, 1]


@pytest.mark.parametrize(
    "query", ["api_key=a", "x=1&access_token=b", "k=sk-live-Zq81xWvU27", "#key=c"]
)
def test_a_credential_in_the_query_is_named(query: str) -> None:
    (found,) = findings({"inferenceGatewayBaseUrl": f"https://gw.example?{query}"})
    assert "carries a credential" in found.message
    assert "inferenceGatewayApiKey" in found.fix
    (plain,) = findings({"inferenceGatewayBaseUrl": "https://gw.example?api-version=2024-10-01"})
    assert "credential" not in plain.message


@pytest.mark.parametrize(
    ("headers", "policy", "found"),
    [
        ({"tenant": "acme", "Team": "a"}, Policy(), ["metadata-as-headers"]),
        ({"tenant": "acme", "x-env": "prod"}, Policy(), []),
        ({"tenant": "acme", "team": "a", "x-portkey-metadata": METADATA}, Policy(), []),
        ({"cost": "1", "unit": "2"}, Policy(required=("cost", "unit")), ["metadata-as-headers"]),
        ({"cost": "1", "unit": "2"}, Policy(), []),
        ({"tenant": "a", "team": "b"}, Policy(required=("cost",)), ["metadata-key-missing"]),
    ],
)
def test_metadata_keys_as_headers(
    headers: dict[str, str], policy: Policy, found: list[str]
) -> None:
    assert codes(findings({"inferenceCustomHeaders": headers}, policy=policy)) == found


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://127.0.0.1:8080"},
        {"issuer": "http://idp.example"},
        {"issuer": "https://"},
        {"issuer": 5},
        {"issuer": ...},
        {"issuer": ..., "authorizationUrl": "https://i.example/a"},
        {"clientId": " "},
        {"bearerTokenType": "jwt"},
        {"bearerTokenType": "access_token"},
        {"bearerTokenType": "access_token", "scopes": [""]},
        {"bearerTokenType": "access_token", "scopes": "api"},
        {"redirectPort": 80},
        {"redirectPort": "8080"},
        {"redirectPort": 8080},
    ],
)
def test_a_sign_in_is_judged_as_the_client_reads_it(changes: dict[str, Any]) -> None:
    whole = {"clientId": "a", "issuer": "https://idp.example", **changes}
    oidc = {name: value for name, value in whole.items() if value is not ...}
    found = codes(findings({"inferenceGatewayOidc": oidc, "inferenceGatewayApiKey": ...}))
    starts = launched(library(inferenceGatewayOidc=oidc, inferenceGatewayApiKey=...)).mode == "3p"
    assert ("sign-in-incomplete" in found) is not starts


@pytest.mark.parametrize("path", ["/bin/key", " /bin/key", "key", "//host/key", "C:\\key.exe"])
def test_a_helpers_path_is_judged_as_the_client_takes_it(path: str) -> None:
    helper = {"inferenceCredentialHelper": path, "inferenceGatewayApiKey": ...}
    assert ("helper-path" in codes(findings(helper))) is bool(path_trouble(path))
    assert bool(path_trouble(path)) is (path not in ("/bin/key", "C:\\key.exe"))


def test_a_model_that_should_stand_in_a_list() -> None:
    (found,) = findings({"inferenceModels": "claude-sonnet-4-5"})
    assert 'here an array: ["..."]' in found.fix


@pytest.mark.parametrize("url", ["https:/gw.example", "http:gw.example", "HTTPS:gw.example:8443"])
def test_a_url_whose_slashes_are_lost(url: str) -> None:
    assert codes(findings({"inferenceGatewayBaseUrl": url})) == ["invalid-url"]


@pytest.mark.parametrize("url", ['"https://gw.example"', "<https://gw.example>", "[gw](https://g)"])
def test_a_url_in_quotes(url: str) -> None:
    (found,) = findings({"inferenceGatewayBaseUrl": url})
    assert "quotes or brackets" in found.message


@pytest.mark.parametrize("url", ["http:8080", "[::1]:8080", "gw.example"])
def test_hosts_without_a_scheme(url: str) -> None:
    assert codes(findings({"inferenceGatewayBaseUrl": url})) == ["no-scheme"]


def test_the_key_of_the_nested_form_has_one_place() -> None:
    inference = {"provider": "gateway", "baseUrl": "https://gw.example", "apiKey": "placeholder"}
    data = json.dumps({"inference": inference}).encode()
    (found,) = lint_data("a.json", data, Client(), Policy()).findings
    assert (found.code.name, found.key) == ("misplaced-key", "inference.apiKey")
    assert found.fix == "put it under inference.credential.apiKey"
