"""No credential shows itself, whoever prints, copies or stores what holds it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from gatecert.desktop import GatewaySettings
from gatecert.desktop.activation import Snapshot, activated
from gatecert.desktop.config.config import Client, read_config
from gatecert.desktop.config.sources import Source, read_source
from gatecert.desktop.credentials import (
    Credential,
    CredentialError,
    MemoryKeychain,
    Printed,
    Static,
    StaticKey,
)
from gatecert.desktop.exchange import Chunk, Exchange, OutgoingRequest
from gatecert.desktop.secret import Secret

CANARY = "sk-canary-4711"
SECRET = Secret(CANARY)
SETTINGS = GatewaySettings("https://gw.example", CANARY, custom_headers={"X-Extra": CANARY})
FILE = json.dumps({"inferenceGatewayApiKey": CANARY, "inferenceCustomHeaders": {"X-Extra": CANARY}})
SOURCE = read_source("configLibrary/one.json", FILE.encode())[0]
assert isinstance(SOURCE, Source)
REQUEST = OutgoingRequest(
    "POST", "https://gw.example", [("Authorization", f"Bearer {CANARY}")], CANARY.encode()
)
HOLDERS = [
    SECRET,
    SETTINGS,
    activated(SETTINGS),
    Credential(SECRET, {"X-Extra": CANARY}),
    Static(SECRET),
    StaticKey(SECRET),
    Snapshot(stored_key=SECRET),
    Printed(CANARY.encode(), CANARY.encode()),
    SOURCE,
    read_config(SOURCE, Client()),
    REQUEST,
    Exchange("turn", REQUEST, 200, headers=[("Set-Cookie", CANARY)], chunks=[Chunk(0.0, b"x")]),
]
SHOWN: list[Callable[[Any], str]] = [repr, str, "{}".format, "{!r:>90}".format, "%s".__mod__]


@pytest.mark.parametrize("show", SHOWN)
@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
def test_nothing_that_holds_a_secret_prints_it(holder: Any, show: Callable[[Any], str]) -> None:
    assert CANARY not in show(holder)


def test_a_secret_can_neither_be_pickled_nor_become_json() -> None:
    for holder in (SECRET, Static(SECRET), SETTINGS, activated(SETTINGS), StaticKey(SECRET)):
        with pytest.raises(TypeError):
            pickle.dumps(holder)
    with pytest.raises(TypeError):
        json.dumps(asdict(Static(SECRET)))


def test_a_copy_as_plain_data_shows_stars() -> None:
    assert repr(asdict(Static(SECRET))) == "{'key': ***}"
    assert CANARY not in repr(asdict(Snapshot(stored_key=SECRET)))


def test_secrets_are_compared_by_what_they_hold() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_a_keychain_keeps_the_last_secret_of_each_account() -> None:
    keychain = MemoryKeychain()
    assert keychain.get("app", "one") is None
    keychain.put("app", "one", Secret("a"))
    keychain.put("app", "two", Secret("b"))
    keychain.put("app", "one", SECRET)
    assert keychain.get("app", "one") == SECRET
    assert keychain.get("other", "one") is None
    assert CANARY not in repr(keychain)
    keychain.remove("app", "one")
    keychain.remove("app", "one")
    assert keychain.get("app", "one") is None
    assert keychain.get("app", "two") == Secret("b")


def test_the_headers_of_a_credential_win_over_custom_ones_of_any_case() -> None:
    settings = GatewaySettings("https://gw.example", custom_headers={"X-Team": "a", "x-env": "b"})
    applied = Credential(SECRET, {"x-team": "c", "X-More": "d"}).applied(settings)
    assert dict(applied.custom_headers) == {"x-env": "b", "x-team": "c", "X-More": "d"}
    assert applied.credential() == ("Authorization", f"Bearer {CANARY}")


@pytest.mark.parametrize(
    ("token", "headers"), [("snow-\u2603", {}), ("a\tb", {}), ("a", {"Host": "x"}), ("  ", {})]
)
def test_what_no_request_can_carry_is_no_credential(token: str, headers: dict[str, str]) -> None:
    with pytest.raises(CredentialError) as caught:
        Credential(Secret(token), headers).applied(SETTINGS)
    assert caught.value.reason == "unusable"
    assert token.strip() == "" or token not in str(caught.value) or token == "a"


def test_a_static_key_is_the_same_for_ever() -> None:
    source = StaticKey(SECRET)
    assert source.current("background") is source.current()
    assert source.renew() is None
