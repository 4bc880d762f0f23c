"""The form *Configure Third-Party Inference*, which the developer menu opens."""

from __future__ import annotations

from typing import Protocol

from gatecert.desktop.activation import Activation
from gatecert.desktop.credentials.helper import Helper
from gatecert.desktop.credentials.sources import Surroundings, source_of
from gatecert.desktop.diagnosis import Diagnosis, diagnose_discovery, diagnose_probe
from gatecert.desktop.exchange import Exchange, OutgoingRequest
from gatecert.desktop.host import discovery_request, probe_request
from gatecert.desktop.machine import Machine
from gatecert.desktop.profiles import EngineProfile
from gatecert.desktop.settings import GatewaySettings

ENTRY = "Configure Third-Party Inference"


class NotOfferedError(RuntimeError):
    """The real app would not offer this; the message says what to do first."""


class Host(Protocol):
    """The app behind the form."""

    def need_window(self) -> None:
        """Raise NotOfferedError without a window."""

    def probed_model(self, activation: Activation | None = None) -> str:
        """The model that a connection test asks for, with the running app's settings or others."""

    def send(self, purpose: str, request: OutgoingRequest) -> Exchange:
        """Send a request of the host process."""


class SettingsForm:
    """The open form. A managed configuration makes it read-only: it can test, and not apply."""

    def __init__(
        self, host: Host, machine: Machine, profile: EngineProfile, around: Surroundings
    ) -> None:
        self._host = host
        self._machine = machine
        self._profile = profile
        self._around = around

    @property
    def read_only(self) -> bool:
        """Whether an administrator manages what the form shows."""
        return self._machine.managed

    def apply(self, settings: GatewaySettings) -> None:
        """*Apply Changes*: write what was typed. It counts from the next launch on.

        Raises NotOfferedError for a read-only form or a closed window.
        """
        self._host.need_window()
        if self.read_only:
            raise NotOfferedError("the form is read-only: an administrator manages the settings")
        self._machine.apply(settings)

    def test_connection(self, settings: GatewaySettings | None = None) -> Diagnosis:
        """*Test connection* with what was typed, or with what is configured.

        Raises NotOfferedError, and CredentialError from a helper or a sign-in.
        """
        self._host.need_window()
        if settings is None:
            model = self._host.probed_model(self._machine.activation())
            settings = self._configured()
        else:
            model = settings.chat_model
        request = probe_request(settings, self._profile, model)
        return diagnose_probe(self._host.send("connection test", request), model)

    def test_discovery(self, settings: GatewaySettings | None = None) -> Diagnosis:
        """*Test model discovery*. Raises as :meth:`test_connection` does."""
        self._host.need_window()
        request = discovery_request(settings or self._configured(), self._profile)
        return diagnose_discovery(self._host.send("model discovery", request))

    def _configured(self) -> GatewaySettings:
        """The settings as they are configured now, with a credential; a helper runs for the test.

        They need not be in force.
        """
        activation = self._machine.activation()
        if activation.settings is None:
            why = activation.reason.message if activation.reason else activation.state
            raise NotOfferedError(f"there is nothing to test: {why}")
        if activation.settings.key() is not None or activation.credential is None:
            return activation.settings
        source = source_of(activation.credential, self._around)
        credential = source.test() if isinstance(source, Helper) else source.current()
        return credential.applied(activation.settings)
