"""Everything a suite imports, in one place."""

from gatecert.arrival import (
    BOTH,
    READ,
    READY,
    arrival,
    arrivals,
    field_of,
    kept,
    kept_in_answer,
    lean_turn,
)
from gatecert.attribution import Entry, Log, open_log
from gatecert.checks import (
    WRONG_KEY,
    a_receipt,
    answered,
    at,
    carriers,
    json_equal,
    not_let_in,
    only_receipt,
    own_answer,
    readable_error,
    refused,
    same,
    same_names,
    sent_by_bearer,
    shows_the_break,
)
from gatecert.desktop import DesktopApp, Exchange, OutgoingRequest, ServerSentEvent, Turn
from gatecert.desktop.models import usable_models
from gatecert.desktop.shapes import first_message
from gatecert.fallbacks import Fallbacks, Fault, Observation, faults, observe, problems, repeated
from gatecert.gateways.target import Target
from gatecert.metadata import Mailing, given, in_group, metadata_line, written
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
from gatecert.requirements import gateway_hints as hints
from gatecert.session.asking import Asking
from gatecert.session.canary import Canary
from gatecert.session.exploring import Explore
from gatecert.session.fixtures import Desktops
from gatecert.session.handshakes import (
    CannotOffer,
    Handshake,
    check_chain,
    check_dates,
    check_name,
    try_old_versions,
)
from gatecert.session.provoking import headed_turns, plain_request, provoked
from gatecert.session.raw import Heard, Raw, a_turn, raw_request
from gatecert.session.together import Together
from gatecert.session.witness import HOLD_MS, Script, ScriptedProvider, Witness
from gatecert.upstream import Block, Plan, Receipt, shortened

__all__ = [
    "BOTH",
    "HOLD_MS",
    "MAY",
    "MUST",
    "READ",
    "READY",
    "SHOULD",
    "WRONG_KEY",
    "Asking",
    "Block",
    "Canary",
    "CannotJudge",
    "CannotOffer",
    "DesktopApp",
    "Desktops",
    "Entry",
    "Exchange",
    "Explore",
    "Fallbacks",
    "Fault",
    "Handshake",
    "Heard",
    "Log",
    "Mailing",
    "NotApplicable",
    "Observation",
    "OutgoingRequest",
    "Paired",
    "Plan",
    "Raw",
    "Receipt",
    "Script",
    "ScriptedProvider",
    "ServerSentEvent",
    "Target",
    "Together",
    "Turn",
    "Witness",
    "a_receipt",
    "a_turn",
    "answered",
    "arrival",
    "arrivals",
    "at",
    "carriers",
    "check_chain",
    "check_dates",
    "check_name",
    "expect",
    "fail",
    "faults",
    "field_of",
    "first_message",
    "given",
    "headed_turns",
    "hints",
    "in_group",
    "json_equal",
    "kept",
    "kept_in_answer",
    "lean_turn",
    "metadata_line",
    "not_let_in",
    "observe",
    "only_receipt",
    "open_log",
    "own_answer",
    "plain_request",
    "problems",
    "provoked",
    "raw_request",
    "readable_error",
    "refused",
    "repeated",
    "requirement",
    "same",
    "same_names",
    "sent_by_bearer",
    "shortened",
    "shows_the_break",
    "try_old_versions",
    "usable_models",
    "written",
]
