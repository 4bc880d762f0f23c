"""Target files: the contract with users, and a clear word for each mistake."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.errors import UsageError
from gatecert.gateways.targetfile import (
    ExternalGateway,
    from_flags,
    listen_address,
    parse_target,
    read_target_file,
    with_secrets,
)
from gatecert.session.paths import fixtures_folder

SAMPLES = sorted((fixtures_folder() / "targets").glob("*.toml"))
KEY = "sk-acme-0123456789"
BASE = '[gateway]\nbase_url = "http://127.0.0.1:9802"\napi_key_env = "ACME_KEY"\n'
METADATA = """
[gateway.headers]
x-portkey-metadata = '''{}'''
[promises]
validates_metadata = true
"""
CONTRACT = """
[gateway]
name = "acme"
base_url = "http://127.0.0.1:9802"
auth_scheme = "x-api-key"
api_key_env = "ACME_KEY"
[gateway.headers]
x-portkey-metadata = '{"team":"engineering"}'
[gateway.models]
chat = "claude-a"
background = "claude-b"
[upstream]
listen = "127.0.0.1:9100"
[promises]
enforces_keys = true
accepts_x_api_key = true
serves_models = true
serves_count_tokens = true
"""


@pytest.fixture(autouse=True, scope="module")
def _keys() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACME_KEY", KEY)
        patch.setenv("OLD_KEY", "sk-old-0123456789")
        patch.setenv("EMPTY_KEY", " ")
        patch.delenv("NO_KEY", raising=False)
        yield


def parse(text: str) -> ExternalGateway:
    return parse_target(tomllib.loads(text), "acme.toml", "acme")


def test_every_key_of_the_contract_is_read() -> None:
    found = parse(CONTRACT)
    target = found.target
    assert found.listen == "127.0.0.1:9100"
    assert (target.name, target.auth_scheme, target.api_key) == ("acme", "x-api-key", KEY)
    assert target.headers == {"x-portkey-metadata": '{"team":"engineering"}'}
    assert (target.models.chat, target.models.background) == ("claude-a", "claude-b")
    assert target.promises.enforces_keys
    assert target.promises.serves_count_tokens
    assert not target.promises.fallback
    assert ("api-key", KEY) in target.secrets
    assert KEY not in repr(target)


def test_what_is_left_out_has_a_default() -> None:
    target = parse(BASE).target
    assert (target.name, target.auth_scheme) == ("acme", "bearer")
    assert not parse(BASE).listen


def test_the_second_user_is_another_one() -> None:
    with pytest.raises(UsageError, match="holds the same key as api_key_env"):
        parse(BASE + '[gateway.keys]\nsecond_user_env = "ACME_KEY"\n')
    target = parse(BASE + '[gateway.keys]\nsecond_user_env = "OLD_KEY"\n').target
    assert target.lacks("keys.second_user") == ""
    assert "second_user_env" in parse(BASE).target.lacks("keys.second_user")


def test_tls_is_judged_under_an_https_base_url() -> None:
    plain = parse(BASE).target
    assert plain.lacks("tls") == "the gateway serves no https"
    secure = replace(plain, base_url="https://gw.example")
    assert (secure.lacks("tls"), secure.https.base_url) == ("", "https://gw.example")


def test_sample_keys_are_secrets_too() -> None:
    target = parse(BASE + '[gateway.keys]\nexpired_env = "OLD_KEY"\n').target
    assert target.keys.expired == "sk-old-0123456789"
    assert ("expired-key", "sk-old-0123456789") in target.secrets


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "[gateway] needs base_url"),
        ("[gatway]\n", "unknown key 'gatway'; did you mean 'gateway'?"),
        (BASE + "[upstraem]\n", "did you mean 'upstream'?"),
        (BASE + "nmae = 'x'\n", "[gateway]: unknown key 'nmae'; did you mean 'name'?"),
        (BASE + "[promises]\nenforce_keys = true\n", "did you mean 'enforces_keys'?"),
        (BASE + "[gateway.models]\nchatt = 'x'\n", "did you mean 'chat'?"),
        (BASE + "[gateway.keys]\nexpired = 'x'\n", "did you mean 'expired_env'?"),
        (BASE + "[gateway.keys]\nexpired_env = 'NO_KEY'\n", "NO_KEY is not set"),
        (BASE + "[promises]\nenforces_keys = 'yes'\n", "must be true or false, not a string"),
        (BASE + "[promises]\noverhead_p50_ms = true\n", "must be a number, not true or false"),
        (BASE + "[promises]\nrequired_metadata_keys = 'team'\n", "must be a list of strings"),
        (BASE + "[promises]\nrequired_metadata_keys = [1]\n", "must be a list of strings"),
        (BASE + "[gateway.headers]\nx = 1\n", "[gateway.headers] x must be a string"),
        (BASE + "[upstream]\nlisten = '9100'\n", "is not of the form HOST:PORT"),
        (BASE + "[upstream]\nlisten = 9100\n", "listen must be a string, not a number"),
        (BASE + "[promises]\nfallback = true\n", "add [upstream] listen"),
        (BASE + "[promises]\noverhead_p50_ms = 10\n", "add [upstream] listen"),
        (BASE + "[promises]\nvalidates_metadata = true\n", "has no x-portkey-metadata"),
        (BASE.replace("ACME_KEY", "NO_KEY"), "NO_KEY is not set"),
        (BASE.replace("ACME_KEY", "EMPTY_KEY"), "EMPTY_KEY is empty"),
        ('[gateway]\nbase_url = "http://127.0.0.1:1"\n', "api_key_env is missing"),
        (BASE + "[promises]\noverhead_p50_ms = -5\n", "must be 0 or more ms"),
        (BASE + "[promises]\noverhead_p50_ms = nan\n", "must be 0 or more ms"),
        (BASE + "[promises]\noverhead_p50_ms = inf\n", "must be 0 or more ms"),
        (BASE + "[gateway.models]\nchat = ''\n", "chat is empty"),
        (BASE + METADATA.format("{'a':1}"), "is not valid JSON"),
        (BASE + METADATA.format("[1]"), "must be one JSON object"),
        (BASE + METADATA.format('{"a":"b"}') + "required_metadata_keys=['c']", "lacks 'c'"),
        (BASE + "[upstream]\nlisten = '127.0.0.1:0'\n", "needs a port"),
        ("gateway = 1\n", "gateway must be a table, not a number"),
    ],
)
def test_a_mistake_names_the_file_the_key_and_the_mend(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    message = str(caught.value)
    assert message.startswith("acme.toml")
    assert words in message
    assert "\n" not in message
    assert KEY not in message


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
near_keys = st.sampled_from(
    "gateway upstream promises base_url api_key_env headers models keys listen chat fallback "
    "required_metadata_keys overhead_p50_ms metadata_header auth_scheme name version".split()
)


@given(st.dictionaries(near_keys, st.dictionaries(near_keys, json_like, max_size=4) | json_like))
def test_no_document_is_answered_with_a_traceback(raw: dict[str, object]) -> None:
    with contextlib.suppress(UsageError):
        parse_target(raw, "acme.toml", "acme")


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_bytes(b"\xff")
    for name, words in (("a.toml", "cannot be read"), ("b.toml", "is not valid TOML")):
        with pytest.raises(UsageError) as caught:
            read_target_file(tmp_path / name)
        assert words in str(caught.value)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_bytes(b"\xef\xbb\xbf" + BASE.encode())
    assert read_target_file(tmp_path / "acme.toml").target.name == "acme"


def test_a_key_that_no_header_can_carry_is_refused_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    for bad in ("sk-one\nsk-two", "sk-→-three", "sk-\x7f-four", "sk-\x85-five", "sk-\udcff-six"):
        monkeypatch.setenv("ACME_KEY", bad)
        with pytest.raises(UsageError, match="ACME_KEY holds a character") as caught:
            parse(BASE)
        assert "sk-" not in str(caught.value)


def test_a_key_in_the_place_of_a_variables_name_is_not_shown() -> None:
    with pytest.raises(UsageError, match="api_key_env is not the name of") as caught:
        parse(BASE.replace("ACME_KEY", KEY))
    assert KEY not in str(caught.value)


def test_a_header_with_the_clients_key_does_not_rename_it() -> None:
    target = parse(BASE + f"[gateway.headers]\nx-team-token = '{KEY}'\n").target
    assert list(target.secrets) == [("api-key", KEY)]
    with_provider = replace(target, secrets=[("provider-key", KEY), ("provider-key", "sk-other")])
    expected = [("api-key", KEY), ("provider-key", "sk-other")]
    assert list(with_secrets(with_provider).secrets) == expected
    assert list(with_secrets(with_secrets(with_provider)).secrets) == expected


def test_each_secret_of_a_header_has_a_name_of_its_own() -> None:
    config = '{"targets":[{"api_key":"sk-one-1"},{"api_key":"sk-two-2"},{"api_key":"sk-one-1"}]}'
    target = parse(BASE + f"[gateway.headers]\nx-portkey-config = '{config}'\n").target
    assert list(target.secrets)[1:] == [
        ("header-x-portkey-config", "sk-one-1"),
        ("header-x-portkey-config-2", "sk-two-2"),
    ]


def test_the_name_of_a_model_is_no_secret() -> None:
    name = "claude-haiku-4-5-20251001"
    target = parse(BASE + f"[gateway.headers]\nx-model = '{name}'\n").target
    assert list(target.secrets) == [("api-key", KEY)]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_the_sample_files_parse(path: Path) -> None:
    assert read_target_file(path).target.base_url


@pytest.mark.parametrize("text", ["127.0.0.1:9100", "[::1]:9100", "0.0.0.0:0", "provider.test:1"])
def test_addresses_that_can_be_listened_on(text: str) -> None:
    assert listen_address(text, "here") == text


@pytest.mark.parametrize(
    "text", ["9100", ":9100", "host:", "host:x", "host:65536", "host:-1", "::1:1", "h:²", "..:1"]
)
def test_addresses_that_cannot(text: str) -> None:
    with pytest.raises(UsageError, match="HOST:PORT"):
        listen_address(text, "here")


def test_flags_make_a_target_that_promises_nothing() -> None:
    found = from_flags(
        "http://127.0.0.1:1", "ACME_KEY", headers=["X-A: b: c"], model="claude-x", listen=""
    )
    assert found.target.headers == {"X-A": "b: c"}
    assert found.target.models.chat == "claude-x"
    assert not found.target.promises.enforces_keys


@pytest.mark.parametrize("text", ["no colon", ": value", "  : value"])
def test_a_header_flag_without_a_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not of the form 'Name: value'"):
        from_flags("http://127.0.0.1:1", "ACME_KEY", headers=[text])
