"""Before the run: a provider route that points elsewhere is told in one line."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import ClassVar

import httpx
import pytest

from gatecert.errors import RunError
from gatecert.gateways.target import Target
from gatecert.session import preflight
from gatecert.session.preflight import check_route
from gatecert.wire import Child


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers everything by itself with one status, or with nothing."""

    status: ClassVar[int]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.status:
            self.send_response(self.status)
            self.end_headers()
            self.wfile.write(b"so it is")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def gateway(request: pytest.FixtureRequest) -> Iterator[str]:
    handler = type("Handler", (Answers,), {"status": request.param})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
    yield child.facts["url"]
    child.stop()


def target(base_url: str, provider: str) -> Target:
    return Target("acme", "external", base_url, "sk-acme-0123456789", upstream_url=provider)


def test_a_gateway_that_leads_to_the_provider_passes(provider: str) -> None:
    check_route(target(provider, provider))


def test_a_gateway_that_leads_elsewhere_is_told(provider: str, provider_url: str) -> None:
    with pytest.raises(RunError) as caught:
        check_route(target(provider_url, provider))
    words = str(caught.value)
    assert f"nothing reached the scripted provider at {provider.removeprefix('http://')}" in words
    assert "HTTP 200" in words
    assert "point the gateway's provider route there" in words


@pytest.mark.parametrize("gateway", [500], indirect=True)
def test_a_gateway_that_speaks_another_api_is_told(
    gateway: str, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def do_post(self: Answers) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        httpx.post(f"{provider}/v1/chat/completions", json={}, trust_env=False)
        self.send_response(500)
        self.end_headers()

    monkeypatch.setattr(Answers, "do_POST", do_post)
    with pytest.raises(RunError, match="asks the provider by POST /v1/chat/completions, which is"):
        check_route(target(gateway, provider))


@pytest.mark.parametrize("gateway", [502], indirect=True)
def test_a_gateway_that_reaches_nobody_is_told(gateway: str, provider: str) -> None:
    with pytest.raises(RunError, match="the gateway answered HTTP 502 with the body 'so it is'"):
        check_route(target(gateway, provider))


@pytest.mark.parametrize("gateway", [401, 404], indirect=True)
def test_a_gateway_that_refuses_is_left_to_the_requirements(gateway: str, provider: str) -> None:
    check_route(target(gateway, provider))


@pytest.mark.parametrize("gateway", [0], indirect=True)
def test_a_gateway_that_answers_nothing_is_told(
    gateway: str, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "answers", lambda url: False)
    with pytest.raises(RunError, match="takes connections and gives no answer"):
        check_route(target(gateway, provider))
