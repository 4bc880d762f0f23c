"""The running app: what it read at its launch, the credential of its session, and its engine."""

from __future__ import annotations

from collections.abc import Callable

from gatecert.desktop.activation import Activation
from gatecert.desktop.credentials.credential import (
    INTERACTIVE,
    MID_SESSION,
    CredentialError,
    CredentialSource,
)
from gatecert.desktop.credentials.plan import Static
from gatecert.desktop.credentials.sources import Surroundings, source_of
from gatecert.desktop.engine import Engine
from gatecert.desktop.machine import Machine
from gatecert.desktop.profiles import EngineProfile, with_tool_search
from gatecert.desktop.settings import GatewaySettings
from gatecert.desktop.transport import Transport


class NotActivatedError(RuntimeError):
    """The app runs, and third-party inference does not; the message says why."""


class Process:
    """One launch of the app. Neither settings that do not activate third-party mode nor a
    credential that cannot be had keeps it from starting, as in the real app.

    ``renewal_error`` is why the last silent renewal of the credential failed.
    """

    def __init__(
        self,
        machine: Machine,
        profile: EngineProfile,
        make_transport: Callable[[], Transport],
        around: Surroundings,
    ) -> None:
        self.transport = make_transport()
        self._apart = make_transport()
        self.renewal_error: CredentialError | None = None
        self._machine = machine
        self._profile = profile
        self._around = around
        self._source: CredentialSource | None = None
        self._engine: Engine | None = None
        self._trouble: CredentialError | None = None
        try:
            self._take(machine.activation())
            self._start_engine()
        except BaseException:  # a browser of the caller's may raise whatever it likes
            self.close()
            raise

    def close(self) -> None:
        """Close every connection."""
        self.transport.close()
        self._apart.close()

    @property
    def engine(self) -> Engine:
        """The engine. Raises NotActivatedError in normal sign-in, CredentialError without one."""
        if self._trouble is not None:
            raise self._trouble
        if self._engine is None:
            reason = self.activation.reason
            why = reason.message if reason else self.activation.state
            raise NotActivatedError(f"third-party inference is not active: {why}")
        return self._engine

    def sign_in(self) -> None:
        """Ask for a new credential; one that is held is forgotten. Raises CredentialError."""
        self._source = self._new_source()
        self._start_engine()
        if self._trouble is not None:
            raise self._trouble

    def before_turn(self, context: str = MID_SESSION) -> None:
        """Read settings that are due, and renew a credential that is old.

        Raises CredentialError, and NotActivatedError.
        """
        engine = self.engine
        self._read_again_if_due()
        settings = self.activation.settings
        if settings is not None:
            engine.settings = self._with_credential(settings, context)

    def renew_credential(self) -> GatewaySettings | None:
        """Settings with a new credential after a 401; None if there is no silent way.

        One attempt: a renewal that fails is None too.
        """
        settings = self.activation.settings
        if self._source is None or self._engine is None or settings is None:
            return None
        self.renewal_error = None
        try:
            credential = self._source.renew()
            renewed = None if credential is None else credential.applied(settings)
        except CredentialError as exc:
            self.renewal_error = exc
            return None
        if renewed is not None:
            self._engine.settings = renewed
        return renewed

    def _take(self, activation: Activation) -> None:
        self.activation = activation
        self._read_at = self._around.clock.now()
        self._source = self._new_source()

    def _new_source(self) -> CredentialSource | None:
        plan = self.activation.credential
        if plan is None or isinstance(plan, Static):  # a static key is part of the settings already
            return None
        return source_of(plan, self._around)

    def _start_engine(self) -> None:
        settings = self.activation.settings
        self._trouble = None
        if settings is None:
            return
        try:
            settings = self._with_credential(settings, INTERACTIVE)
        except CredentialError as exc:
            self._trouble = exc
            return
        if self._engine is None:
            searches = self.activation.features.tool_search
            profile = with_tool_search(self._profile) if searches else self._profile
            self._engine = Engine(profile, settings, self.transport, self._apart)
            self._engine.renew_credential = self.renew_credential
        self._engine.settings = settings

    def _with_credential(self, settings: GatewaySettings, context: str) -> GatewaySettings:
        if self._source is None:
            return settings
        return self._source.current(context).applied(settings)

    def _read_again_if_due(self) -> None:
        """Settings that changed count from now on; broken ones leave the old in force
        (inferred)."""
        minutes = self.activation.features.recheck_minutes
        if minutes is None or self._around.clock.now() - self._read_at < minutes * 60:
            return
        fresh = self._machine.activation()
        if fresh.settings is None or fresh == self.activation:
            self._read_at = self._around.clock.now()
        else:
            self._take(fresh)
