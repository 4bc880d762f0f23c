"""What is in force: which source wins, and what its values come to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatecert.desktop.config.config import Client, Config, in_force, read_config
from gatecert.desktop.config.headers import named_values
from gatecert.desktop.config.sources import Source, read_source
from gatecert.desktop.config.values import Raw

AFTER, BEFORE = Client(), Client(after_cut_off=False)


def config(settings: dict[str, Any], client: Client = AFTER) -> Config:
    (source,) = read_source("a.json", json.dumps(settings).encode())
    assert isinstance(source, Source)
    return read_config(source, client)


def test_values_are_read_by_their_kind() -> None:
    found = config({"chatTabEnabled": "1", "inferenceProvider": "gateway", "coworkTabEnabled": ""})
    assert (found.flag("chatTabEnabled", False), found.flag("coworkTabEnabled", True)) == (1, 1)
    assert (found.text("inferenceProvider"), found.text("bootstrapUrl")) == ("gateway", "")
    assert found.settings["chatTabEnabled"].place.line == 1


def test_what_is_not_read_is_sorted_by_its_reason() -> None:
    settings = {"chatTabEnabled": "maybe", "otlpEndpoint": 1, "x.y": 1, "toolSearchEnabled": True}
    found = config(settings, Client(version=(1, 20000, 0)))
    assert [m.key for m in found.misreadings] == ["chatTabEnabled"]
    assert (set(found.unknown), set(found.too_new)) == ({"x.y"}, {"toolSearchEnabled"})
    assert dict(found.settings) == {}


LIST, TEXT = ["x-a: 1", "x-b:2:3", "broken"], "x-a=1, x-b=2=3,broken"


@pytest.mark.parametrize(("value", "second"), [(LIST, "2:3"), (TEXT, "2=3")])
@pytest.mark.parametrize("key", ["inferenceCustomHeaders", "inferenceGatewayHeaders"])
def test_old_forms_of_headers_count_until_the_cut_off(key: str, value: Any, second: str) -> None:
    expected = {"x-a": "1", "x-b": second}
    assert config({key: value}, BEFORE).get("inferenceCustomHeaders") == expected
    assert config({key: value}, AFTER).get("inferenceCustomHeaders") is None


def test_the_new_name_beats_the_old_one() -> None:
    both = {"inferenceCustomHeaders": {"x-a": "1"}, "inferenceGatewayHeaders": {"x-b": "2"}}
    assert config(both, BEFORE).get("inferenceCustomHeaders") == {"x-a": "1"}


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        ({"x-a": "1", "x-b": " ", "": "c"}, {"x-a": "1"}),
        ('{"x-a": "1"}', {"x-a": "1"}),
        ({"x-a": 1, "x-b": "2"}, {}),
        ([1, "x-a:1"], {"x-a": "1"}),
        (3, {}),
        (None, {}),
    ],
)
def test_headers_that_are_sent(value: Any, headers: dict[str, str]) -> None:
    assert named_values(value) == headers


def source(form: str, unread: int = 0, *names: str) -> Source:
    return Source(f"{form}.x", form, {name: Raw("1") for name in names}, unread=unread)


def test_managed_beats_local_and_the_machine_beats_the_user() -> None:
    local = source("library", 0, "inferenceProvider")
    user = source("hkcu", 0, "inferenceProvider")
    machine = source("hklm", 0, "chatTabEnabled")
    assert in_force([local, user, machine]) == (machine, [(user, machine), (local, machine)])
    assert in_force([local]) == (local, [])
    assert in_force([]) == (None, [])


def test_values_that_are_seen_but_not_read_hide_the_rest() -> None:
    user = source("hkcu", 0, "inferenceProvider")
    machine = source("hklm", 1)
    assert in_force([user, machine]) == (machine, [(user, machine)])
    assert in_force([user, source("hklm")]) == (user, [])


def test_a_source_of_update_keys_alone_locks_nothing() -> None:
    local = source("library", 0, "inferenceProvider")
    updates = source("managed-json", 0, "disableAutoUpdates")
    assert in_force([updates, local]) == (local, [])
    assert in_force([updates]) == (updates, [])
    assert in_force([source("mode-switch", 0, "a"), local]) == (local, [])
