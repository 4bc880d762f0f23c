"""What a requirement is, and how a suite states one.

A suite writes a pytest function with :func:`requirement` above it and :func:`expect` inside. The
function's docstring is the requirement's sentence.
"""

from gatecert.requirements import gateway_hints
from gatecert.requirements.catalogue import Catalogue, load_catalogue
from gatecert.requirements.expect import (
    WRAPPED,
    CannotJudge,
    NotApplicable,
    NotMet,
    expect,
    fail,
)
from gatecert.requirements.model import (
    AREAS,
    GATEWAYS,
    MAY,
    MUST,
    SHOULD,
    Level,
    Requirement,
    Source,
    requirement,
)
from gatecert.requirements.verdicts import (
    REASONS,
    SUSPECTS,
    VERDICTS,
    Judgement,
    Verdict,
    deviation_verdict,
)

__all__ = [
    "AREAS",
    "GATEWAYS",
    "MAY",
    "MUST",
    "REASONS",
    "SHOULD",
    "SUSPECTS",
    "VERDICTS",
    "WRAPPED",
    "CannotJudge",
    "Catalogue",
    "Judgement",
    "Level",
    "NotApplicable",
    "NotMet",
    "Requirement",
    "Source",
    "Verdict",
    "deviation_verdict",
    "expect",
    "fail",
    "gateway_hints",
    "load_catalogue",
    "requirement",
]
