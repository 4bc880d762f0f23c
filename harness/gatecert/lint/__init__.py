"""``gatecert lint``: judges configuration files before anyone launches with them."""

from gatecert.lint.codes import AREAS, CODES
from gatecert.lint.finding import SEVERITIES, Code, Finding, at_least
from gatecert.lint.formats import FORMATS
from gatecert.lint.linter import Linted, judge, lint, lint_data
from gatecert.lint.page import PAGES
from gatecert.lint.policy import Policy, parse_policy, read_policy

__all__ = [
    "AREAS",
    "CODES",
    "FORMATS",
    "PAGES",
    "SEVERITIES",
    "Code",
    "Finding",
    "Linted",
    "Policy",
    "at_least",
    "judge",
    "lint",
    "lint_data",
    "parse_policy",
    "read_policy",
]
