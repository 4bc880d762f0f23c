"""The simulated Claude Desktop: a host process, an engine, and what both send and understand."""

from gatecert.desktop.activation import Activation
from gatecert.desktop.app import DesktopApp, NotRunningError
from gatecert.desktop.assemble import Assembled, assemble
from gatecert.desktop.credentials import CredentialError, Surroundings
from gatecert.desktop.diagnosis import Diagnosis, diagnose_discovery, diagnose_probe
from gatecert.desktop.engine import Engine, Turn
from gatecert.desktop.exchange import Exchange, Fault, OutgoingRequest
from gatecert.desktop.form import NotOfferedError
from gatecert.desktop.launch_rules import activate
from gatecert.desktop.machine import LocalMachine
from gatecert.desktop.process import NotActivatedError
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
    "Activation",
    "Assembled",
    "CredentialError",
    "DesktopApp",
    "Diagnosis",
    "Engine",
    "EngineProfile",
    "Exchange",
    "Fault",
    "GatewaySettings",
    "HttpxTransport",
    "LocalMachine",
    "NotActivatedError",
    "NotOfferedError",
    "NotRunningError",
    "OutgoingRequest",
    "RequestCap",
    "RequestNotSent",
    "ServerSentEvent",
    "SettingsError",
    "SseParser",
    "Surroundings",
    "Transport",
    "Turn",
    "activate",
    "assemble",
    "compose_url",
    "diagnose_discovery",
    "diagnose_probe",
]
