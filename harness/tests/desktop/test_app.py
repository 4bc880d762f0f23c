from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx
from pytest_socket import SocketConnectBlockedError

from gatecert.desktop import DesktopApp, Exchange, GatewaySettings, NotRunningError
from gatecert.desktop.models import usable_models

BASE = "https://gw.example/anthropic"
OLD = GatewaySettings(BASE, "sk-old")
NEW = GatewaySettings("https://new.example", "sk-new")


@pytest.fixture
def web() -> Iterator[respx.MockRouter]:
    """The web as the tests say it is; whatever they do not mention fails the test."""
    with respx.mock(assert_all_called=True, assert_all_mocked=True) as router:
        yield router


@pytest.fixture
def app() -> Iterator[DesktopApp]:
    app = DesktopApp(OLD).launch()
    yield app
    app.quit()


def listed(*names: str) -> dict[str, Any]:
    return {"data": [{"type": "model", "id": name} for name in names], "has_more": False}


def request_of(route: respx.Route) -> httpx.Request:
    request: httpx.Request = route.calls.last.request
    return request


def header_names(exchange: Exchange) -> list[str]:
    return [name for name, _ in exchange.request.headers]


def test_an_app_that_was_not_launched_does_nothing(app: DesktopApp) -> None:
    app.quit()
    for action in (app.discover_models, app.test_connection, lambda: app.engine):
        with pytest.raises(NotRunningError, match="launch"):
            action()
    with pytest.raises(NotRunningError):
        _ = app.settings


def test_settings_that_are_applied_do_not_reach_a_running_app(app: DesktopApp) -> None:
    app.apply(NEW)
    assert app.settings is OLD
    assert app.launch().settings is OLD


def test_closing_the_window_keeps_the_process_and_its_settings(app: DesktopApp) -> None:
    engine = app.engine
    app.apply(NEW)
    app.close_window()
    assert app.launch().engine is engine
    assert app.settings is OLD


def test_quitting_and_launching_loads_the_new_settings(app: DesktopApp) -> None:
    session = app.engine.session_id
    app.apply(NEW)
    app.quit()
    assert app.launch().settings is NEW
    assert app.engine.session_id != session


def test_quitting_closes_both_transports_and_twice_is_once() -> None:
    closed: list[str] = []

    class Transport:
        def send(self, *_: Any) -> Exchange:
            raise AssertionError("nothing is sent")

        def close(self) -> None:
            closed.append("closed")

    app = DesktopApp(OLD, Transport).launch().launch()
    app.quit()
    app.quit()
    assert closed == ["closed", "closed"]


def test_discovery_asks_for_a_thousand_models(app: DesktopApp, web: respx.MockRouter) -> None:
    route = web.get(f"{BASE}/v1/models?limit=1000").respond(json=listed("claude-a", "gpt-b"))
    exchange = app.discover_models()
    assert route.call_count == 1
    assert (exchange.purpose, exchange.status) == ("model discovery", 200)
    assert usable_models(exchange.json()) == ["claude-a"]


def test_discovery_sends_few_headers(app: DesktopApp, web: respx.MockRouter) -> None:
    route = web.get(f"{BASE}/v1/models").respond(json=listed())
    exchange = app.discover_models()
    # the engine's own discovery request, as recorded
    names = "Authorization User-Agent anthropic-version Connection Accept Host Accept-Encoding"
    assert header_names(exchange) == names.split()
    assert exchange.request.header("user-agent") == "claude-code/2.1.330"
    raw = [(name.decode(), value.decode()) for name, value in request_of(route).headers.raw]
    assert sorted(raw) == sorted(exchange.request.headers)
    assert request_of(route).content == b""


def test_custom_headers_go_along_once_each(web: respx.MockRouter) -> None:
    web.get(f"{BASE}/v1/models").respond(json=listed())
    custom = {"x-team": "t", "user-agent": "mine", "authorization": "Bearer other"}
    app = DesktopApp(GatewaySettings(BASE, "sk-old", custom_headers=custom)).launch()
    request = app.discover_models().request
    app.quit()
    assert request.header("x-team") == "t"
    assert request.header("user-agent") == "mine"
    assert request.header("authorization") == "Bearer sk-old"


def test_the_connection_test_is_one_token_of_the_chat_model(
    app: DesktopApp, web: respx.MockRouter
) -> None:
    route = web.post(f"{BASE}/v1/messages").respond(json={"type": "message", "content": []})
    exchange = app.test_connection()
    probe = {"max_tokens": 1, "messages": [{"role": "user", "content": "."}]}
    assert json.loads(request_of(route).content) == {"model": "claude-sonnet-4-5", **probe}
    assert exchange.request.header("content-length") == str(len(request_of(route).content))
    assert exchange.status == 200
    app.test_connection("other[1m]")
    assert json.loads(request_of(route).content)["model"] == "other"


@pytest.mark.parametrize(("scheme", "place"), [("bearer", 0), ("x-api-key", 2)])
def test_the_credential_is_sorted_in(web: respx.MockRouter, scheme: str, place: int) -> None:
    web.post(f"{BASE}/v1/messages").respond(401)
    settings = GatewaySettings(BASE, "sk-old", scheme)
    app = DesktopApp(settings).launch()
    exchange = app.test_connection()
    app.quit()
    assert exchange.request.headers[place] == settings.credential()


def test_a_refusal_is_told_in_the_gateways_words(app: DesktopApp, web: respx.MockRouter) -> None:
    body = {"type": "error", "error": {"type": "authentication_error", "message": "bad key"}}
    web.post(f"{BASE}/v1/messages").respond(401, json=body)
    exchange = app.test_connection()
    assert exchange.error_message == "bad key"
    assert exchange.summary() == "HTTP 401 'bad key'"


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (httpx.ConnectError("[Errno 111] Connection refused"), "refused"),
        (httpx.ConnectError("name does not resolve"), "unreachable"),
        (httpx.ConnectTimeout("no answer"), "unreachable"),
        (httpx.ReadTimeout("no answer"), "timeout"),
        (httpx.ReadError("reset"), "closed"),
        (httpx.RemoteProtocolError("illegal status line"), "protocol"),
    ],
)
def test_trouble_on_the_way_is_part_of_the_answer(
    app: DesktopApp, web: respx.MockRouter, trouble: httpx.HTTPError, kind: str
) -> None:
    web.get(f"{BASE}/v1/models").mock(side_effect=trouble)
    exchange = app.discover_models()
    assert exchange.status is None
    assert exchange.fault is not None
    assert exchange.fault.kind == kind
    assert kind in exchange.summary()


def test_a_request_that_is_not_mocked_fails(app: DesktopApp, web: respx.MockRouter) -> None:
    web.get(f"{BASE}/v1/models").respond(json=listed())
    with pytest.raises(respx.models.AllMockedAssertionError, match=r"gw\.example.*not mocked"):
        app.test_connection()
    app.discover_models()


def test_a_request_beyond_loopback_does_not_reach_the_network() -> None:
    app = DesktopApp(GatewaySettings("https://192.0.2.1", "sk-old")).launch()
    with (
        pytest.warns(UserWarning, match=r'host "192\.0\.2\.1"'),
        pytest.raises(SocketConnectBlockedError),
    ):
        app.test_connection()
    app.quit()


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("claude-sonnet-4-5", True),
        ("CLAUDE-X", True),
        ("@anthropic-prod/claude-opus-4-6", True),
        ("anthropic.something-v1:0", True),
        ("my-sonnet", True),
        ("team-Opus", True),
        ("haiku", True),
        ("fable-5", True),
        ("mythos-1", True),
        ("gpt-5", False),
        ("claude-gpt-5", False),
        ("deepseek-claude", False),
        ("qwen-sonnet", False),
        ("nova-claude", False),
        ("gemini-2.5-pro", False),
        ("my-gateway-model", False),
        ("", False),
    ],
)
def test_the_picker_offers_what_is_claudes_by_name(name: str, offered: bool) -> None:
    assert usable_models(listed(name)) == ([name] if offered else [])


def test_the_picker_keeps_the_order() -> None:
    assert usable_models(listed("sonnet-b", "gpt", "opus-a")) == ["sonnet-b", "opus-a"]


@pytest.mark.parametrize(
    "body",
    [None, [], "x", {}, {"data": None}, {"data": 5}, {"data": {"id": "claude"}}, {"data": ["x"]}],
)
def test_an_answer_that_is_no_list_offers_nothing(body: Any) -> None:
    assert usable_models(body) == []


@pytest.mark.parametrize("entry", [{}, {"id": None}, {"id": 5}, {"name": "claude"}, None])
def test_an_entry_without_a_name_is_passed_over(entry: Any) -> None:
    assert usable_models({"data": [entry, {"id": "claude-a"}]}) == ["claude-a"]
