"""Everything a suite imports, in one place."""

from gatecert.checks import answered, at, only_receipt, readable_error, refused, same, same_names
from gatecert.desktop import DesktopApp, Exchange, ServerSentEvent, Turn
from gatecert.desktop.app import usable_models
from gatecert.desktop.shapes import first_message
from gatecert.gateways.target import Target
from gatecert.overhead import Paired
from gatecert.requirements import MAY, MUST, SHOULD, CannotJudge, expect, fail, requirement
from gatecert.session.fixtures import Desktops
from gatecert.session.witness import Script, ScriptedProvider
from gatecert.upstream import Block, Plan, Receipt

__all__ = [
    "MAY",
    "MUST",
    "SHOULD",
    "Block",
    "CannotJudge",
    "DesktopApp",
    "Desktops",
    "Exchange",
    "Paired",
    "Plan",
    "Receipt",
    "Script",
    "ScriptedProvider",
    "ServerSentEvent",
    "Target",
    "Turn",
    "answered",
    "at",
    "expect",
    "fail",
    "first_message",
    "only_receipt",
    "readable_error",
    "refused",
    "requirement",
    "same",
    "same_names",
    "usable_models",
]
