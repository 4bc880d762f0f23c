"""The app as its user has it: a window, a menu, and a process that reads settings at launch."""

from __future__ import annotations

from collections.abc import Callable

from gatecert.desktop.activation import Activation
from gatecert.desktop.credentials.credential import MID_SESSION
from gatecert.desktop.credentials.sources import Surroundings
from gatecert.desktop.diagnosis import probe_model
from gatecert.desktop.engine import Engine
from gatecert.desktop.exchange import Exchange, OutgoingRequest
from gatecert.desktop.form import ENTRY, NotOfferedError, SettingsForm
from gatecert.desktop.host import probe_request
from gatecert.desktop.launch_rules import FIRST_WITH_GATEWAYS
from gatecert.desktop.machine import GivenSettings, Machine
from gatecert.desktop.models import usable_models
from gatecert.desktop.process import Process
from gatecert.desktop.profiles import ENGINE_DESKTOP, EngineProfile
from gatecert.desktop.settings import GatewaySettings
from gatecert.desktop.transport import HttpxTransport, Transport


class NotRunningError(RuntimeError):
    """The app was asked to do something before it was launched."""


class DesktopApp:
    """The app on one user's machine.

    :meth:`apply` writes settings, :meth:`launch` reads them. An app that runs keeps the settings
    of its launch until :meth:`quit`, whatever is applied in between. Settings alone make the
    simplest machine: one on which they are in force.
    """

    def __init__(
        self,
        settings: GatewaySettings | Machine,
        transport: Callable[[], Transport] = HttpxTransport,
        profile: EngineProfile = ENGINE_DESKTOP,
        around: Surroundings | None = None,
    ) -> None:
        self.machine: Machine = (
            GivenSettings(settings) if isinstance(settings, GatewaySettings) else settings
        )
        self.developer_mode = False
        self._profile = profile
        self._make_transport = transport
        self._around = around or Surroundings()
        self._running: Process | None = None
        self._discovered: list[str] = []
        self._window = False

    def apply(self, settings: GatewaySettings) -> None:
        """Write settings; a running app does not see them before it is launched again.

        Raises ManagedError where an administrator manages them.
        """
        self.machine.apply(settings)

    def launch(self) -> DesktopApp:
        """Start with the settings as they are now; an app that runs already shows its window.

        That third-party mode does not start is no error here, as in the real app:
        :attr:`activation` and :attr:`engine` say so.
        """
        if self._running is None:
            self._running = Process(self.machine, self._profile, self._make_transport, self._around)
        self._window = True
        return self

    def close_window(self) -> None:
        """Close the window: the process stays alive, and so do its settings."""
        self._window = False

    def quit(self) -> None:
        """Quit fully: connections close, the next launch reads the settings again."""
        if self._running is not None:
            self._running.close()
        self._running = None
        self._discovered = []

    @property
    def process(self) -> Process:
        """The running app. Raises NotRunningError."""
        if self._running is None:
            raise NotRunningError("the app is not running: launch() it first")
        return self._running

    @property
    def activation(self) -> Activation:
        """How the running app started. Raises NotRunningError."""
        return self.process.activation

    @property
    def engine(self) -> Engine:
        """The engine of the running app.

        Raises NotRunningError, NotActivatedError in normal sign-in, and CredentialError if
        third-party mode has no credential.
        """
        return self.process.engine

    @property
    def settings(self) -> GatewaySettings:
        """The settings in force. Raises as :attr:`engine` does."""
        return self.engine.settings

    def before_turn(self, context: str = MID_SESSION) -> None:
        """What the app does before each turn: read settings again if they are due, renew an old
        credential. ``context`` is one of ``credentials.CONTEXTS``.

        Raises as :attr:`engine` does.
        """
        self.process.before_turn(context)

    def sign_in(self) -> None:
        """Let the user sign in again, or the helper run again: it failed, or the gateway refuses
        what it gave.

        Raises CredentialError, and NotOfferedError without a window.
        """
        self.need_window()
        self.process.sign_in()

    def discover_models(self) -> Exchange:
        """Ask the gateway for its models, as at launch."""
        exchange = self.engine.discover()
        self._discovered = usable_models(exchange.json())
        return exchange

    def test_connection(self, model: str | None = None) -> Exchange:
        """The *Test connection* button: one token, no stream.

        Raises as :attr:`engine` does, and NotOfferedError without a window.
        """
        settings = self.settings
        self.need_window()
        request = probe_request(settings, self._profile, model or self.probed_model())
        return self.send("connection test", request)

    def probed_model(self, activation: Activation | None = None) -> str:
        """The model that a connection test asks for, with the settings in force or with others.

        Raises NotRunningError.
        """
        models = (activation or self.activation).models
        configured = [model.name for model in models if not model.needs_discovery]
        return probe_model(configured, self._discovered)

    def enable_developer_mode(self) -> None:
        """Help > Troubleshooting > Enable Developer Mode. It stays on. Raises NotOfferedError."""
        self.need_window()
        self.developer_mode = True

    @property
    def developer_menu(self) -> tuple[str, ...]:
        """The entries of the Developer menu that matter here; none without developer mode."""
        has_entry = self.machine.client.version >= FIRST_WITH_GATEWAYS
        return (ENTRY,) if self.developer_mode and has_entry else ()

    def open_form(self) -> SettingsForm:
        """Developer > Configure Third-Party Inference. Raises NotOfferedError."""
        self.need_window()
        if not self.developer_mode:
            raise NotOfferedError(f"{ENTRY} is not in the menu: enable_developer_mode() first")
        if ENTRY not in self.developer_menu:
            raise NotOfferedError(f"{ENTRY} is not in the menu: this build is too old, update it")
        return SettingsForm(self, self.machine, self._profile, self._around)

    def need_window(self) -> None:
        """Raise NotOfferedError without a window, NotRunningError without a process."""
        _ = self.process
        if not self._window:
            raise NotOfferedError("the window is closed: launch() shows it again")

    def send(self, purpose: str, request: OutgoingRequest) -> Exchange:
        """Send a request of the host process. Raises NotRunningError."""
        return self.process.transport.send(purpose, request)
