"""The client against answers that a real Portkey gave once; nothing is sent here.

``python harness/tests/desktop/test_cassette.py`` records them anew; it needs node and npm.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import vcr  # type: ignore[import-untyped]
from vcr.errors import CannotOverwriteExistingCassetteException  # type: ignore[import-untyped]

from gatecert.desktop import DesktopApp, Exchange, GatewaySettings, shapes
from gatecert.desktop.draft import MESSAGES
from gatecert.desktop.models import usable_models
from gatecert.gateways.managed import find_managed
from gatecert.gateways.running import ProviderAddresses
from gatecert.session.paths import fixtures_folder
from gatecert.upstream import Directive, Plan, embed, messages_api
from gatecert.wire import Child

CASSETTE = fixtures_folder() / "cassettes" / "portkey-1.15.2.yaml"
ADDRESS = "127.0.0.1:8787"
ERROR = {"type": "invalid_request_error", "message": "max_tokens: 1 is not enough"}
PLAN = Plan(status=400, error=ERROR, headers={"x-should-retry": "false"})
DIRECTIVE = Directive("gc-" + "0" * 32, {"primary": (PLAN,)})
SECRET_HEADERS = ("authorization", "x-api-key", "x-portkey-config")


def at_one_address(request: Any) -> Any:
    """The request as if the gateway had its usual port."""
    request.uri = request.uri.replace(request.uri.split("/")[2], ADDRESS, 1)
    request.headers["Host"] = ADDRESS
    return request


def cassette(mode: str) -> Any:
    return vcr.use_cassette(
        str(CASSETTE),
        record_mode=mode,
        match_on=("method", "host", "port", "path", "query"),
        filter_headers=SECRET_HEADERS,
        before_record_request=at_one_address,
        decode_compressed_response=True,
    )


@dataclass(frozen=True)
class Answers:
    """What the client got."""

    connection: Exchange
    models: Exchange
    refusal: Exchange


def ask(settings: GatewaySettings) -> Answers:
    """Test the connection, ask for the models, and send a request that the provider refuses."""
    app = DesktopApp(settings).launch()
    message = {"role": "user", "content": embed(DIRECTIVE)}
    body = {"model": settings.chat_model, "max_tokens": 1, "messages": [message]}
    request = app.engine.request(MESSAGES, shapes.encode(body), ["claude-code-20250219"])
    try:
        refusal = app.engine.send("a turn", request).exchange
        return Answers(app.test_connection(), app.discover_models(), refusal)
    finally:
        app.quit()


@pytest.fixture(scope="module")
def answers() -> Iterator[Answers]:
    with cassette("none") as tape:
        yield ask(GatewaySettings(f"http://{ADDRESS}", "sk-not-recorded"))
        assert tape.all_played


def test_the_connection_test_succeeds(answers: Answers) -> None:
    exchange = answers.connection
    assert (exchange.status, exchange.reason, exchange.fault) == (200, "OK", None)
    message = exchange.json()
    assert (message["type"], message["role"]) == ("message", "assistant")
    assert (message["model"], message["stop_reason"]) == ("claude-sonnet-4-5", "end_turn")
    assert exchange.error_message == ""


def test_every_discovered_model_is_offered(answers: Answers) -> None:
    exchange = answers.models
    assert usable_models(exchange.json()) == [name for name, _, _ in messages_api.MODELS]
    assert exchange.header("transfer-encoding") == "chunked"


def test_a_rewritten_error_is_still_read(answers: Answers) -> None:
    exchange = answers.refusal
    assert exchange.status == 400
    # Portkey drops the envelope's type, adds OpenAI's fields and puts a prefix before the message
    assert exchange.json().keys() == {"error", "provider"}
    assert exchange.json()["error"].keys() == {"message", "type", "param", "code"}
    assert exchange.error_message == "anthropic error: max_tokens: 1 is not enough"
    assert exchange.summary() == f"HTTP 400 {exchange.error_message!r}"


def test_what_stops_a_retry_and_names_a_request_gets_through(answers: Answers) -> None:
    assert answers.refusal.header("X-Should-Retry") == "false"
    assert all(
        (exchange.header("request-id") or "").startswith("req_")
        for exchange in (answers.connection, answers.models, answers.refusal)
    )


def test_the_client_still_asks_as_it_did_when_recorded(answers: Answers) -> None:
    with cassette("none") as tape:
        recorded = {request.path: request for request in tape.requests}
    for exchange in (answers.connection, answers.models):
        path = exchange.request.url.removeprefix(f"http://{ADDRESS}").partition("?")[0]
        assert recorded[path].method == exchange.request.method
        assert (recorded[path].body or b"") == exchange.request.body
    sent = {name.lower() for name, _ in answers.models.request.headers}
    assert sent - {*recorded["/v1/models"].headers} == {"authorization"}


def test_a_request_that_was_not_recorded_fails() -> None:
    app = DesktopApp(GatewaySettings(f"http://{ADDRESS}/v1", "sk-not-recorded")).launch()
    with cassette("none"), pytest.raises(CannotOverwriteExistingCassetteException):
        app.discover_models()
    app.quit()


def test_the_cassette_holds_no_secret() -> None:
    text = CASSETTE.read_text("utf-8").lower()
    assert not [word for word in (*SECRET_HEADERS, "gk-", "sk-", "bearer", "/root") if word in text]


def record() -> None:
    """Start a real Portkey before the scripted provider and keep what it answers."""
    portkey = find_managed("portkey")
    assert portkey is not None
    child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
    addresses = ProviderAddresses(child.facts["url"], child.facts["refused_url"])
    with tempfile.TemporaryDirectory() as folder:
        running = portkey.start(addresses, Path(folder), print)
        target = running.target
        CASSETTE.unlink(missing_ok=True)
        with cassette("once"):
            ask(GatewaySettings(target.base_url, target.api_key, custom_headers=target.headers))
        running.stop()
    child.stop()


if __name__ == "__main__":
    record()
