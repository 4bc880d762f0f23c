"""The simulated Claude Desktop: a host process, an engine, and what both send and understand."""

from gatecert.desktop.app import DesktopApp, NotRunningError
from gatecert.desktop.assemble import Assembled, assemble
from gatecert.desktop.engine import Engine, Turn
from gatecert.desktop.exchange import Exchange, Fault, OutgoingRequest
from gatecert.desktop.profiles import ENGINE_DESKTOP, EngineProfile
from gatecert.desktop.settings import GatewaySettings, SettingsError, compose_url
from gatecert.desktop.sse import ServerSentEvent, SseParser
from gatecert.desktop.transport import (
    SILENCE_S,
    HttpxTransport,
    RequestCap,
    RequestNotSent,
    Transport,
)

__all__ = [
    "ENGINE_DESKTOP",
    "SILENCE_S",
    "Assembled",
    "DesktopApp",
    "Engine",
    "EngineProfile",
    "Exchange",
    "Fault",
    "GatewaySettings",
    "HttpxTransport",
    "NotRunningError",
    "OutgoingRequest",
    "RequestCap",
    "RequestNotSent",
    "ServerSentEvent",
    "SettingsError",
    "SseParser",
    "Transport",
    "Turn",
    "assemble",
    "compose_url",
]
