"""How the app starts, as data: what a machine says, and what the app makes of it. No I/O.

The rules are in :mod:`gatecert.desktop.launch_rules`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gatecert.desktop.config.config import in_force
from gatecert.desktop.config.keys import KEYS
from gatecert.desktop.config.sources import Source
from gatecert.desktop.credentials.plan import Plan, Static
from gatecert.desktop.model_entries import ConfiguredModel
from gatecert.desktop.secret import Secret
from gatecert.desktop.settings import GatewaySettings


@dataclass(frozen=True)
class Unreadable:
    """A source that is there and cannot be read. ``tier`` is as of a Source."""

    path: str
    tier: str
    reason: str


@dataclass(frozen=True)
class Snapshot:
    """All that one machine says at one moment.

    ``stored_key`` is the keychain's key for the applied profile of the local library;
    ``consented`` says that the user agreed to a gateway that bootstrap delivered.
    """

    sources: Sequence[Source] = field(default=(), repr=False)
    unreadable: Sequence[Unreadable] = ()
    stored_key: Secret | None = None
    consented: bool = True

    @property
    def managed(self) -> bool:
        """Whether an administrator's source locks the local settings."""
        winner, _ = in_force(self.sources)
        locked = winner is not None and _locks(winner)
        return locked or self.unreadable_managed is not None

    @property
    def unreadable_managed(self) -> Unreadable | None:
        """A managed source that nothing can be read of, if there is one."""
        return next((u for u in self.unreadable if u.tier == "managed"), None)


def _locks(source: Source) -> bool:
    updates = all(name in KEYS and KEYS[name].update_only for name in source.raws)
    return source.tier != "local" and (not updates or source.unread > 0)


@dataclass(frozen=True)
class Reason:
    """Why third-party mode did not start, or inference cannot: ``code`` is one of a few words.

    ``key`` is the configuration key at fault, if it is one.
    """

    code: str
    message: str
    key: str = ""


@dataclass(frozen=True)
class Features:
    """Settings beyond the gateway itself, with the client's defaults. ``stream_idle_s`` in seconds.

    ``recheck_minutes`` None means that settings are read at launch only.
    """

    surfaces: tuple[str, ...] = ("cowork", "code")
    tool_search: bool = False
    prefer_1m: bool = False
    stream_idle_s: int = 300
    recheck_minutes: int | None = None


@dataclass(frozen=True)
class Activation:
    """How the app starts. ``mode`` is ``3p`` (third-party inference) or ``1p`` (normal sign-in).

    ``state`` is ``healthy``, ``invalid_config``, ``unconfigured``, ``setup`` (it waits for a
    bootstrap server, or for the user's consent to what that delivered) or ``blocked`` (no request
    can be made); the last two are third-party mode. ``settings`` are those in force, None unless
    healthy; for a helper or a sign-in they have no key yet.
    """

    mode: str
    state: str
    settings: GatewaySettings | None = None
    credential: Plan | None = None
    models: tuple[ConfiguredModel, ...] = ()
    discovers: bool = True
    features: Features = Features()
    reason: Reason | None = None
    warnings: tuple[str, ...] = ()

    @property
    def failing_field(self) -> str:
        """The configuration key at fault, or ``""``."""
        return self.reason.key if self.reason else ""

    @property
    def log(self) -> tuple[str, ...]:
        """What the client writes to its main log; the tag and the two states are reported."""
        lines = [f"[custom-3p] {warning}" for warning in self.warnings]
        if self.reason is not None:
            lines.append(f"[custom-3p] {self.reason.message}")
        if self.mode == "3p" and self.failing_field != "inferenceProvider":
            lines.append("[custom-3p] 3P mode active { provider: 'gateway' }")
        lines.append(f"[custom-3p] ConfigHealth recomputed {{ state: '{self.state}' }}")
        return tuple(lines)


def activated(settings: GatewaySettings) -> Activation:
    """Third-party mode with these settings and nothing else."""
    key = settings.key()
    plan = None if key is None else Static(key)
    models = (ConfiguredModel(settings.chat_model),)
    return Activation("3p", "healthy", settings, plan, models, discovers=False)
