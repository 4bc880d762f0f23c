"""The host process: reads settings once at launch, discovers models, tests the connection.

Its requests were never recorded; they follow documentation and third-party reports, which the
profile calls *inferred*.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from gatecert.desktop import shapes
from gatecert.desktop.engine import Engine, HeaderList, with_custom
from gatecert.desktop.exchange import Exchange, OutgoingRequest
from gatecert.desktop.profiles import ENGINE_DESKTOP, EngineProfile
from gatecert.desktop.settings import GatewaySettings
from gatecert.desktop.transport import HttpxTransport, Transport

DISCOVERY = "/v1/models?limit=1000"


class NotRunningError(RuntimeError):
    """The app was asked to do something before it was launched."""


class DesktopApp:
    """The app on one user's machine.

    :meth:`apply` writes settings, :meth:`launch` reads them. An app that runs keeps the settings
    of its launch until :meth:`quit`, whatever is applied in between.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        transport: Callable[[], Transport] = HttpxTransport,
        profile: EngineProfile = ENGINE_DESKTOP,
    ) -> None:
        self._written = settings
        self._profile = profile
        self._make_transport = transport
        self._transport: Transport | None = None
        self._engine: Engine | None = None

    def apply(self, settings: GatewaySettings) -> None:
        """Write settings; a running app does not see them before it is launched again."""
        self._written = settings

    def launch(self) -> DesktopApp:
        """Start with the settings as they are now; does nothing if the app runs already."""
        if self._engine is None:
            self._transport = self._make_transport()
            self._engine = Engine(self._profile, self._written, self._transport)
        return self

    def close_window(self) -> None:
        """Close the window: the process stays alive, and so do its settings."""

    def quit(self) -> None:
        """Quit fully: connections close, the next launch reads the settings again."""
        if self._transport is not None:
            self._transport.close()
        self._transport = self._engine = None

    @property
    def engine(self) -> Engine:
        """The engine of the running app. Raises NotRunningError."""
        if self._engine is None:
            raise NotRunningError("the app is not running: launch() it first")
        return self._engine

    @property
    def settings(self) -> GatewaySettings:
        """The settings in force. Raises NotRunningError."""
        return self.engine.settings

    def discover_models(self) -> Exchange:
        """Ask the gateway for its models, as at launch."""
        url = self.settings.url(DISCOVERY)
        return self._send("model discovery", "GET", url, b"")

    def test_connection(self, model: str | None = None) -> Exchange:
        """The *Test connection* button: one token, no stream."""
        body = shapes.encode(shapes.probe_body(model or self.settings.chat_model))
        return self._send("connection test", "POST", self.settings.url("/v1/messages"), body)

    def _send(self, purpose: str, method: str, url: str, body: bytes) -> Exchange:
        if self._transport is None:
            raise NotRunningError("the app is not running: launch() it first")
        credential = self.settings.credential()
        own: HeaderList = [
            *([credential] if credential else []),
            ("User-Agent", f"claude-code/{self._profile.version}"),
            ("anthropic-version", "2023-06-01"),
        ]
        headers: HeaderList = [
            *with_custom(own, self.settings.custom_headers),
            *([("Content-Type", "application/json")] if body else []),
            ("Connection", "keep-alive"),
            ("Accept", "*/*"),
            ("Host", urlsplit(url).netloc),
            ("Accept-Encoding", "gzip, deflate, br, zstd"),
            *([("Content-Length", str(len(body)))] if body else []),
        ]
        return self._transport.send(purpose, OutgoingRequest(method, url, headers, body))
