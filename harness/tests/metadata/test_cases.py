"""The table of writings, and judging what became of one, by values alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gatecert.gateways.promises import Policy, Promises
from gatecert.gateways.target import Target
from gatecert.metadata import CASES, Case, Outcome, given, in_group, judged
from gatecert.metadata.cases import EITHER, GROUPS, ONE, REFUSED, SAME, rules_of

METADATA = {"tenant": "acme", "user": "u1", "team": "engineering", "env": "prod"}
ROUTES = {"team": {"engineering": "primary", "research": "other"}}
TARGET = Target(
    "gw",
    "external",
    "http://127.0.0.1:1",
    "key",
    headers={"X-Portkey-Metadata": json.dumps(METADATA, separators=(",", ":"))},
    policy=Policy(rules="lenient", routes=ROUTES),
)
STRICT = replace(TARGET, policy=Policy(rules="strict", routes=ROUTES))
SETTING = given(TARGET)
BY_NAME = {case.name: case for case in CASES}
COMMA = BY_NAME["a trailing comma"]
TWICE = BY_NAME["a key twice in the object, the right value first"]
OTHER = {**METADATA, "team": "research"}


def layers(
    case: Case, target: Target, status: int | None, providers: list[str], filed: Any = ...
) -> list[str]:
    seen = Outcome(status, f"HTTP {status}", providers, filed)
    return [one.layer for one in judged(case, SETTING, target, seen)]


def test_the_table_is_whole() -> None:
    assert len(BY_NAME) == len(CASES) >= 45
    assert list(dict.fromkeys(case.group for case in CASES)) == list(GROUPS)
    assert {case.strict for case in CASES} == {SAME, REFUSED, EITHER}
    assert {case.lenient for case in CASES} == {SAME, EITHER, ONE}


def test_right_writings_mean_what_they_say() -> None:
    for case in in_group("writings"):
        (line,) = case.lines(SETTING)
        name, _, value = line.decode().partition(": ")
        assert name.lower() == "x-portkey-metadata"
        assert json.loads(value) == case.meant(SETTING), case.name


def test_mistakes_are_no_json_objects() -> None:
    for case in in_group("mistakes", "no object"):
        (line,) = case.lines(SETTING)
        name, _, value = line.decode().partition(": ")
        if "_" in name or "NaN" in case.name:  # Python reads NaN, which is no JSON
            continue
        try:
            found = json.loads(value)
        except ValueError:
            continue
        assert not isinstance(found, dict), case.name


def test_halves_are_whole_when_joined() -> None:
    lines = BY_NAME["the object in two halves, in two headers"].lines(SETTING)
    joined = b",".join(line.partition(b": ")[2] for line in lines)
    assert json.loads(joined) == METADATA


def test_the_setting_takes_the_routing_key() -> None:
    assert (SETTING.key, SETTING.other, SETTING.free) == ("team", "research", "user")


@pytest.mark.parametrize(
    ("policy", "promises", "rules"),
    [
        (Policy(), Promises(), "lenient"),
        (Policy(), Promises(validates_metadata=True), "strict"),
        (Policy(rules="documented"), Promises(validates_metadata=True), "documented"),
    ],
)
def test_rules_follow_from_the_promises(policy: Policy, promises: Promises, rules: str) -> None:
    assert rules_of(replace(TARGET, policy=policy, promises=promises)) == rules


@pytest.mark.parametrize(
    ("case", "target", "status", "providers", "filed", "wrong"),
    [
        (COMMA, STRICT, 400, [], ..., []),
        (COMMA, STRICT, 200, ["primary"], METADATA, ["answer"]),
        (COMMA, STRICT, 401, [], ..., ["answer"]),
        (COMMA, STRICT, None, [], ..., ["answer"]),
        (COMMA, STRICT, 500, [], ..., ["answer"]),
        (COMMA, STRICT, 400, ["primary"], ..., ["provider"]),
        (COMMA, TARGET, 400, [], ..., []),
        (COMMA, TARGET, 200, ["primary"], METADATA, []),
        (COMMA, TARGET, 200, ["primary"], ..., []),
        (COMMA, TARGET, 200, ["other"], ..., ["provider"]),
        (COMMA, TARGET, 200, ["primary"], None, ["attribution"]),
        (COMMA, TARGET, 200, ["other"], None, ["attribution", "provider"]),
        (TWICE, STRICT, 200, ["primary"], METADATA, ["answer"]),
        (TWICE, TARGET, 200, ["primary"], METADATA, []),
        (TWICE, TARGET, 200, ["other"], OTHER, []),
        (TWICE, TARGET, 200, ["other"], METADATA, ["provider"]),
        (TWICE, TARGET, 200, ["primary"], OTHER, ["provider"]),
        (BY_NAME["compact JSON"], TARGET, 400, [], ..., ["answer"]),
        (BY_NAME["a value in another case"], TARGET, 200, ["other"], ..., ["provider"]),
        (BY_NAME["a key in another case"], TARGET, 400, [], ..., []),
    ],
)
def test_what_is_wrong_is_told_by_layer(
    case: Case,
    target: Target,
    status: int | None,
    providers: list[str],
    filed: Any,
    wrong: list[str],
) -> None:
    assert layers(case, target, status, providers, filed) == wrong


def test_a_gateway_may_be_blind_to_case() -> None:
    blind = replace(TARGET, policy=Policy(rules="strict", case="insensitive", routes=ROUTES))
    case = BY_NAME["a key in another case"]
    assert layers(case, blind, 200, ["primary"], METADATA) == []
    assert layers(case, blind, 200, ["other"], METADATA) == ["provider"]


def test_a_log_may_keep_the_text_as_it_came() -> None:
    text = SETTING.text[:-1] + ",}"
    seen = Outcome(200, "HTTP 200", ["primary"], {"": text}, [text])
    assert judged(COMMA, SETTING, TARGET, seen) == []
    cut = replace(seen, attributed={"": text[:9]})
    assert [one.layer for one in judged(COMMA, SETTING, TARGET, cut)] == ["attribution"]


def test_a_log_may_keep_the_bytes_as_they_came() -> None:
    case = BY_NAME["a name with umlauts, as Latin-1"]
    (line,) = case.lines(SETTING)
    text = line.partition(b": ")[2].decode("utf-8", "replace")
    seen = Outcome(200, "HTTP 200", ["primary"], json.loads(text), [text])
    assert judged(case, SETTING, TARGET, seen) == []
    other = replace(seen, attributed={**METADATA, "user": "JÃ¼rgen WeiÃŸ"})
    assert [one.layer for one in judged(case, SETTING, TARGET, other)] == ["attribution"]


def test_a_route_that_nobody_promised_is_not_judged() -> None:
    seen = Outcome(200, "HTTP 200", None, ...)
    assert judged(COMMA, SETTING, TARGET, seen) == []
