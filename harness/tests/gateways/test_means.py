"""The tables beside the promises: read by type, and refused where they cannot be tested."""

from __future__ import annotations

import tomllib

import pytest

from gatecert.errors import UsageError
from gatecert.gateways.target import Target
from gatecert.gateways.targetfile import parse_target

BASE = """
[gateway]
base_url = "http://127.0.0.1:9802"
api_key_env = "ACME_KEY"
[gateway.headers]
x-portkey-metadata = '{"team":"engineering","env":"prod"}'
[upstream]
listen = "127.0.0.1:9100"
[promises]
fallback = true
"""


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_KEY", "sk-acme-0123456789")
    monkeypatch.setenv("ACME_LOG_KEY", "log-acme-0123456789")


def parsed(text: str, base: str = BASE) -> Target:
    return parse_target(tomllib.loads(base + text), "acme.toml").target


def test_what_is_not_said_is_the_usual() -> None:
    target = parsed("")
    assert target.fallback.statuses == (500, 502, 503, 504, 529)
    assert not target.lacks("fallback.529")
    assert target.lacks("fallback.429") == "[fallback] statuses do not name 429"
    assert "after_ms" in target.lacks("fallback.after_ms")
    assert "names no log" in target.lacks("attribution.log")


def test_all_three_tables_are_read() -> None:
    target = parsed(
        """
[fallback]
statuses = [429, 500]
after_ms = 2000
p50_ms = 20.5
streams = false
[policy]
rules = "strict"
refusal_status = 412
[policy.allowed]
env = ["prod", "dev"]
[policy.routes.team]
engineering = "primary"
research = "other"
[attribution]
reader = "log-endpoint"
url = "http://127.0.0.1:9900/log"
key_env = "ACME_LOG_KEY"
metadata = "meta"
"""
    )
    assert not target.lacks("fallback.429")
    assert target.lacks("fallback.streams")
    assert target.policy.routes["team"]["research"] == "other"
    assert not target.lacks("attribution.metadata")
    assert target.lacks("attribution.model")
    assert ("log-key", "log-acme-0123456789") in target.secrets
    told = str(target.to_json())
    assert "log-acme" not in told
    assert "9900" not in told


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[fallback]\nstatuses = 500", "statuses must be a list of whole numbers, not a number"),
        ("[fallback]\nstatuses = [200]", "statuses must be 400 to 599, not 200"),
        ("[fallback]\nstatus = [500]", "did you mean 'statuses'"),
        ("[fallback]\nattempts = 0", "attempts must be 1 or more"),
        ("[fallback]\nattempts = true", "attempts must be a whole number, not true or false"),
        ("[fallback]\nafter_ms = 90000", "impatient_model"),
        ("[fallback]\np50_ms = -1", "p50_ms must be 0 or more ms"),
        ('[policy]\nrules = "severe"', "rules must be one of strict, documented, lenient"),
        ('[policy]\ncase = "upper"', "case must be one of exact, insensitive"),
        ("[policy]\nrefusal_status = 500", "refusal_status must be 400 to 499"),
        ('[policy.allowed]\nenv = "prod"', "allowed must be a table of lists of strings"),
        ('[policy.allowed]\nenv = ["dev"]', "which [policy] allowed does not list"),
        ('[policy.routes.team]\nx = "elsewhere"', "must be one of primary, backup, other"),
        ('[attribution]\nreader = "log"', "reader must be one of none, receipt-header"),
        ('[attribution]\nreader = "log-file"', "needs path"),
        ('[attribution]\nreader = "log-stream"', "needs url"),
        ('[attribution]\nreader = "response-header"', "needs header"),
        ('[attribution]\nreader = "log-stream"\nurl = "127.0.0.1"', "must begin with http"),
        ('[attribution]\nkey = "sk-secret"', "name the variable that holds it, as key_env"),
        ('[attribution]\nkey_env = "NO_SUCH"', "is not set"),
        ("[attribution]\nwithin_ms = 0", "within_ms must be more than 0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(UsageError) as refused:
        parsed("\n" + text)
    line = str(refused.value)
    assert complaint in line
    assert line.startswith("acme.toml: [")
    assert "\n" not in line


def test_a_fallback_must_be_promised_first() -> None:
    base = BASE.replace("fallback = true", "fallback = false")
    with pytest.raises(UsageError, match=r"add fallback = true to \[promises\]"):
        parsed("\n[fallback]\nattempts = 3", base)


def test_a_policy_needs_metadata() -> None:
    base = BASE.replace("x-portkey-metadata", "x-other")
    with pytest.raises(UsageError, match="add one with valid metadata"):
        parsed('\n[policy]\nrules = "strict"', base)
