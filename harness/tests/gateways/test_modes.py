"""Modes are data: each is read, changes what it names, and says what is made up."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from gatecert.gateways.modes import STRICT, modes
from gatecert.gateways.reference.bodies import filled_in, only_fields, told_anew
from gatecert.gateways.reference.config import GatewayConfig, MetadataPolicy
from gatecert.gateways.target import SampleKeys, Target

CONFIG = GatewayConfig({}, {"primary": "k"}, {}, refused_url="")
TARGET = Target("embedded", "embedded", "http://127.0.0.1:1", "key", keys=SampleKeys("a", "b"))
SHAPES = [
    '{"error": {"message": {message}, "type": {type}}}',
    '{"status": "failure", "message": {prefixed}}',
]


def test_the_plain_mode_changes_nothing() -> None:
    strict = modes()[STRICT]
    assert list(modes()) == [STRICT, "portkey-hosted", "portkey-oss"]
    assert strict.configured(CONFIG) == CONFIG
    assert strict.promised(TARGET) is TARGET


@pytest.mark.parametrize("name", ["portkey-hosted", "portkey-oss"])
def test_a_mode_names_only_what_there_is(name: str) -> None:
    mode = modes()[name]
    known = {one.name for one in fields(GatewayConfig)}
    assert set(mode.tables["config"]) <= known
    assert set(mode.tables["config"]["metadata"]) <= {one.name for one in fields(MetadataPolicy)}
    assert mode.configured(CONFIG) != CONFIG
    target = mode.promised(TARGET)
    assert (target.name, target.mode) == (f"embedded-{name}", name)
    assert target.to_json()["mode"] == name


def test_what_nobody_published_is_said() -> None:
    hosted = modes()["portkey-hosted"]
    assert len(hosted.invented) >= 4
    assert hosted.promised(TARGET).to_json()["invented"] == list(hosted.invented)
    assert modes()["portkey-oss"].invented == ()


def test_a_gateway_without_keys_gives_none() -> None:
    assert modes()["portkey-oss"].promised(TARGET).keys == SampleKeys()


def test_a_configuration_passes_between_processes() -> None:
    for mode in modes().values():
        config = mode.configured(CONFIG)
        read = GatewayConfig.from_json(json.loads(json.dumps(config.to_json())))
        assert json.dumps(read.to_json()) == json.dumps(config.to_json())


@pytest.mark.parametrize("template", SHAPES)
@pytest.mark.parametrize("message", ["no", 'a "quote"', "{type}", "{prefixed} {status}", "\ud83d"])
def test_a_template_is_filled_in_once(template: str, message: str) -> None:
    found = json.loads(filled_in(template, 400, None, message))
    assert message in json.dumps(found, ensure_ascii=False).replace('\\"', '"')


def test_an_error_is_told_anew_and_anything_else_stays() -> None:
    body = json.dumps({"error": {"type": "api_error", "message": "no"}}).encode()
    assert json.loads(told_anew(SHAPES[1], 500, body))["message"] == "anthropic error: no"
    for other in (b"<html>", b"[]", b'{"error": 1}', b"[" * 100_000):
        assert told_anew(SHAPES[0], 500, other) == other


def test_fields_pass_in_the_order_of_the_list() -> None:
    body = b'{"z": 1, "model": "m", "messages": []}'
    assert only_fields(body, ["model", "messages"]) == b'{"model":"m","messages":[]}'
    assert only_fields(b"[1]", ["model"]) == b"[1]"
    assert only_fields(b"\xff", ["model"]) == b"\xff"
    assert only_fields(b'{"model": "\\ud83d"}', ["model"]) == b'{"model":"\\ud83d"}'
