"""The command line's grammar."""

from __future__ import annotations

import argparse
from typing import NoReturn

from gatecert import __version__
from gatecert.cli.catalogue import list_defects, list_requirements
from gatecert.cli.fidelity import measure_fidelity
from gatecert.cli.killtable import make_killtable
from gatecert.cli.lint import lint_files
from gatecert.cli.report import rebuild_report
from gatecert.cli.run import run
from gatecert.cli.upstream import serve_upstream
from gatecert.errors import EXIT_USAGE
from gatecert.gateways.managed import MANAGED
from gatecert.gateways.modes import STRICT, modes
from gatecert.lint import FORMATS, PAGES, SEVERITIES
from gatecert.requirements import AREAS
from gatecert.session.options import (
    DEFAULT_CLIENT_PROFILE,
    DEFAULT_EXAMPLES,
    DEFAULT_LIVE_TOKENS,
    DEFAULT_MAX_REQUESTS,
    DEFAULT_OVERHEAD_PAIRS,
    EMBEDDED,
    filled,
)

_RUN_EPILOG = """\
exit codes:
  0  conformant: no MUST failed (recorded known deviations aside)
  1  not conformant: a MUST failed
  2  wrong usage or settings
  3  the run could not be made, was broken off, or is not valid

examples:
  gatecert run                          the embedded reference gateway
  gatecert run --target portkey         a real Portkey gateway, installed and started on loopback
  gatecert run --target acme.toml       a gateway described by a file
  gatecert run --gateway http://127.0.0.1:9802 --api-key-env ACME_KEY \\
               --upstream-listen 127.0.0.1:9100
"""

_KILLTABLE_EPILOG = """\
Each row is a whole run in a fork of this process, judged as `gatecert run` judges.

examples:
  gatecert killtable                         the whole table, into reports/killtable
  gatecert killtable --quick                 each defect by what is pinned to it: minutes
  gatecert killtable buffers-streams reference
  gatecert killtable reference --repeat 20   the reference, clean on twenty runs in a row?
  gatecert killtable --checkers --repeat 20  all there is to prove, in an hour or so
"""

_LINT_EPILOG = """\
what is read:
  configLibrary/_meta.json and its profiles, claude_desktop_config.json, .mobileconfig and .plist
  (XML, binary, signed), .reg (HKLM and HKCU), managed-settings.json, enterprise.json, and the JSON
  that a bootstrap server answers; of a folder, every such file that speaks of Claude Desktop

exit codes:
  0  clean, or nothing at or above --fail-on
  1  findings at or above --fail-on
  2  a file that cannot be read, or wrong usage

examples:
  gatecert lint claude.mobileconfig
  gatecert lint deploy/ --policy policy.toml --format github
  gatecert lint claude.reg --client-version 1.21459.0 --era before
  gatecert lint --list-codes                what each code means, and the fix (also docs/lint.md)
"""


class _Parser(argparse.ArgumentParser):
    """Tells a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = _Parser(
        prog="gatecert",
        description="Certify that Claude Desktop works through an LLM gateway, with evidence.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"gatecert {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_run(commands)
    _add_requirements(commands)
    _add_lint(commands)
    _add_upstream(commands)
    _add_defects(commands)
    _add_killtable(commands)
    _add_report(commands)
    _add_fidelity(commands)
    return parser


Commands = argparse._SubParsersAction  # the type has no public name


def _add_run(commands: Commands[_Parser]) -> None:
    parser = commands.add_parser(
        "run",
        help="certify a gateway",
        description="Certify a gateway and write record and report.",
        epilog=_RUN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command=run)
    which = parser.add_argument_group("the gateway")
    add = which.add_argument
    names = " or ".join(MANAGED)
    add(
        "--target",
        type=filled,
        default=EMBEDDED,
        metavar="NAME_OR_FILE",
        help=f"embedded (default), {names} (managed), or a target file",
    )
    add("--gateway", type=filled, metavar="URL", help="a gateway that runs already")
    add("--api-key-env", type=filled, metavar="VAR", help="the variable that holds its API key")
    add("--auth-scheme", choices=["bearer", "x-api-key"], help="how the key is sent (bearer)")
    add("--header", action="append", default=[], metavar="'NAME: VALUE'", help="repeatable")
    add("--model", type=filled, metavar="NAME", help="model for chat turns")
    add(
        "--upstream-listen",
        type=filled,
        metavar="HOST:PORT",
        help="where the scripted provider listens; the gateway's provider route points here",
    )
    add("--defect", type=filled, metavar="NAME", help="bend the embedded gateway (see defects)")
    add(
        "--variant",
        type=filled,
        metavar="NAME",
        help="vary the embedded gateway harmlessly; in several ways: NAME+NAME",
    )
    add(
        "--mode",
        type=filled,
        default=STRICT,
        metavar="NAME",
        help=f"mode of the embedded gateway: {', '.join(modes())} (strict)",
    )
    what = parser.add_argument_group("what is tested")
    add = what.add_argument
    add("-k", default="", metavar="EXPR", help="only requirements that match, as in pytest")
    add("-m", default="", metavar="EXPR", help="only these marks: must, should, may, an area")
    add(
        "--area",
        action="append",
        default=[],
        metavar="NAME",
        help=f"only this area, repeatable: {', '.join(AREAS)}",
    )
    add("--known", type=filled, metavar="FILE", help="known deviations of the gateway (TOML)")
    add("--strict-known", action="store_true", help="exit 1 if a known deviation is gone")
    add("--require-complete", action="store_true", help="exit 3 if anything was not verified")
    add(
        "--max-requests",
        type=int,
        default=DEFAULT_MAX_REQUESTS,
        metavar="N",
        help="send at most N requests to the gateway (default: %(default)s)",
    )
    add(
        "--max-tokens-total",
        type=int,
        metavar="N",
        help=f"spend at most N tokens, input and output (default: {DEFAULT_LIVE_TOKENS:,} for a "
        "live provider)",
    )
    add(
        "--overhead-pairs",
        type=int,
        default=DEFAULT_OVERHEAD_PAIRS,
        metavar="N",
        help="pairs of requests for each measurement (default: %(default)s)",
    )
    add(
        "--client-profile",
        type=filled,
        default=DEFAULT_CLIENT_PROFILE,
        metavar="NAME",
        help="the client that the suites are run as (default: %(default)s); see docs/client.md",
    )
    add(
        "--enforce-provisional",
        action="store_true",
        help="let requirements that are new in this version fail the run as well",
    )
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="seed of the examples that properties are explored with (default: %(default)s)",
    )
    add(
        "--examples",
        type=int,
        default=DEFAULT_EXAMPLES,
        metavar="N",
        help="examples for each property (default: %(default)s)",
    )
    how = parser.add_argument_group("output")
    add = how.add_argument
    add("--out", type=filled, metavar="DIR", help="folder for record and report")
    add("--json", action="store_true", help="print the record on stdout, and nothing else there")
    add("-q", "--quiet", action="store_true", help="print only errors")
    add("-v", "--verbose", action="store_true", help="print a line for every requirement")


def _add_requirements(commands: Commands[_Parser]) -> None:
    parser = commands.add_parser("requirements", help="list the catalogue")
    parser.set_defaults(command=list_requirements)
    parser.add_argument("--format", choices=["table", "json", "markdown"], default="table")
    parser.add_argument(
        "--provisional", action="store_true", help="only what is new in this version"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--area", action="append", default=[], choices=AREAS)
    what.add_argument(
        "--trace", action="store_true", help="which source line is covered by which requirement"
    )
    what.add_argument(
        "--retired", action="store_true", help="identifiers that are never used again"
    )


def _add_lint(commands: Commands[_Parser]) -> None:
    parser = commands.add_parser(
        "lint",
        help="judge configuration files of Claude Desktop before launch",
        description="Find what is wrong with configuration files: what the client will do, and "
        "the fix. No secret is ever printed, and nothing is sent anywhere.",
        epilog=_LINT_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command=lint_files)
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help="a file, or a folder to search")
    add(
        "--policy",
        type=filled,
        metavar="FILE",
        help="what the organisation demands of metadata and models (TOML), or a target file",
    )
    add("--format", choices=list(FORMATS), default="text", help="(default: %(default)s)")
    add(
        "--fail-on",
        choices=list(reversed(SEVERITIES)),
        default="warning",
        help="exit 1 from this severity on (default: %(default)s)",
    )
    add("--client-version", type=filled, metavar="V", help="such as 1.46388.4 (default: newest)")
    add(
        "--era",
        choices=["before", "after"],
        default="after",
        help="before or after the removals of 7 October 2026 (default: %(default)s)",
    )
    add(
        "--list-codes",
        nargs="?",
        const="text",
        choices=list(PAGES),
        metavar="FORM",
        help="explain every code, as text or markdown",
    )


def _add_upstream(commands: Commands[_Parser]) -> None:
    parser = commands.add_parser("upstream", help="run the scripted provider by itself")
    parser.set_defaults(command=serve_upstream)
    parser.add_argument("--listen", default="127.0.0.1:9100", metavar="HOST:PORT")


def _add_defects(commands: Commands[_Parser]) -> None:
    parser = commands.add_parser("defects", help="list seeded defects and harmless variants")
    parser.set_defaults(command=list_defects)
    parser.add_argument("--json", action="store_true")


def _add_killtable(commands: Commands[_Parser]) -> None:
    parser = commands.add_parser(
        "killtable",
        help="prove that every requirement can fail",
        description="Run every defect and harmless variant of the embedded gateway against all "
        "requirements. Exits 1 if a requirement is broken by no defect, a row is not as pinned, or "
        "the report on a defect begins with another requirement than the first one pinned to it.",
        epilog=_KILLTABLE_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=make_killtable)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="only these defects and variants, or `reference`"
    )
    parser.add_argument("--out", default="reports/killtable", metavar="DIR")
    add = parser.add_argument
    add(
        "--quick",
        action="store_true",
        help="judge defects by what is pinned to them only, and variants several at once, by all "
        "but costly requirements",
    )
    add(
        "--checkers",
        action="store_true",
        help="compare weakened checkers too: each must overlook some defect that ours notices",
    )
    add(
        "--repeat",
        type=int,
        default=0,
        metavar="N",
        help="run the reference N times more, without its milliseconds: it must be clean each time",
    )
    add("--workers", type=int, default=0, metavar="N", help="runs at a time (processors + 2)")
    add("--json", action="store_true", help="print the table as JSON on stdout")


def _add_report(commands: Commands[_Parser]) -> None:
    parser = commands.add_parser(
        "report", help="render a run's record again, or rebuild it from its journal"
    )
    parser.set_defaults(command=rebuild_report)
    parser.add_argument("folder", metavar="DIR", help="a run's folder")


def _add_fidelity(commands: Commands[_Parser]) -> None:
    parser = commands.add_parser(
        "fidelity",
        help="say how close the simulated clients are to the real ones",
        description="Repeat captured flows of real clients over loopback and compare, request by "
        "request. Exits 1 if a difference is not explained or an explanation is stale.",
    )
    parser.set_defaults(command=measure_fidelity)
    add = parser.add_argument
    add(
        "--profile",
        action="append",
        type=filled,
        metavar="NAME",
        help="only this profile or those whose names begin so, repeatable",
    )
    add("--captures", type=filled, metavar="DIR", help="captures (default: those of gatecert)")
    add("--format", choices=["text", "json"], default="text")
    add("--out", type=filled, metavar="FILE", help="write there, not on stdout")
