"""Everything a suite imports, in one place."""

from gatecert.checks import (
    WRONG_KEY,
    a_receipt,
    answered,
    at,
    json_equal,
    not_let_in,
    only_receipt,
    readable_error,
    refused,
    same,
    same_names,
    shows_the_break,
)
from gatecert.desktop import DesktopApp, Exchange, ServerSentEvent, Turn
from gatecert.desktop.models import usable_models
from gatecert.desktop.shapes import first_message
from gatecert.gateways.target import Target
from gatecert.overhead import Paired
from gatecert.requirements import (
    MAY,
    MUST,
    SHOULD,
    CannotJudge,
    NotApplicable,
    expect,
    fail,
    requirement,
)
from gatecert.session.exploring import Explore
from gatecert.session.fixtures import Desktops
from gatecert.session.witness import HOLD_MS, Script, ScriptedProvider
from gatecert.upstream import Block, Plan, Receipt

__all__ = [
    "HOLD_MS",
    "MAY",
    "MUST",
    "SHOULD",
    "WRONG_KEY",
    "Block",
    "CannotJudge",
    "DesktopApp",
    "Desktops",
    "Exchange",
    "Explore",
    "NotApplicable",
    "Paired",
    "Plan",
    "Receipt",
    "Script",
    "ScriptedProvider",
    "ServerSentEvent",
    "Target",
    "Turn",
    "a_receipt",
    "answered",
    "at",
    "expect",
    "fail",
    "first_message",
    "json_equal",
    "not_let_in",
    "only_receipt",
    "readable_error",
    "refused",
    "requirement",
    "same",
    "same_names",
    "shows_the_break",
    "usable_models",
]
