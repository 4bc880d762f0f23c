from __future__ import annotations

import gc
import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from gatecert.overhead import driver
from gatecert.upstream import Directive, Plan, Provider, embed, new_token

HEADERS = {
    "x-api-key": "sk-test",
    "anthropic-version": "2023-06-01",
    "content-type": "application/json",
}


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    """The driver takes its process out of garbage collection; this one goes on."""
    yield
    gc.unfreeze()


def arm(name: str, url: str, body: str) -> dict[str, Any]:
    return {"name": name, "url": url, "headers": HEADERS, "body": body}


def body(token: str, *, stream: bool, plan: Plan | None = None) -> str:
    text = embed(Directive(token, {"primary": (plan or Plan(),)}))
    messages = [{"role": "user", "content": text}]
    return json.dumps({"model": "m", "max_tokens": 9, "messages": messages, "stream": stream})


def job(url: str, *paths: str, **changes: Any) -> dict[str, Any]:
    token = new_token()
    stream = changes.pop("stream", False)
    text = body(token, stream=stream, plan=changes.pop("plan", None))
    return {
        "arms": [arm(f"arm {n}", url + path, text) for n, path in enumerate(paths)],
        "token": token,
        "stream": stream,
        "pairs": 5,
        "warmup": 2,
        "seed": 7,
        **changes,
    }


@pytest.fixture
def provider(provider_url: str) -> Iterator[Provider]:
    provider = Provider(provider_url)
    yield provider
    provider.close()


@pytest.mark.parametrize("stream", [False, True])
def test_every_arm_gets_as_many_samples(provider_url: str, stream: bool) -> None:
    paths = ("/v1/messages", "/backup/v1/messages", "/other/v1/messages?beta=true")
    samples = driver.run(job(provider_url, *paths, stream=stream))["samples"]
    assert {name: len(values) for name, values in samples.items()} == dict.fromkeys(
        ["arm 0", "arm 1", "arm 2"], 5
    )
    assert all(value > 0 for values in samples.values() for value in values)


def test_warm_up_rounds_are_sent_and_not_counted(provider_url: str, provider: Provider) -> None:
    before = provider.hello()
    driver.run(job(provider_url, "/v1/messages", "/backup/v1/messages"))
    arrived = [receipt.provider for receipt in provider.receipts_since(before)]
    assert (arrived.count("primary"), arrived.count("backup")) == (7, 7)


def test_each_round_visits_every_arm_once_in_an_order_of_its_own(
    provider_url: str, provider: Provider
) -> None:
    before = provider.hello()
    driver.run(job(provider_url, "/v1/messages", "/backup/v1/messages", pairs=20))
    arrived = [receipt.provider for receipt in provider.receipts_since(before)]
    rounds = [tuple(arrived[n : n + 2]) for n in range(0, len(arrived), 2)]
    assert set(rounds) == {("primary", "backup"), ("backup", "primary")}


def test_target_headers_and_body_arrive_as_the_job_says(
    provider_url: str, provider: Provider
) -> None:
    before = provider.hello()
    wanted = job(provider_url, "/v1/messages?beta=true", pairs=1, warmup=0)
    driver.run(wanted)
    (receipt,) = provider.receipts_since(before)
    assert receipt.target == "/v1/messages?beta=true"
    sent = wanted["arms"][0]["body"]
    assert receipt.body.decode() == sent.replace(wanted["token"], receipt.token)
    assert {name: receipt.header(name) for name in HEADERS} == HEADERS


def test_no_request_is_like_another(provider_url: str, provider: Provider) -> None:
    before = provider.hello()
    driver.run(job(provider_url, "/v1/messages", "/v1/messages"))
    receipts = provider.receipts_since(before)
    assert len({receipt.token for receipt in receipts}) == len(receipts) == 14


def test_the_providers_own_work_is_in_every_sample(provider_url: str) -> None:
    samples = driver.run(job(provider_url, "/v1/messages", plan=Plan(work_ms=5)))["samples"]
    assert min(samples["arm 0"]) >= 5


@pytest.mark.parametrize(
    ("path", "plan", "message"),
    [
        ("/nowhere", Plan(), "arm 1: HTTP 404"),
        ("/v1/messages", Plan(status=529), "HTTP 529"),
    ],
)
def test_an_answer_that_is_not_200_ends_the_measurement(
    provider_url: str, path: str, plan: Plan, message: str
) -> None:
    good = "/v1/messages" if path == "/nowhere" else "/backup/v1/messages"
    with pytest.raises(driver.BadAnswer, match=message):
        driver.run(job(provider_url, good, path, plan=plan))


def test_a_stream_without_content_ends_the_measurement(provider_url: str) -> None:
    plan = Plan(events=[["ping", {"type": "ping"}]])
    with pytest.raises(driver.BadAnswer, match="the stream ended without content"):
        driver.run(job(provider_url, "/v1/messages", stream=True, plan=plan))


def test_a_connection_that_is_dropped_is_an_error(provider_url: str) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        driver.run(job(provider_url, "/v1/messages", plan=Plan(drop=True)))


@pytest.mark.parametrize(("path", "answer"), [("/v1/messages", "samples"), ("/nowhere", "error")])
def test_the_process_answers_with_one_document(provider_url: str, path: str, answer: str) -> None:
    done = subprocess.run(
        [sys.executable, driver.__file__],
        input=json.dumps(job(provider_url, path)).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    (key,) = found = json.loads(done.stdout)
    assert key == answer
    assert found[key] == "BadAnswer: arm 0: HTTP 404" or len(found[key]["arm 0"]) == 5
