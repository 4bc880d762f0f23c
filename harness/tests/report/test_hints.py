"""Hints: which known gateway it is, and what every output says of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sample import sample_evidence, sample_message, sample_record, sample_result

from gatecert.record import Result, RunRecord
from gatecert.report import render_html, render_junit, render_summary
from gatecert.report.hints import as_sentence, hints_for, recognised, short_hints, told_hints

HINTS = {"nginx": "proxy_buffering off.", "litellm": "num_retries: 0", "haproxy": "option x"}


def answered(*headers: tuple[str, str], **changes: Any) -> Result:
    evidence = sample_evidence()
    response = replace(sample_message(), headers=[list(pair) for pair in headers])
    exchanges = [replace(evidence.exchanges[0], response=response), *evidence.exchanges[1:]]
    return sample_result(
        "AUTH-03",
        **{"evidence": replace(evidence, exchanges=exchanges), "hints": HINTS, **changes},
    )


def target(**changes: Any) -> dict[str, Any]:
    return {**sample_record().target, "name": "acme", **changes}


@pytest.mark.parametrize(
    ("changes", "headers", "found"),
    [
        ({"name": "portkey", "kind": "managed"}, [], ["portkey"]),
        ({"name": "our LiteLLM 1.90"}, [], ["litellm"]),
        ({}, [("Server", "nginx/1.22.1")], ["nginx"]),
        ({}, [("server", "openresty")], ["nginx"]),
        ({}, [("X-LiteLLM-Version", "1.90")], ["litellm"]),
        ({}, [("server", "nginx"), ("x-litellm-call-id", "1")], ["litellm", "nginx"]),
        ({}, [("x-portkey-trace-id", "")], ["portkey"]),
        ({}, [("server", "uvicorn")], []),
        # behind a live provider stands a proxy of its own, and the embedded gateway is ours
        ({"provider": "live"}, [("server", "cloudflare")], []),
        ({"provider": "live"}, [("x-litellm-version", "1.90")], ["litellm"]),
        ({"kind": "embedded", "name": "embedded-nginx"}, [("server", "nginx")], []),
    ],
)
def test_a_gateway_is_recognised_by_name_and_headers(
    changes: dict[str, Any], headers: list[tuple[str, str]], found: list[str]
) -> None:
    assert recognised(target(**changes), [answered(*headers)]) == found


def test_the_recognised_gateway_comes_first() -> None:
    result = answered()
    assert list(told_hints(result)) == ["HAProxy", "LiteLLM", "nginx"]
    assert list(told_hints(result, ["nginx", "kong"])) == ["nginx", "HAProxy", "LiteLLM"]
    assert as_sentence(hints_for(result, ["nginx", "kong"])) == "nginx: proxy_buffering off"
    assert hints_for(result, []) == {}
    # who knows his gateway needs no list of others; who does not gets them all
    assert list(short_hints(result, ["nginx"])) == ["nginx"]
    assert short_hints(result, ["kong"]) == {}
    assert short_hints(result, []) == told_hints(result)


def nginx_record(**changes: Any) -> RunRecord:
    return sample_record(results=[answered(("server", "nginx"), **changes)], target=target())


OWN = "nginx: proxy_buffering off"
SENTENCE = f"{OWN}; HAProxy: option x; LiteLLM: num_retries: 0"


def test_what_to_change_names_the_tested_gateways_own_setting_and_no_other() -> None:
    summary = render_summary(nginx_record())
    assert OWN.replace("_", "\\_") in summary
    assert "HAProxy" not in summary
    assert f"<p>In known gateways: {OWN}</p>" in render_html(nginx_record())


def test_the_details_name_the_setting_of_every_gateway_the_tested_one_first() -> None:
    assert f"in known gateways: {SENTENCE}" in render_junit(nginx_record())
    page = render_html(nginx_record())
    assert "<b>nginx:</b> proxy_buffering off.<br><b>HAProxy:</b> option x" in page


def test_without_hints_nothing_is_said_of_known_gateways() -> None:
    record = nginx_record(hints={})
    for text in (render_summary(record), render_junit(record), render_html(record)):
        assert "known gateways" not in text


def test_a_gateway_of_a_later_version_is_told_by_its_key() -> None:
    assert told_hints(answered(hints={"new-gw": "x"})) == {"new-gw": "x"}
