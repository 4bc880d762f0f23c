"""The host process: reads settings once at launch, discovers models, tests the connection.

Its requests were never recorded; they follow documentation and third-party reports, which the
profile calls *inferred*.
"""

from __future__ import annotations

from collections.abc import Callable

from gatecert.desktop import shapes
from gatecert.desktop.engine import Engine
from gatecert.desktop.exchange import Exchange, OutgoingRequest
from gatecert.desktop.headers import lookup_headers
from gatecert.desktop.profiles import ENGINE_DESKTOP, EngineProfile, bare_model
from gatecert.desktop.settings import GatewaySettings
from gatecert.desktop.transport import HttpxTransport, Transport


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
        self._apart: Transport | None = None
        self._engine: Engine | None = None

    def apply(self, settings: GatewaySettings) -> None:
        """Write settings; a running app does not see them before it is launched again."""
        self._written = settings

    def launch(self) -> DesktopApp:
        """Start with the settings as they are now; does nothing if the app runs already."""
        if self._engine is None:
            self._transport = self._make_transport()
            self._apart = self._make_transport()
            self._engine = Engine(self._profile, self._written, self._transport, self._apart)
        return self

    def close_window(self) -> None:
        """Close the window: the process stays alive, and so do its settings."""

    def quit(self) -> None:
        """Quit fully: connections close, the next launch reads the settings again."""
        for transport in (self._transport, self._apart):
            if transport is not None:
                transport.close()
        self._transport = self._apart = self._engine = None

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
        return self.engine.discover()

    def test_connection(self, model: str | None = None) -> Exchange:
        """The *Test connection* button: one token, no stream."""
        settings, transport = self.settings, self._transport
        if transport is None:
            raise NotRunningError("the app is not running: launch() it first")
        body = shapes.encode(shapes.probe_body(bare_model(model or settings.chat_model)))
        url = settings.url("/v1/messages")
        headers = lookup_headers(
            self._profile.version, url, settings.credentials(), settings.custom_headers, len(body)
        )
        return transport.send("connection test", OutgoingRequest("POST", url, headers, body))
