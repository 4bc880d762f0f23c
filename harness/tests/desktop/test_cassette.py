"""The client against answers that a real Portkey gave once; nothing is sent here.

``python harness/tests/desktop/test_cassette.py`` records them anew; it needs node and npm.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import vcr  # type: ignore[import-untyped]
from vcr.errors import CannotOverwriteExistingCassetteException  # type: ignore[import-untyped]

from gatecert.desktop import DesktopApp, Exchange, GatewaySettings, shapes
from gatecert.desktop.app import usable_models
from gatecert.desktop.engine import MESSAGES
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
